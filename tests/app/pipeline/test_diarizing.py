"""What a run does when not the diarization provider fails but we do. Source: pipeline.md, sections 3.3 and 4."""

from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from app.audio.recording import PreparedAudio
from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallStatus
from app.errors import StorageUnavailableError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.providers.protocols import DiarizationAnswer, JobContext, JobTicket
from app.resources import Resources
from app.storage.store import ObjectStore
from tests.engines import Script, ScriptedDiarizer
from tests.factories import Factory
from tests.voices import make_sample


@dataclass
class RememberingDiarizer(ScriptedDiarizer):
    """Has a job at its provider."""

    async def diarize(self, audio: PreparedAudio, *, max_speakers: int | None, job: JobContext) -> DiarizationAnswer:
        await job.remember(JobTicket("job", "media"))
        return await super().diarize(audio, max_speakers=max_speakers, job=job)


class StatelessStore(ObjectStore):
    """Takes everything but the state of a diarization."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store._store, store._root)

    async def put(self, key: str, content: bytes) -> None:
        if key.endswith("state.json"):
            raise StorageUnavailableError
        await super().put(key, content)


@pytest.mark.parametrize("is_storage_good", [True, False])
async def test_job_that_cannot_be_remembered_is_no_fallback(
    resources: Resources, factory: Factory, alice: UUID, is_storage_good: bool
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)
    await factory.audio(call, make_sample(8.0))
    script = Script(diarizer=RememberingDiarizer())
    if not is_storage_good:
        resources = replace(resources, storage=StatelessStore(resources.storage))

    await process_call(resources, script.engines(), Heartbeat(resources.database), call.id)

    async with resources.database.read() as session:
        await session.refresh(row := await session.get_one(type(call), call.id))
    expected = (CallStatus.COMPLETED, False) if is_storage_good else (CallStatus.TRANSCRIBING, True)
    assert (row.status, row.lease_expires_at is not None) == expected
    assert script.diarizer.asked == is_storage_good
    turns = await read_artifact(resources, call.id, ArtifactType.DIARIZATION_JSON)
    assert (turns is not None) == is_storage_good
