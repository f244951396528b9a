"""What counts as an outage of the database."""

import asyncpg
import pytest

from app.db import is_unreachable


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        (asyncpg.CannotConnectNowError("starting up"), True),
        (asyncpg.AdminShutdownError("shutting down"), True),
        (asyncpg.TooManyConnectionsError("no slot"), True),
        (ConnectionRefusedError(), True),
        (asyncpg.UndefinedTableError("no such table"), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_outage_is_told_from_a_bug(error: Exception, is_outage: bool) -> None:
    assert is_unreachable(error) is is_outage
