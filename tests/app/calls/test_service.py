"""Deleting many calls. Source: rest.md, sections 2.9 and 2.14."""

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
import structlog
from sqlalchemy import text

from app.calls.service import delete_all_calls, delete_calls, has_calls
from app.db import Database
from app.errors import ErrorCode, StorageUnavailableError
from app.resources import Resources
from app.storage.keys import call_prefix
from tests.factories import Factory


@asynccontextmanager
async def undeletable(resources: Resources, call_id: UUID) -> AsyncIterator[None]:
    """A block in which the database refuses to delete one call."""
    async with resources.database.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'Very private'; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE TRIGGER refuse BEFORE DELETE ON call_records "
                f"FOR EACH ROW WHEN (OLD.id = '{call_id}') EXECUTE FUNCTION refuse()"
            )
        )
    try:
        yield
    finally:
        async with resources.database.transaction() as session:
            await session.execute(text("DROP TRIGGER refuse ON call_records"))
            await session.execute(text("DROP FUNCTION refuse"))


async def test_one_failure_does_not_stop_the_others(resources: Resources, factory: Factory, alice: UUID) -> None:
    calls = [await factory.call(alice) for _ in range(6)]

    async with undeletable(resources, calls[2].id):
        with structlog.testing.capture_logs() as lines:
            outcome = await delete_calls(resources, alice, [call.id for call in calls])

    assert (outcome.deleted, outcome.missing) == (5, 0)
    assert outcome.failed == [(calls[2].id, ErrorCode.INTERNAL_ERROR)]
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["callId"]) == ("call_not_deleted", str(calls[2].id))
    assert "private" not in str(line)


async def test_unreachable_database_is_no_list_of_failures(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    unreachable = Database("postgresql://scryon@127.0.0.1:1/scryon")

    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await delete_calls(dataclasses.replace(resources, database=unreachable), alice, [call.id])

    await unreachable.close()


async def test_deleting_all_stops_at_what_cannot_be_removed(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    calls = [await factory.call(alice) for _ in range(3)]
    await factory.audio(calls[1], b"RIFF")
    folder = resources.settings.storage_path / call_prefix(alice, calls[1].id)
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.name)  # a link to itself cannot be listed

    with pytest.raises(StorageUnavailableError):
        await delete_all_calls(resources, alice)

    async with resources.database.read() as session:
        assert await has_calls(session, alice)
