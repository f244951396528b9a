"""No recording outlives its call's end, also when the worker died right at it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.calls.models import ArtifactType, CallStatus
from app.pipeline.leftovers import delete_leftovers_of_ended_calls
from app.resources import Resources
from tests.factories import Factory

AN_HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.mark.parametrize("status", [CallStatus.COMPLETED, CallStatus.FAILED])
async def test_recording_of_an_ended_call_is_deleted_and_its_documents_stay(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    call = await factory.call(alice, status=status, completed_at=AN_HOUR_AGO)
    await factory.audio(call, b"RIFF")
    await factory.document(call, ArtifactType.DIARIZATION_RESULT_STATE, {})
    kept = await factory.document(call, ArtifactType.ANALYSIS_JSON, {})

    deleted = [await delete_leftovers_of_ended_calls(resources) for _ in range(2)]

    assert deleted == [2, 0]
    assert await resources.storage.list_keys("users/") == [kept]


@pytest.mark.parametrize(
    ("status", "ended_ago"),
    [
        (CallStatus.QUEUED, None),
        (CallStatus.TRANSCRIBING, None),
        (CallStatus.COMPLETED, timedelta(seconds=1)),
    ],
    ids=["waiting", "in flight", "just ended"],
)
async def test_recording_that_is_still_needed_stays(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus, ended_ago: timedelta | None
) -> None:
    ended = None if ended_ago is None else datetime.now(UTC) - ended_ago
    call = await factory.call(alice, status=status, completed_at=ended, updated_at=AN_HOUR_AGO)
    key = await factory.audio(call, b"RIFF")

    assert await delete_leftovers_of_ended_calls(resources) == 0
    assert await resources.storage.list_keys("users/") == [key]
