"""The callback that never comes, and the one that comes at the last moment. Source: pipeline.md, section 9."""

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.callbacks import receive_callback
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.awaited_calls import find_recipient
from app.resources import Resources
from app.storage.store import ObjectStore
from app.sweeps.callbacks import fail_overdue_callbacks
from tests.engines import RAW
from tests.factories import Factory
from tests.finished import read_events, read_stored
from tests.stores import messages

A_SECOND = timedelta(seconds=1)
AN_HOUR = timedelta(hours=1)


async def awaited(factory: Factory, owner: UUID, *, overdue_by: timedelta) -> CallRecord:
    now = datetime.now(UTC)
    call = await factory.call(
        owner,
        status=CallStatus.TRANSCRIBING,
        transcription_submitted_at=now - AN_HOUR,
        callback_deadline_at=now - overdue_by,
    )
    await factory.audio(call, b"RIFF")
    await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {})
    await factory.document(call, ArtifactType.DIARIZATION_JSON, {})
    return call


async def test_overdue_call_fails_once_and_loses_its_recording(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await awaited(factory, alice, overdue_by=A_SECOND)

    failed = [await fail_overdue_callbacks(resources) for _ in range(2)]

    stored = await read_stored(resources, call)
    assert failed == [1, 0]
    assert (stored.call["status"], stored.call["error_reason"]) == (
        CallStatus.FAILED,
        "transcription_callback_timeout",
    )
    assert (stored.call["callback_deadline_at"], stored.call["claim_token"]) == (None, None)
    assert stored.call["completed_at"] is not None
    assert stored.objects.keys() == {"diarization.json"}
    assert [row["artifact_type"] for row in stored.artifacts] == ["DIARIZATION_JSON"]
    assert await read_events(resources, call) == [
        "CALL_SWEPT COMPLETED",
        "CALL_FAILED FAILED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]


@pytest.mark.parametrize(
    ("status", "overdue_by"),
    [(CallStatus.TRANSCRIBING, -AN_HOUR), (CallStatus.QUEUED, AN_HOUR), (CallStatus.COMPLETED, AN_HOUR)],
    ids=["in time", "set back", "ended"],
)
async def test_other_calls_are_left_alone(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus, overdue_by: timedelta
) -> None:
    call = await factory.call(alice, status=status, callback_deadline_at=datetime.now(UTC) - overdue_by)
    await factory.call(alice, status=CallStatus.TRANSCRIBING)
    before = await read_stored(resources, call)

    assert await fail_overdue_callbacks(resources) == 0
    assert await read_stored(resources, call) == before


async def test_callback_after_the_sweep_changes_nothing(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await awaited(factory, alice, overdue_by=A_SECOND)
    await fail_overdue_callbacks(resources)
    before = await read_stored(resources, call)

    await receive_callback(resources, call.id, RAW, "callback-1")

    assert await read_stored(resources, call) == before
    assert messages(resources) == []


async def test_sweep_after_the_callback_changes_nothing(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await awaited(factory, alice, overdue_by=A_SECOND)
    await receive_callback(resources, call.id, RAW, "callback-1")
    before = await read_stored(resources, call)

    assert await fail_overdue_callbacks(resources) == 0
    assert await read_stored(resources, call) == before
    assert before.call["status"] == CallStatus.TRANSCRIBING


async def test_sweep_does_not_wait_for_a_callback_that_is_being_taken_in(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await awaited(factory, alice, overdue_by=A_SECOND)

    async with resources.database.transaction() as session:
        await find_recipient(session, call.id, locks=True)
        failed = await fail_overdue_callbacks(resources)

    assert failed == 0


async def test_callback_that_is_swept_while_it_is_stored_leaves_nothing(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    class SweptStore(ObjectStore):
        """The sweep comes right after the object."""

        async def put_first(self, key: str, content: bytes) -> bytes:
            there = await super().put_first(key, content)
            assert await fail_overdue_callbacks(resources) == 1
            return there

    call = await awaited(factory, alice, overdue_by=A_SECOND)
    store = SweptStore(resources.storage._store, resources.storage._root)

    await receive_callback(dataclasses.replace(resources, storage=store), call.id, RAW, "callback-1")

    stored = await read_stored(resources, call)
    assert (stored.call["status"], stored.call["error_reason"]) == (
        CallStatus.FAILED,
        "transcription_callback_timeout",
    )
    assert stored.objects.keys() == {"diarization.json"}
    assert messages(resources) == []
