"""No recording outlives its call's end or its time, whatever died meanwhile. Source: pipeline.md, sections 9 and 14."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.resources import Resources
from app.sweeps.temp_audio import delete_temp_audio
from tests.factories import Factory
from tests.finished import read_events, read_stored

TTL = timedelta(hours=24)
GRACE = timedelta(seconds=60)
LITTLE = timedelta(seconds=20)
AN_HOUR = timedelta(hours=1)


async def sweep(resources: Resources) -> int:
    return await delete_temp_audio(resources, TTL, GRACE)


async def recorded(
    resources: Resources, factory: Factory, owner: UUID, *, age: timedelta = AN_HOUR, **values: Any
) -> CallRecord:
    """A call whose recording was uploaded that long ago."""
    call = await factory.call(owner, **values)
    await factory.audio(call, b"RIFF")
    await grow_old(resources, call, age)
    return call


async def grow_old(resources: Resources, call: CallRecord, age: timedelta) -> None:
    async with resources.database.transaction() as session:
        statement = update(CallArtifact).where(col(CallArtifact.call_id) == call.id)
        await session.execute(statement.values(created_at=datetime.now(UTC) - age))


@pytest.mark.parametrize("status", [CallStatus.COMPLETED, CallStatus.FAILED])
async def test_recording_of_an_ended_call_is_deleted_and_its_documents_stay(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    call = await recorded(resources, factory, alice, status=status, completed_at=datetime.now(UTC) - AN_HOUR)
    await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {})
    kept = await factory.document(call, ArtifactType.ANALYSIS_JSON, {})

    deleted = [await sweep(resources) for _ in range(2)]

    assert deleted == [2, 0]
    assert await resources.storage.list_keys("users/") == [kept]
    assert [row["artifact_type"] for row in (await read_stored(resources, call)).artifacts] == ["ANALYSIS_JSON"]
    assert await read_events(resources, call) == ["TEMP_AUDIO_DELETED COMPLETED"]


@pytest.mark.parametrize(
    ("status", "age", "ended_ago", "is_deleted"),
    [
        (CallStatus.QUEUED, TTL - LITTLE, None, False),
        (CallStatus.TRANSCRIBING, TTL - LITTLE, None, False),
        (CallStatus.TRANSCRIBING, TTL + LITTLE, None, True),
        (CallStatus.ANALYZING, TTL + LITTLE, None, True),
        (CallStatus.PROCESSING, TTL + LITTLE, None, True),
        (CallStatus.COMPLETED, AN_HOUR, GRACE - LITTLE, False),
        (CallStatus.COMPLETED, AN_HOUR, GRACE + LITTLE, True),
        (CallStatus.COMPLETED, TTL + LITTLE, GRACE - LITTLE, True),
        (CallStatus.FAILED, AN_HOUR, None, True),
    ],
    ids=lambda value: str(value),
)
async def test_recording_goes_with_its_call_or_its_time(
    resources: Resources,
    factory: Factory,
    alice: UUID,
    status: CallStatus,
    age: timedelta,
    ended_ago: timedelta | None,
    is_deleted: bool,
) -> None:
    ended = None if ended_ago is None else datetime.now(UTC) - ended_ago
    updated = datetime.now(UTC) - AN_HOUR
    call = await recorded(resources, factory, alice, age=age, status=status, completed_at=ended, updated_at=updated)
    state = await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {})
    before = await read_stored(resources, call)

    await sweep(resources)

    after = await read_stored(resources, call)
    assert after.call == before.call
    assert ("audio.wav" not in after.objects) == is_deleted
    assert (ArtifactType.TEMP_AUDIO not in [row["artifact_type"] for row in after.artifacts]) == is_deleted
    if not status.is_terminal:
        assert state.rsplit("/", 1)[1] in after.objects


async def test_waiting_call_fails_with_its_recording(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await recorded(resources, factory, alice, age=TTL + LITTLE, status=CallStatus.QUEUED)

    swept = [await sweep(resources) for _ in range(2)]

    stored = await read_stored(resources, call)
    assert swept == [1, 0]
    assert (stored.call["status"], stored.call["error_reason"]) == (CallStatus.FAILED, "audio_missing")
    assert (stored.objects, stored.artifacts) == ({}, [])
    assert await read_events(resources, call) == [
        "CALL_SWEPT COMPLETED",
        "CALL_FAILED FAILED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]


async def test_waiting_call_that_was_heard_before_goes_on_without_its_recording(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await recorded(resources, factory, alice, status=CallStatus.QUEUED)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, {})
    await grow_old(resources, call, TTL + LITTLE)

    assert await sweep(resources) == 1

    stored = await read_stored(resources, call)
    assert stored.call["status"] == CallStatus.QUEUED
    assert stored.objects.keys() == {"raw.json"}


async def test_waiting_call_without_any_recording_is_the_workers_business(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED, created_at=datetime.now(UTC) - 2 * TTL)
    before = await read_stored(resources, call)

    assert await sweep(resources) == 0
    assert await read_stored(resources, call) == before


async def test_two_sweeps_at_once_delete_once(resources: Resources, factory: Factory, alice: UUID) -> None:
    calls = [await recorded(resources, factory, alice, age=TTL + LITTLE, status=CallStatus.FAILED) for _ in range(5)]

    deleted = await asyncio.gather(*(sweep(resources) for _ in range(3)))

    assert sum(deleted) == 5
    for call in calls:
        assert await read_events(resources, call) == ["TEMP_AUDIO_DELETED COMPLETED"]


async def test_object_that_cannot_be_deleted_stops_no_other_and_is_tried_again(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    stuck = await recorded(resources, factory, alice, age=TTL + AN_HOUR, status=CallStatus.ANALYZING)
    other = await recorded(resources, factory, alice, age=TTL + LITTLE, status=CallStatus.ANALYZING)
    [key] = await resources.storage.list_keys(f"users/{alice}/calls/{stuck.id}/")
    # A folder cannot be deleted as a file is.
    path = resources.settings.storage_path / key
    path.unlink()
    path.mkdir()

    first = await sweep(resources)
    path.rmdir()
    second = await sweep(resources)

    assert (first, second) == (1, 1)
    assert (await read_stored(resources, other)).artifacts == []
    assert (await read_stored(resources, stuck)).artifacts == []
