"""A call's way through a worker that has Lemonfox listen, or another Whisper-compatible server."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.providers.engines import open_engines
from app.resources import Resources
from tests.app.audio.recordings import to_wav, tone
from tests.doubles.form_parts import FormPart
from tests.doubles.lemonfox import KEY, Lemonfox
from tests.engines import RAW, ScriptedAnalyst
from tests.factories import Factory


@pytest.fixture
def lemonfox() -> Iterator[Lemonfox]:
    with Lemonfox() as double:
        double.document = orjson.loads(RAW)
        yield double


async def listen_to(
    recording: bytes, lemonfox: Lemonfox, resources: Resources, factory: Factory, owner: UUID, **values: Any
) -> CallRecord:
    """Let a worker with these settings take a call to its end."""
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.audio(call, recording)
    settings = resources.settings.model_copy(
        update={"lemonfox_api_key": KEY, "lemonfox_base_url": lemonfox.base_url, **values}
    )
    async with open_engines(settings, resources.http, ScriptedAnalyst()) as engines:
        await process_call(resources, engines, Heartbeat(resources.database), call.id)
    async with resources.database.read() as session:
        return (await session.execute(select(CallRecord).where(col(CallRecord.id) == call.id))).scalar_one()


async def read_json(resources: Resources, call: CallRecord, artifact_type: ArtifactType) -> dict[str, Any]:
    artifact = await read_artifact(resources, call.id, artifact_type)
    assert artifact is not None
    document: dict[str, Any] = orjson.loads(artifact[0])
    return document


async def test_call_is_heard_and_its_voices_are_told_apart_by_lemonfox(
    resources: Resources, factory: Factory, alice: UUID, lemonfox: Lemonfox
) -> None:
    call = await listen_to(to_wav(tone(8.0)), lemonfox, resources, factory, alice)

    transcript = await read_json(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert (call.status, call.error_reason, call.duration_seconds) == (CallStatus.COMPLETED, None, 8)
    assert transcript["pipeline"]["transcriptionProvider"] == "lemonfox"
    assert transcript["pipeline"]["transcriptionModel"] == "whisper-1"
    assert transcript["pipeline"]["diarizationProvider"] == "lemonfox"
    assert [speaker["displayName"] for speaker in transcript["speakers"]] == ["Alice", "Robert"]
    assert await read_json(resources, call, ArtifactType.RAW_TRANSCRIPT_JSON) == lemonfox.document
    [form] = lemonfox.forms
    assert (form[-1].name, form[-1].file_name, len(form[-1].content)) == ("file", "audio.wav", 44 + 8 * 32_000)


async def test_server_without_labels_and_words_hears_one_speaker(
    resources: Resources, factory: Factory, alice: UUID, lemonfox: Lemonfox
) -> None:
    said = "Hello, this is Alice from the sales team."
    lemonfox.document = {"text": said, "segments": [{"id": 0, "start": 0.0, "end": 4.0, "text": said}]}

    call = await listen_to(to_wav(tone(4.0)), lemonfox, resources, factory, alice)

    transcript = await read_json(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert (call.status, call.error_reason) == (CallStatus.COMPLETED, None)
    assert transcript["pipeline"]["diarizationProvider"] == "none"
    assert [(segment["text"], segment["endSeconds"]) for segment in transcript["segments"]] == [(said, 4.0)]
    assert [speaker["displayName"] for speaker in transcript["speakers"]] == ["Alice"]


async def test_recording_goes_as_it_came_where_nothing_is_decoded(
    resources: Resources, factory: Factory, alice: UUID, lemonfox: Lemonfox
) -> None:
    recording = to_wav(tone(8.0), 44_100)

    call = await listen_to(recording, lemonfox, resources, factory, alice, audio_preprocessing_enabled=False)

    assert (call.status, call.duration_seconds) == (CallStatus.COMPLETED, None)
    assert lemonfox.forms[0][-1] == FormPart("file", "audio.wav", "audio/wav", recording)
