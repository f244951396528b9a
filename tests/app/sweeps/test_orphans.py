"""Objects of no call go, whatever store they are in. Source: pipeline.md, sections 3.1 (A6), 8 (D6) and 9."""

import asyncio
import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.calls.models import ArtifactType, CallStatus
from app.embedded.servers import EmbeddedServers
from app.errors import StorageUnavailableError
from app.resources import Resources
from app.settings import Settings
from app.storage.keys import audio_key, call_prefix
from app.storage.store import ObjectStore
from app.sweeps import orphans
from app.sweeps.orphans import delete_orphans
from tests.conftest import Counter
from tests.factories import Factory
from tests.stores import make_settings

GRACE = timedelta(hours=1)
NOBODY = UUID(int=0)


@pytest.fixture(params=["local", "s3"])
def settings(request: pytest.FixtureRequest, servers: EmbeddedServers, tmp_path: Path) -> Settings:
    where = request.getfixturevalue("bucket").settings() if request.param == "s3" else {}
    return make_settings(servers, tmp_path / "data", **where)


async def orphan(resources: Resources, owner: UUID) -> str:
    """A recording without a call; returns its key."""
    key = audio_key(owner, uuid4(), "wav")
    await resources.storage.put(key, b"RIFF")
    return key


class Sleep:
    """Notes how long it should have slept, and does something instead."""

    def __init__(self, *meanwhile: Any) -> None:
        self.seconds: list[float] = []
        self._meanwhile = list(meanwhile)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        for action in self._meanwhile:
            await action()


async def test_prefixes_without_a_call_go_and_all_others_stay(
    resources: Resources, factory: Factory, alice: UUID, bob: UUID
) -> None:
    waiting = await factory.call(alice, status=CallStatus.QUEUED)
    ended = await factory.call(alice, status=CallStatus.COMPLETED)
    kept = [
        await factory.audio(waiting, b"RIFF"),
        await factory.document(waiting, ArtifactType.DIARIZATION_RESULT_STATE, {}),
        await factory.document(ended, ArtifactType.ANALYSIS_JSON, {}),
    ]
    foreign = ["users/somebody/calls/else/x.json", f"users/{alice}/portrait.png", f"backup/{kept[0]}"]
    for key in foreign:
        await resources.storage.put(key, b"{}")
    await orphan(resources, alice)
    await orphan(resources, uuid4())
    # The call is there, and is somebody else's.
    await resources.storage.put(call_prefix(bob, ended.id) + "analysis/analysis.json", b"{}")

    deleted = [await delete_orphans(resources, timedelta(0)) for _ in range(2)]

    assert deleted == [3, 0]
    assert sorted(await resources.storage.list_keys("users/")) == sorted([*kept, *foreign[:2]])
    assert await resources.storage.list_keys("backup/") == foreign[2:]


async def test_fresh_prefix_may_be_an_upload_and_stays(resources: Resources, alice: UUID) -> None:
    key = await orphan(resources, alice)
    sleep = Sleep()

    assert await delete_orphans(resources, GRACE, sleep=sleep) == 0

    assert await resources.storage.list_keys("users/") == [key]
    assert sleep.seconds == []


async def test_bounded_numbers_of_statements_and_of_objects(
    resources: Resources, alice: UUID, statements: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = sorted([await orphan(resources, uuid4()) for _ in range(12)])
    monkeypatch.setattr("app.storage.store.PAGE_OBJECTS", 2)
    monkeypatch.setattr(orphans, "PREFIXES_PER_STATEMENT", 4)
    monkeypatch.setattr(orphans, "MAX_OBJECTS_PER_ROUND", 8)

    async with statements() as executed:
        deleted = await delete_orphans(resources, timedelta(0), start=NOBODY)

    assert deleted == 8
    # Two batches and an empty one, and all of them once more before the deletion.
    assert len([statement for statement in executed if "call_records" in statement]) == 3
    assert len(await resources.storage.list_keys("users/")) == 4
    assert set(await resources.storage.list_keys("users/")) < set(keys)
    assert await delete_orphans(resources, timedelta(0), start=NOBODY) == 4


async def test_round_begins_in_the_middle_and_goes_around(resources: Resources) -> None:
    users = [UUID(int=number << 64) for number in range(1, 6)]
    for user in users:
        await orphan(resources, user)

    assert await delete_orphans(resources, timedelta(0), start=users[2]) == 5


async def test_upload_that_becomes_a_call_meanwhile_stays(resources: Resources, factory: Factory, alice: UUID) -> None:
    call_id = uuid4()
    key = audio_key(alice, call_id, "wav")
    await resources.storage.put(key, b"RIFF")
    other = await orphan(resources, alice)

    async def become_a_call() -> None:
        await factory.call(alice, id=call_id, status=CallStatus.QUEUED)

    deleted = await delete_orphans(resources, timedelta(0), sleep=Sleep(become_a_call))

    assert deleted == 1
    assert await resources.storage.list_keys("users/") == [key]
    assert other != key


async def test_two_sweeps_at_once_leave_nothing_and_harm_nobody(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice)
    kept = await factory.document(call, ArtifactType.ANALYSIS_JSON, {})
    for _ in range(5):
        await orphan(resources, alice)

    await asyncio.gather(*(delete_orphans(resources, timedelta(0)) for _ in range(3)))

    assert await resources.storage.list_keys("users/") == [kept]


async def test_prefix_that_cannot_be_deleted_stops_no_other(resources: Resources, alice: UUID) -> None:
    keys = [await orphan(resources, alice) for _ in range(3)]
    stuck = keys[1]

    class Stubborn(ObjectStore):
        """Fails for one prefix."""

        async def delete(self, key: str) -> None:
            if key == stuck:
                raise StorageUnavailableError
            await super().delete(key)

    storage = Stubborn(resources.storage._store, resources.storage._root)
    broken = dataclasses.replace(resources, storage=storage)

    assert await delete_orphans(broken, timedelta(0)) == 2
    assert await resources.storage.list_keys("users/") == [stuck]
    assert await delete_orphans(resources, timedelta(0)) == 1
