"""Voices are learnt and found at a double of pyannoteAI. Source: providers.md, sections 2.5 and 2.6; rest.md, 2.16."""

import io
import json
import math
import traceback
import wave

import pytest

from app.errors import VoiceProviderError, VoiceProviderProblem
from app.providers.protocols import VoiceInterval, Voiceprint
from app.providers.pyannote.client import PyannoteClient
from app.providers.pyannote.voices import PyannoteVoices
from tests.app.providers.pyannote.asking import AUDIO, Job
from tests.app.providers.pyannote.conftest import ClientMaker
from tests.doubles.http_double import Answer, Cut, Failure
from tests.doubles.pyannote import KEY, PAYMENT_REQUIRED, Endpoint, Pyannote, rate_limited, refused

SAMPLE = bytes(30 * 32_000)
BLOB = {"voiceprint": "Vm9pY2U="}
REJECTED, UNAVAILABLE = VoiceProviderProblem.REJECTED, VoiceProviderProblem.UNAVAILABLE
Fault = Failure | Cut | Answer


@pytest.fixture
def voices(client: PyannoteClient) -> PyannoteVoices:
    return PyannoteVoices(client)


async def fail_to_learn(voices: PyannoteVoices) -> VoiceProviderProblem:
    with pytest.raises(VoiceProviderError) as raised:
        await voices.make_voiceprint(SAMPLE)
    told = "".join(traceback.format_exception(raised.value))
    assert [secret for secret in (KEY, "SECRET", "X-Amz", "media://") if secret in told] == []
    return raised.value.reason


async def fail_to_find(voices: PyannoteVoices) -> VoiceProviderProblem:
    with pytest.raises(VoiceProviderError) as raised:
        await voices.identify(AUDIO, BLOB, Job().ensure_wanted)
    return raised.value.reason


async def test_voice_is_learnt(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    voiceprint = await voices.make_voiceprint(SAMPLE)

    assert voiceprint == Voiceprint({"voiceprint": "Vm9pY2U="}, "precision-2")
    [(media_key, content)] = pyannote.media.items()
    [job] = pyannote.jobs.values()
    assert job.body == {"url": media_key, "model": "precision-2"}
    with wave.open(io.BytesIO(content)) as reader:
        assert (reader.getframerate(), reader.getnframes()) == (16_000, 30 * 16_000)


async def test_each_turn_gets_the_score_of_its_speaker(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    intervals = await voices.identify(AUDIO, BLOB, Job().ensure_wanted)

    assert intervals == (
        VoiceInterval(0.2, 2.1, 0.91),
        VoiceInterval(1.9, 5.2, 0.08),
        VoiceInterval(5.4, 8.0, 0.91),
    )
    [submission] = pyannote.asked(Endpoint.IDENTIFY)
    assert json.loads(submission.body) == {
        "url": next(iter(pyannote.media)),
        "model": "precision-2",
        "voiceprints": [{"label": "v1", "voiceprint": "Vm9pY2U="}],
        "matching": {"threshold": 0, "exclusive": False},
    }


async def test_what_was_learnt_is_what_is_looked_for(voices: PyannoteVoices) -> None:
    voiceprint = await voices.make_voiceprint(SAMPLE)

    assert len(await voices.identify(AUDIO, voiceprint.content, Job().ensure_wanted)) == 3


async def test_keys_of_media_are_never_used_twice(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    for _ in range(2):
        await voices.make_voiceprint(SAMPLE)
        await voices.identify(AUDIO, BLOB, Job().ensure_wanted)

    assert len(pyannote.media) == 4


FAULTS = [
    (PAYMENT_REQUIRED, REJECTED),
    (refused(400), REJECTED),
    (refused(401), REJECTED),
    (refused(403), REJECTED),
    (refused(413), REJECTED),
    (rate_limited(), UNAVAILABLE),
    (refused(500), UNAVAILABLE),
    (refused(503), UNAVAILABLE),
    (Failure.CLOSED_CONNECTION, UNAVAILABLE),
]
BAD_ANSWERS = [(Failure.HTML, UNAVAILABLE), (Failure.BROKEN_JSON, UNAVAILABLE), (Cut.RESET, UNAVAILABLE)]


@pytest.mark.parametrize(
    ("endpoint", "fault", "problem"),
    [(Endpoint.UPLOAD, *row) for row in FAULTS]
    + [
        (endpoint, *row)
        for endpoint in (Endpoint.MEDIA, Endpoint.VOICEPRINT, Endpoint.JOB)
        for row in FAULTS + BAD_ANSWERS
    ],
)
async def test_failure_is_a_refusal_or_an_outage(
    voices: PyannoteVoices, pyannote: Pyannote, endpoint: Endpoint, fault: Fault, problem: VoiceProviderProblem
) -> None:
    pyannote.broken[endpoint] = fault

    assert await fail_to_learn(voices) == problem
    assert len(pyannote.jobs) <= 2


@pytest.mark.parametrize(
    ("outcome", "is_output_gone", "problem"),
    [("failed", False, REJECTED), ("canceled", False, REJECTED), ("succeeded", True, UNAVAILABLE)],
)
async def test_job_without_a_result_is_a_failure(
    voices: PyannoteVoices, pyannote: Pyannote, outcome: str, is_output_gone: bool, problem: VoiceProviderProblem
) -> None:
    pyannote.script.outcome, pyannote.script.is_output_gone = outcome, is_output_gone

    assert (await fail_to_learn(voices), await fail_to_find(voices)) == (problem, problem)


async def test_sample_that_is_too_long_for_the_provider_is_rejected(voices: PyannoteVoices) -> None:
    with pytest.raises(VoiceProviderError) as raised:
        await voices.make_voiceprint(bytes(31 * 32_000))

    assert raised.value.reason == REJECTED


async def test_result_of_another_shape_is_no_result(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    pyannote.script.output = {"warning": "none"}

    assert (await fail_to_learn(voices), await fail_to_find(voices)) == (UNAVAILABLE, UNAVAILABLE)


async def test_voiceprint_of_another_shape_is_not_sent(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    with pytest.raises(VoiceProviderError) as raised:
        await voices.identify(AUDIO, {"embedding": [0.1]}, Job().ensure_wanted)

    assert (raised.value.reason, pyannote.requests) == (REJECTED, [])


async def test_voice_is_not_waited_for_longer_than_a_job_may_take(make_client: ClientMaker, pyannote: Pyannote) -> None:
    pyannote.script.polls_until_end = math.inf
    voices = PyannoteVoices(make_client(timeout_seconds=0.5))

    assert (await fail_to_learn(voices), await fail_to_find(voices)) == (UNAVAILABLE, UNAVAILABLE)


async def test_voice_is_not_waited_for_longer_than_a_request_lasts(client: PyannoteClient, pyannote: Pyannote) -> None:
    pyannote.script.polls_until_end = math.inf
    voices = PyannoteVoices(client, max_voiceprint_seconds=0.3)

    assert await fail_to_learn(voices) == UNAVAILABLE


async def test_nothing_is_looked_for_in_a_call_that_is_gone(voices: PyannoteVoices, pyannote: Pyannote) -> None:
    with pytest.raises(RuntimeError):
        await voices.identify(AUDIO, BLOB, Job(wanted=2).ensure_wanted)

    assert pyannote.counts(Endpoint.MEDIA, Endpoint.UPLOAD, Endpoint.IDENTIFY) == (1, 1, 0)
