import asyncio

import pytest

from app.deadline import deadline
from app.errors import ServiceUnavailableError


async def test_work_that_takes_too_long_is_an_outage() -> None:
    with pytest.raises(ServiceUnavailableError):
        async with deadline(0.01):
            await asyncio.Event().wait()


async def test_work_in_time_is_left_alone() -> None:
    async with deadline(60):
        done = True

    assert done
