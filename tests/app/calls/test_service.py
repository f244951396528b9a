"""Deleting many calls. Source: rest.md, sections 2.9 and 2.14."""

import dataclasses
from uuid import UUID

import pytest
import structlog

from app.calls.service import delete_all_calls, delete_calls, has_calls
from app.db import Database
from app.errors import ErrorCode, StorageUnavailableError
from app.resources import Resources
from app.storage.keys import call_prefix
from app.storage.store import ObjectStore
from tests.factories import Factory


class FailingStore(ObjectStore):
    """A store that fails for one folder; all else is the real one's."""

    def __init__(self, store: ObjectStore, prefix: str, error: Exception) -> None:
        super().__init__(store._store, store._root)
        self._prefix = prefix
        self._error = error

    async def delete_prefix(self, prefix: str) -> None:
        if prefix == self._prefix:
            raise self._error
        await super().delete_prefix(prefix)


async def test_one_failure_does_not_stop_the_others(resources: Resources, factory: Factory, alice: UUID) -> None:
    calls = [await factory.call(alice) for _ in range(6)]
    prefix = call_prefix(alice, calls[2].id)
    failing = dataclasses.replace(resources, storage=FailingStore(resources.storage, prefix, ValueError("secret")))

    with structlog.testing.capture_logs() as lines:
        outcome = await delete_calls(failing, alice, [call.id for call in calls])

    assert (outcome.deleted, outcome.missing) == (5, 0)
    assert outcome.failed == [(calls[2].id, ErrorCode.INTERNAL_ERROR)]
    assert [(line["event"], line["call_id"], line["error"]) for line in lines if line["log_level"] == "error"] == [
        ("call_not_deleted", str(calls[2].id), "ValueError")
    ]


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
    prefix = call_prefix(alice, calls[1].id)
    failing = dataclasses.replace(resources, storage=FailingStore(resources.storage, prefix, StorageUnavailableError()))

    with pytest.raises(StorageUnavailableError):
        await delete_all_calls(failing, alice)

    async with resources.database.read() as session:
        assert await has_calls(session, alice)
