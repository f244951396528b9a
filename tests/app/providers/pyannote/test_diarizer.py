"""Who spoke when, asked of a double of pyannoteAI. Source: pipeline.md, sections 3.1 (A5), 3.3 and 8 (D3)."""

import io
import json
import math
import tracemalloc
import wave
from collections import deque
from contextlib import nullcontext
from dataclasses import replace

import orjson
import pytest

from app.audio import encoding
from app.audio.recording import OriginalFile
from app.pipeline.failures import DiarizationFailedError, DiarizationFallback
from app.pipeline.speech import Turn
from app.providers.protocols import JobContext, JobTicket
from app.providers.pyannote import client as client_module
from app.providers.pyannote.client import PyannoteClient
from app.providers.pyannote.diarizer import PyannoteDiarizer
from app.providers.pyannote.faults import JobError
from app.providers.pyannote.voices import PyannoteVoices
from tests.app.providers.pyannote.asking import AUDIO, CALL_ID, Job, Waits, make_diarizer
from tests.app.providers.pyannote.conftest import ClientMaker
from tests.doubles.http_double import json_answer
from tests.doubles.pyannote import Endpoint, Pyannote, refused

FIRST, SECOND = (f"media://scryon-7d1f0f9e-52f1-4c57-9c0e-6d2a41f0e8b3-run1-{number}" for number in (1, 2))
FOUND = (Turn(0.2, 2.1, "SPEAKER_00"), Turn(1.9, 5.2, "SPEAKER_01"), Turn(5.4, 8.0, "SPEAKER_00"))
STEPS = (Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.DIARIZE, Endpoint.JOB)


async def submit(client: PyannoteClient, pyannote: Pyannote, number: int = 1) -> JobTicket:
    """A job of an earlier run, which has died since, and left its job behind."""

    async def go_on() -> None:
        pass

    media_key = f"media://scryon-7d1f0f9e-52f1-4c57-9c0e-6d2a41f0e8b3-run0-{number}"
    await client.upload(media_key, b"audio", go_on)
    job_id = await client.submit(client_module.Endpoint.DIARIZE, {"url": media_key}, go_on)
    pyannote.requests.clear()
    return JobTicket(job_id, media_key)


async def test_answer_holds_turns_and_the_bytes_that_came(diarizer: PyannoteDiarizer, pyannote: Pyannote) -> None:
    job = Job()

    answer = await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert answer.turns == FOUND
    assert answer.content.startswith(b'{\n  "jobId": "3f0c0c1e-')
    assert orjson.loads(answer.content)["output"]["diarization"] == list(pyannote.script.turns)
    assert pyannote.counts(*STEPS) == (1, 1, 1, 4)
    assert job.remembered == [JobTicket(next(iter(pyannote.jobs)), FIRST)]


@pytest.mark.parametrize(("max_speakers", "hint"), [(2, {"maxSpeakers": 2}), (None, {})])
async def test_job_names_audio_model_and_nothing_else(
    diarizer: PyannoteDiarizer, pyannote: Pyannote, max_speakers: int | None, hint: dict[str, int]
) -> None:
    await diarizer.diarize(AUDIO, max_speakers=max_speakers, job=Job().context)

    [submission] = pyannote.asked(Endpoint.DIARIZE)
    assert json.loads(submission.body) == {"url": FIRST, "model": "precision-2", **hint}


async def test_recording_is_uploaded_as_wav(diarizer: PyannoteDiarizer, pyannote: Pyannote) -> None:
    await diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    with wave.open(io.BytesIO(pyannote.media[FIRST])) as reader:
        assert reader.getparams()[:4] == (1, 2, 16_000, 8_000)
        assert reader.readframes(8_000) == AUDIO.diarization


async def test_recording_that_was_not_decoded_is_uploaded_as_it_came(
    diarizer: PyannoteDiarizer, pyannote: Pyannote
) -> None:
    audio = replace(AUDIO, duration_seconds=None, diarization=b"", original=OriginalFile(b"ID3 music", "mp3"))

    await diarizer.diarize(audio, max_speakers=None, job=Job().context)

    assert pyannote.media == {FIRST: b"ID3 music"}


async def test_address_is_used_byte_for_byte_and_the_key_stays_away(
    diarizer: PyannoteDiarizer, pyannote: Pyannote
) -> None:
    await diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    [upload] = pyannote.asked(Endpoint.UPLOAD)
    assert upload.path.startswith("/put/./eu%2Dwest/")
    assert {name.lower() for name in upload.headers} == {"host", "content-type", "content-length"}


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_any_success_of_the_upload_will_do(diarizer: PyannoteDiarizer, pyannote: Pyannote, status: int) -> None:
    pyannote.put_status = status

    answer = await diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    assert answer.turns == FOUND


async def test_polls_are_five_seconds_apart_and_a_little_more(
    diarizer: PyannoteDiarizer, pyannote: Pyannote, waits: Waits
) -> None:
    pyannote.script.polls_until_end = 20

    await diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    assert len(waits.seconds) == 20
    assert 5 <= min(waits.seconds) < max(waits.seconds) <= 6


async def test_unknown_status_is_not_the_end(diarizer: PyannoteDiarizer, pyannote: Pyannote) -> None:
    pyannote.script.polls_until_end = 0
    odd = ({"status": "queued"}, {"jobId": "1"}, {"status": None})
    pyannote.failing[Endpoint.JOB] = deque(json_answer(document) for document in odd)

    answer = await diarizer.diarize(AUDIO, max_speakers=None, job=Job().context)

    assert answer.turns == FOUND
    assert pyannote.counts(Endpoint.JOB) == (4,)


async def test_more_speakers_than_asked_for_and_odd_turns_are_taken(
    diarizer: PyannoteDiarizer, pyannote: Pyannote
) -> None:
    pyannote.script.turns = (
        {"speaker": "SPEAKER_02", "start": 7.0, "end": 6.0},
        {"speaker": "SPEAKER_01", "start": 3.0, "end": 4.0},
        {"speaker": "SPEAKER_00", "start": 0.0, "end": 5.0},
    )

    answer = await diarizer.diarize(AUDIO, max_speakers=2, job=Job().context)

    assert answer.turns == (
        Turn(0.0, 5.0, "SPEAKER_00"),
        Turn(3.0, 4.0, "SPEAKER_01"),
        Turn(7.0, 6.0, "SPEAKER_02"),
    )


async def test_too_long_recording_is_not_sent(diarizer: PyannoteDiarizer, pyannote: Pyannote) -> None:
    with pytest.raises(DiarizationFailedError) as raised:
        await diarizer.diarize(replace(AUDIO, duration_seconds=1800.01), max_speakers=2, job=Job().context)

    assert raised.value.reason == DiarizationFallback.TOO_LONG
    assert pyannote.requests == []


async def test_longest_recording_is_sent(diarizer: PyannoteDiarizer) -> None:
    answer = await diarizer.diarize(replace(AUDIO, duration_seconds=1800.0), max_speakers=2, job=Job().context)

    assert answer.turns == FOUND


async def test_nothing_is_sent_without_a_key(pyannote: Pyannote) -> None:
    with pytest.raises(DiarizationFailedError) as raised:
        await make_diarizer(None).diarize(AUDIO, max_speakers=2, job=Job().context)

    assert raised.value.reason == DiarizationFallback.NOT_CONFIGURED
    assert pyannote.requests == []


async def test_job_of_an_earlier_run_is_polled_and_not_paid_twice(
    diarizer: PyannoteDiarizer, client: PyannoteClient, pyannote: Pyannote
) -> None:
    job = Job(pending=await submit(client, pyannote))

    answer = await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert answer.turns == FOUND
    assert pyannote.counts(*STEPS) == (0, 0, 0, 4)
    assert (len(pyannote.jobs), job.remembered) == (1, [])


@pytest.mark.parametrize("fate", ["failed", "canceled", "gone", "unknown", "endless"])
async def test_lost_job_of_an_earlier_run_is_replaced_once(
    make_client: ClientMaker, pyannote: Pyannote, fate: str
) -> None:
    client = make_client(timeout_seconds=1 if fate == "endless" else 20)
    job = Job(pending=await submit(client, pyannote))
    if fate == "unknown":
        pyannote.jobs.clear()
    elif fate == "gone":
        pyannote.script.is_output_gone = True
    elif fate == "endless":
        pyannote.script.polls_until_end = math.inf
    else:
        pyannote.script.outcome = fate

    # What became of the first job becomes of the second, too; only an unknown one tells nothing about others.
    with nullcontext() if fate == "unknown" else pytest.raises(DiarizationFailedError):
        await make_diarizer(client).diarize(AUDIO, max_speakers=2, job=job.context)

    assert pyannote.counts(Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.DIARIZE) == (1, 1, 1)
    assert [ticket.media_key for ticket in job.remembered] == [SECOND]


async def test_job_that_was_the_second_is_not_replaced(
    diarizer: PyannoteDiarizer, client: PyannoteClient, pyannote: Pyannote
) -> None:
    job = Job(pending=await submit(client, pyannote, number=2))
    pyannote.script.outcome = "failed"

    with pytest.raises(DiarizationFailedError) as raised:
        await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert (raised.value.reason, raised.value.detail) == (DiarizationFallback.JOB_FAILED, "job_failed")
    assert pyannote.counts(Endpoint.DIARIZE) == (0,)


async def test_job_that_cannot_be_asked_for_now_is_not_replaced(
    diarizer: PyannoteDiarizer, client: PyannoteClient, pyannote: Pyannote
) -> None:
    job = Job(pending=await submit(client, pyannote))
    pyannote.broken[Endpoint.JOB] = refused(503)

    with pytest.raises(DiarizationFailedError) as raised:
        await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert raised.value.reason == DiarizationFallback.HTTP_5XX
    assert pyannote.counts(Endpoint.DIARIZE) == (0,)


@pytest.mark.parametrize(("wanted", "expected"), list(enumerate([(0,) * 4, (1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0)])))
async def test_nothing_more_is_sent_for_an_unwanted_call(
    diarizer: PyannoteDiarizer, pyannote: Pyannote, wanted: int, expected: tuple[int, ...]
) -> None:
    job = Job(wanted=wanted)

    with pytest.raises(RuntimeError):
        await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert pyannote.counts(*STEPS) == expected


async def test_call_deleted_while_its_job_runs_is_asked_for_no_more(
    diarizer: PyannoteDiarizer, pyannote: Pyannote, waits: Waits
) -> None:
    pyannote.script.polls_until_end = math.inf
    job = Job(wanted=5)

    with pytest.raises(RuntimeError):
        await diarizer.diarize(AUDIO, max_speakers=2, job=job.context)

    assert pyannote.counts(*STEPS) == (1, 1, 1, 2)
    assert len(waits.seconds) == 2


@pytest.mark.parametrize("is_diarization", [True, False], ids=["diarization", "voice"])
async def test_file_is_not_kept_while_its_job_runs(
    make_client: ClientMaker, pyannote: Pyannote, waits: Waits, is_diarization: bool
) -> None:
    audio = replace(AUDIO, diarization=bytes(4_000_000))
    held: list[int] = []

    async def measure() -> None:
        if pyannote.jobs:
            traces = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, encoding.__file__)]).traces
            held.append(sum(trace.size for trace in traces))

    client = make_client()
    tracemalloc.start()
    try:
        if is_diarization:
            job = JobContext(CALL_ID, "run1", Job().context.remember, measure)
            await make_diarizer(client).diarize(audio, max_speakers=2, job=job)
        else:
            await PyannoteVoices(client).identify(audio, {"voiceprint": "Vm9pY2U="}, measure)
    finally:
        tracemalloc.stop()

    assert len(held) == 4
    assert max(held) < 1_000_000


async def test_error_of_the_run_is_not_taken_for_the_end_of_the_time(diarizer: PyannoteDiarizer) -> None:
    with pytest.raises(TimeoutError) as raised:
        await diarizer.diarize(AUDIO, max_speakers=2, job=Job(wanted=1, error=TimeoutError).context)

    assert not isinstance(raised.value.__cause__, JobError)
