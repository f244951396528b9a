"""Calls whose speakers are told apart by a double of pyannoteAI. Source: pipeline.md, sections 3.1 (A5), 3.3, 8, 10."""

import asyncio
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.artifacts import read_artifact
from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.calls.reanalysis import reanalyze_call
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.models import CallProcessingEvent, Stage
from app.pipeline.orchestrator import process_call
from app.providers.engines import Engines
from app.providers.pyannote.client import open_client
from app.providers.pyannote.diarizer import PyannoteDiarizer
from app.resources import Resources
from tests.app.audio.recordings import to_wav, tone
from tests.doubles.pyannote import KEY, PAYMENT_REQUIRED, Endpoint, Pyannote
from tests.engines import Script
from tests.factories import Factory

TURNS = (
    {"speaker": "SPEAKER_07", "start": 2.4, "end": 5.0},
    {"speaker": "SPEAKER_05", "start": 0.0, "end": 2.1},
    {"speaker": "SPEAKER_05", "start": 5.4, "end": 8.0},
)
UP_TO_THE_FIRST_POLL = 4
"""Requests: for an address, the upload, the submission, and the poll."""


@pytest.fixture
def pyannote() -> Iterator[Pyannote]:
    with Pyannote() as double:
        double.script.turns = TURNS
        yield double


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def engines(resources: Resources, script: Script, pyannote: Pyannote) -> Engines:
    settings = resources.settings.model_copy(
        update={
            "pyannote_api_key": KEY,
            "pyannote_base_url": pyannote.url,
            "diarization_poll_interval_seconds": 0.05,
        }
    )
    client = open_client(settings, resources.http)
    return replace(
        script.engines(), diarizer=PyannoteDiarizer(client, model=settings.pyannote_model, max_audio_minutes=30)
    )


async def queued(factory: Factory, owner: UUID, **values: object) -> CallRecord:
    call = await factory.call(owner, status=CallStatus.QUEUED, **values)
    await factory.audio(call, to_wav(tone(8)))
    return call


async def read_document(resources: Resources, call: CallRecord, artifact_type: ArtifactType) -> dict[str, Any]:
    found = await read_artifact(resources, call.id, artifact_type)
    assert found is not None
    document: dict[str, Any] = orjson.loads(found[0])
    return document


async def read_fallbacks(resources: Resources, call: CallRecord) -> list[tuple[str, str | None]]:
    """Status and code of the events that say so."""
    event = CallProcessingEvent
    statement = select(col(event.status), col(event.error_code))
    statement = statement.where(col(event.call_id) == call.id, col(event.stage) == Stage.PYANNOTE_FAILED_FALLBACK)
    async with resources.database.read() as session:
        return [(row.status, row.error_code) for row in await session.execute(statement)]


async def test_call_has_the_turns_and_the_very_answer_of_pyannote(
    resources: Resources, factory: Factory, alice: UUID, pyannote: Pyannote, engines: Engines
) -> None:
    call = await queued(factory, alice, direction="INCOMING")

    await process_call(resources, engines, Heartbeat(resources.database), call.id)

    transcript = await read_document(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert transcript["pipeline"]["diarizationProvider"] == "pyannote"
    assert [speaker["sourceSpeakerId"] for speaker in transcript["speakers"]] == ["SPEAKER_05", "SPEAKER_07"]
    stored = await read_artifact(resources, call.id, ArtifactType.DIARIZATION_JSON)
    assert stored is not None
    # The double writes its answers in lines, which nobody else does.
    assert stored[0] == json.dumps(json.loads(stored[0]), indent=2).encode()
    assert json.loads(stored[0])["output"] == {"diarization": list(TURNS)}
    [(media_key, _)] = pyannote.media.items()
    [job] = pyannote.jobs.values()
    assert re.fullmatch(rf"media://scryon-{call.id}-[0-9a-f]{{32}}-1", media_key)
    assert job.body == {"url": media_key, "model": "precision-2", "maxSpeakers": 2}


async def test_call_goes_on_when_pyannote_refuses(
    resources: Resources, factory: Factory, alice: UUID, pyannote: Pyannote, engines: Engines
) -> None:
    call = await queued(factory, alice)
    pyannote.broken[Endpoint.DIARIZE] = PAYMENT_REQUIRED

    await process_call(resources, engines, Heartbeat(resources.database), call.id)

    transcript = await read_document(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert transcript["pipeline"]["diarizationProvider"] == "pyannote-fallback"
    assert [speaker["sourceSpeakerId"] for speaker in transcript["speakers"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert await read_fallbacks(resources, call) == [("FAILED", "http_4xx")]


async def test_worker_that_stops_leaves_its_job_to_the_next_one(
    resources: Resources, factory: Factory, alice: UUID, pyannote: Pyannote, engines: Engines
) -> None:
    call = await queued(factory, alice)
    pyannote.script.polls_until_end = math.inf
    heartbeat = Heartbeat(resources.database)
    run = asyncio.create_task(process_call(resources, engines, heartbeat, call.id))
    await asyncio.to_thread(pyannote.wait_for_requests, UP_TO_THE_FIRST_POLL)
    heartbeat.cancel_all()
    await run
    state = await read_document(resources, call, ArtifactType.DIARIZATION_RESULT_STATE)

    pyannote.script.polls_until_end = 0
    await process_call(resources, engines, Heartbeat(resources.database), call.id)

    transcript = await read_document(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert transcript["pipeline"]["diarizationProvider"] == "pyannote"
    [job] = pyannote.jobs.values()
    assert (state["pending"], state["jobId"], state["mediaKey"]) == (True, job.id, job.body["url"])
    assert pyannote.counts(Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.DIARIZE) == (1, 1, 1)


async def test_call_deleted_while_its_job_runs_leaves_nothing(
    resources: Resources, factory: Factory, alice: UUID, pyannote: Pyannote, engines: Engines
) -> None:
    call = await queued(factory, alice)
    pyannote.script.polls_until_end = math.inf
    run = asyncio.create_task(process_call(resources, engines, Heartbeat(resources.database), call.id))
    await asyncio.to_thread(pyannote.wait_for_requests, UP_TO_THE_FIRST_POLL)

    await delete_call(resources, user_id=alice, call_id=call.id)
    await asyncio.wait_for(run, 30)

    assert await resources.storage.list_keys("users/") == []
    async with resources.database.read() as session:
        assert (await session.execute(select(CallArtifact))).all() == []
    assert len(pyannote.jobs) == 1


async def test_stored_answer_of_pyannote_is_enough_to_analyse_a_call_again(
    resources: Resources, factory: Factory, alice: UUID, script: Script, pyannote: Pyannote, engines: Engines
) -> None:
    call = await queued(factory, alice)
    await process_call(resources, engines, Heartbeat(resources.database), call.id)
    before = await read_document(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    pyannote.close()

    await reanalyze_call(replace(resources, analyst=script.analyst), user_id=alice, call_id=call.id, keyed=None)

    after = await read_document(resources, call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert after["segments"] == before["segments"]
    assert [speaker["sourceSpeakerId"] for speaker in after["speakers"]] == ["SPEAKER_05", "SPEAKER_07"]
    assert after["pipeline"] == before["pipeline"]
    assert script.analyst.asked == 2
