"""Lemonfox's answers and failures, over a real server that refuses what the real one refuses.

Source: pipeline.md, section 3.4; providers.md, section 1.
"""

import io
import logging
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from app.audio.encoding import encode_wav
from app.audio.recording import ChannelMode, OriginalFile, PreparedAudio
from app.audio.settings import AudioSettings
from app.observability.logging import configure_logging
from app.pipeline.alignment import align
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.speech import AsrSegment, RawTranscript, Word
from app.providers.engines import open_engines
from app.providers.lemonfox.transcriber import LemonfoxSettings, LemonfoxTranscriber
from app.providers.local_analysis.analyst import LocalAnalyst
from app.providers.sending import open_http_client
from app.settings import load_settings
from tests.doubles.form_parts import FormPart
from tests.doubles.http_double import Answer, Cut, Failure, json_answer
from tests.doubles.lemonfox import (
    BROKEN_500,
    ERROR_BODY,
    KEY,
    RATE_LIMITED,
    RATE_LIMITED_FOR_7_S,
    Lemonfox,
    Variant,
    make_transcript,
)

MARKER = "zebracrossing"
AUDIO = PreparedAudio(0.5, ChannelMode.MONO, bytes(16_000), b"")
CALLBACK_URL = "https://api.example.org/api/webhooks/lemonfox?callId=c&exp=1&sig=2"

EMPTY = FailureReason.TRANSCRIPTION_EMPTY
INVALID = FailureReason.TRANSCRIPTION_INVALID_RESPONSE
REFUSED = FailureReason.TRANSCRIPTION_4XX
TIMEOUT = FailureReason.TRANSCRIPTION_TIMEOUT
UNAVAILABLE = FailureReason.TRANSCRIPTION_UNAVAILABLE

USUAL = "usual"
"""A pause of 2 s, give or take a quarter."""


@dataclass
class Client:
    """A transcriber and the pauses that it has asked for."""

    http: httpx.AsyncClient
    settings: LemonfoxSettings
    pauses: list[float] = field(default_factory=list)

    @property
    def transcriber(self) -> LemonfoxTranscriber:
        return LemonfoxTranscriber(self.http, self.settings, AudioSettings(), sleep=self._sleep)

    def show_pauses(self) -> list[float | str]:
        return [USUAL if 1.5 <= pause <= 2.5 else pause for pause in self.pauses]

    async def failure(self) -> HardFailureError:
        with pytest.raises(HardFailureError) as failed:
            await self.transcriber.transcribe(AUDIO)
        return failed.value

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def lemonfox() -> Iterator[Lemonfox]:
    with Lemonfox() as double:
        yield double


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http_client() as opened:
        yield opened


@pytest.fixture
def client(http: httpx.AsyncClient, lemonfox: Lemonfox) -> Client:
    return Client(http, LemonfoxSettings(KEY, lemonfox.base_url, "whisper-1", None, timeout_seconds=10))


def says(status: int, **headers: str) -> Answer:
    """A refusal that repeats what must not get anywhere."""
    return json_answer({"error": {"message": f"{MARKER} {KEY}"}}, status, headers)


def text(name: str, value: str) -> FormPart:
    return FormPart(name, None, None, value.encode())


# What is sent


async def test_form_is_as_documented(client: Client, lemonfox: Lemonfox) -> None:
    await client.transcriber.transcribe(AUDIO)

    assert lemonfox.forms == [
        [
            text("model", "whisper-1"),
            text("response_format", "verbose_json"),
            text("speaker_labels", "true"),
            text("timestamp_granularities[]", "word"),
            text("timestamp_granularities[]", "segment"),
            FormPart("file", "audio.wav", "audio/wav", encode_wav(AUDIO.transcription)),
        ]
    ]


@pytest.mark.parametrize(
    ("language", "sent"), [("de", "german"), ("DE", "german"), ("german", "german"), ("cantonese", "cantonese")]
)
async def test_language_is_sent_by_its_name(client: Client, lemonfox: Lemonfox, language: str, sent: str) -> None:
    client.settings = replace(client.settings, language=language)

    await client.transcriber.transcribe(AUDIO)

    assert text("language", sent) in lemonfox.forms[0]


async def test_recording_that_was_not_decoded_is_sent_as_it_came(client: Client, lemonfox: Lemonfox) -> None:
    original = replace(AUDIO, duration_seconds=None, transcription=b"", original=OriginalFile(b"\r\n--sound", "m4a"))

    await client.transcriber.transcribe(original)

    assert lemonfox.forms[0][-1] == FormPart("file", "audio.m4a", "audio/mp4", b"\r\n--sound")


async def test_repeated_request_sends_all_of_it_again(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.upcoming.append(Failure.UNAVAILABLE)

    await client.transcriber.transcribe(AUDIO)

    assert lemonfox.forms[0] == lemonfox.forms[1]


async def test_slash_after_the_base_url_does_not_count(client: Client, lemonfox: Lemonfox) -> None:
    client.settings = replace(client.settings, base_url=f"{lemonfox.base_url}/")

    await client.transcriber.transcribe(AUDIO)

    assert lemonfox.requests[0].path == "/v1/audio/transcriptions"


# What comes back


async def test_answer_is_kept_byte_for_byte(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.failure = json_answer(make_transcript())

    assert await client.transcriber.transcribe(AUDIO) == lemonfox.failure.body


HELLO = (("Hello,", 0.31, 0.7), ("this", 0.92, 1.05), ("is", 1.08, 1.2), ("Jimmy.", 1.3, 2.05))
HI = (("Hi", 2.6, 2.8), ("Jimmy,", 2.85, 3.2), ("how", 3.3, 3.5), ("are", 3.55, 3.7), ("you?", 3.75, 4.1))
FIRST, SECOND = "Hello, this is Jimmy.", "Hi Jimmy, how are you?"


def words(timed: tuple[tuple[str, float, float], ...], speaker: str | None) -> tuple[Word, ...]:
    return tuple(Word(word, start, end, speaker, 0.9) for word, start, end in timed)


def segments(first: str | None, second: str | None) -> tuple[AsrSegment, ...]:
    return (
        AsrSegment(FIRST, 0.31, 2.05, words(HELLO, first), first),
        AsrSegment(SECOND, 2.6, 4.1, words(HI, second), second),
    )


BARE = (AsrSegment(FIRST, 0.31, 2.05, (), "SPEAKER_00"), AsrSegment(SECOND, 2.6, 4.1, (), "SPEAKER_01"))
UNTIMED = tuple(replace(segment, words=tuple(Word(word) for word in segment.text.split())) for segment in BARE)
EXPECTED: dict[Variant, dict[str, Any]] = {
    Variant.NESTED_WORDS: {"segments": segments("SPEAKER_00", "SPEAKER_01")},
    Variant.TOP_LEVEL_WORDS: {
        "segments": BARE,
        "words": tuple(Word(word, start, end) for word, start, end in HELLO + HI),
    },
    Variant.NO_WORDS: {"segments": BARE},
    Variant.WORDS_WITHOUT_TIMES: {"segments": UNTIMED},
    Variant.NO_SPEAKERS: {"segments": segments(None, None)},
    Variant.ONE_SPEAKER: {"segments": segments("SPEAKER_00", "SPEAKER_00")},
    Variant.STRANGE_SPEAKERS: {"segments": segments("SPEAKER_17", "4")},
    Variant.EMPTY_SEGMENTS: {"segments": ()},
    Variant.BLANK_SEGMENTS: {"segments": segments("SPEAKER_00", "SPEAKER_01")},
}


@pytest.mark.parametrize("variant", EXPECTED)
async def test_every_variant_is_a_transcript(client: Client, lemonfox: Lemonfox, variant: Variant) -> None:
    lemonfox.variant = variant

    content = await client.transcriber.transcribe(AUDIO)

    assert client.transcriber.parse(content) == RawTranscript(
        language="english", duration_seconds=6.4, text=f"{FIRST} {SECOND}", **EXPECTED[variant]
    )


@pytest.mark.parametrize(
    ("variant", "lines"),
    [
        (Variant.WORDS_WITHOUT_TIMES, [("SPEAKER_00", 0.31, 2.05, FIRST), ("SPEAKER_01", 2.6, 4.1, SECOND)]),
        (Variant.TOP_LEVEL_WORDS, [("SPEAKER_00", 0.31, 2.05, FIRST), ("SPEAKER_01", 2.6, 4.1, SECOND)]),
        (Variant.BACKWARDS, [("SPEAKER_01", 2.6, 4.1, SECOND), ("SPEAKER_00", 0.31, 2.05, FIRST)]),
        (Variant.STRANGE_SPEAKERS, [("SPEAKER_17", 0.31, 2.05, FIRST), ("SPEAKER_04", 2.6, 4.1, SECOND)]),
        (Variant.NO_SPEAKERS, [("SPEAKER_00", 0.31, 2.05, FIRST), ("SPEAKER_00", 2.6, 4.1, SECOND)]),
        (Variant.EMPTY_SEGMENTS, [("SPEAKER_00", 0.0, 6.4, f"{FIRST} {SECOND}")]),
    ],
)
async def test_labels_and_times_of_a_strange_answer_can_be_used(
    client: Client, lemonfox: Lemonfox, variant: Variant, lines: list[tuple[str, float, float, str]]
) -> None:
    lemonfox.variant = variant

    content = await client.transcriber.transcribe(AUDIO)

    said = align(client.transcriber.parse(content), [])
    assert [(one.speaker, one.start_seconds, one.end_seconds, one.text) for one in said] == lines


# Failures


@pytest.mark.parametrize(
    ("failure", "reason", "requests", "pauses"),
    [
        (Failure.CLOSED_CONNECTION, UNAVAILABLE, 2, [USUAL]),
        (Cut.RESET, UNAVAILABLE, 2, [USUAL]),
        (says(302, Location="/v1/elsewhere"), INVALID, 1, []),
        (says(400), REFUSED, 1, []),
        (says(401), REFUSED, 1, []),
        (says(402), REFUSED, 1, []),
        (says(403), REFUSED, 1, []),
        (says(404), REFUSED, 1, []),
        (says(408), UNAVAILABLE, 2, [USUAL]),
        (says(413), REFUSED, 1, []),
        (says(422), REFUSED, 1, []),
        (says(425), UNAVAILABLE, 2, [USUAL]),
        (RATE_LIMITED, REFUSED, 3, [USUAL, USUAL]),
        (RATE_LIMITED_FOR_7_S, REFUSED, 3, [7.0, 7.0]),
        (says(429, **{"Retry-After": "3600"}), REFUSED, 3, [30.0, 30.0]),
        (says(429, **{"Retry-After": "soon"}), REFUSED, 3, [USUAL, USUAL]),
        (says(500), UNAVAILABLE, 2, [USUAL]),
        (BROKEN_500, UNAVAILABLE, 2, [USUAL]),
        (says(503), UNAVAILABLE, 2, [USUAL]),
        (says(503, **{"Retry-After": "3600"}), UNAVAILABLE, 2, [30.0]),
        (Failure.HTML, INVALID, 1, []),
        (Failure.BROKEN_JSON, INVALID, 1, []),
        (Answer(200, b""), INVALID, 1, []),
        (json_answer([MARKER]), INVALID, 1, []),
        (json_answer({"text": " ", "segments": [], "words": []}), EMPTY, 1, []),
        (json_answer(ERROR_BODY), EMPTY, 1, []),
    ],
    ids=[
        *("closed connection", "reset in mid-body", "redirect", "400", "401", "402", "403", "404", "408", "413"),
        *("422", "425", "429", "429 for 7 s", "429 for an hour", "429 for garbage", "500", "500 with HTML", "503"),
        *("503 for an hour", "HTML", "truncated JSON", "nothing", "no object", "empty transcript", "error body"),
    ],
)
async def test_failures_end_the_call(
    client: Client,
    lemonfox: Lemonfox,
    failure: Failure | Cut | Answer,
    reason: FailureReason,
    requests: int,
    pauses: list[float | str],
) -> None:
    lemonfox.failure = failure

    failed = await client.failure()

    assert (failed.reason, len(lemonfox.requests), client.show_pauses()) == (reason, requests, pauses)


async def test_refused_connection_ends_the_call_after_two_attempts(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.close()

    failed = await client.failure()

    assert (failed.reason, client.show_pauses()) == (UNAVAILABLE, [USUAL])


@pytest.mark.parametrize("failure", [None, Cut.DRIP], ids=["no answer", "slow drip"])
async def test_time_that_passed_is_not_spent_again(client: Client, lemonfox: Lemonfox, failure: Cut | None) -> None:
    client.settings = replace(client.settings, timeout_seconds=0.3)
    lemonfox.failure = failure
    if failure is None:
        lemonfox.hold()

    failed = await client.failure()

    assert (failed.reason, len(lemonfox.requests), client.pauses) == (TIMEOUT, 1, [])


async def test_outage_and_rate_limits_that_pass_are_forgotten(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.upcoming.extend([RATE_LIMITED, BROKEN_500, RATE_LIMITED_FOR_7_S])

    content = await client.transcriber.transcribe(AUDIO)

    assert client.transcriber.parse(content).segments == segments("SPEAKER_00", "SPEAKER_01")
    assert client.show_pauses() == [USUAL, USUAL, 7.0]


async def test_wrong_key_is_refused(client: Client, lemonfox: Lemonfox) -> None:
    client.settings = replace(client.settings, api_key="lf_wrong")

    assert (await client.failure()).reason is REFUSED


async def test_nobody_is_asked_without_a_key(client: Client, lemonfox: Lemonfox) -> None:
    client.settings = replace(client.settings, api_key=None)

    failed = await client.failure()

    assert (failed.reason, lemonfox.requests) == (FailureReason.TRANSCRIPTION_NOT_CONFIGURED, [])
    assert client.transcriber.parse(b'{"text": "Hi"}').text == "Hi"


async def test_worker_that_is_forced_to_lemonfox_without_a_key_says_so(http: httpx.AsyncClient) -> None:
    settings = load_settings(transcription_provider="lemonfox", lemonfox_model="large-v3")

    with capture_logs() as lines:
        async with open_engines(settings, http, LocalAnalyst()) as engines:
            with pytest.raises(HardFailureError) as failed:
                await engines.transcriber.transcribe(AUDIO)

    assert failed.value.reason is FailureReason.TRANSCRIPTION_NOT_CONFIGURED
    assert (engines.transcriber.provider, engines.transcriber.model, engines.needs_pcm) == (
        "lemonfox",
        "large-v3",
        False,
    )
    assert [line["event"] for line in lines] == ["lemonfox_not_configured", "engines_chosen"]


async def test_worker_sends_mp3_where_the_settings_say_so(http: httpx.AsyncClient, lemonfox: Lemonfox) -> None:
    settings = load_settings(
        lemonfox_api_key=KEY, lemonfox_base_url=lemonfox.base_url, audio_preprocessing_output_format="mp3"
    )

    async with open_engines(settings, http, LocalAnalyst()) as engines:
        await engines.transcriber.transcribe(AUDIO)

    assert (lemonfox.forms[0][-1].file_name, lemonfox.forms[0][-1].content_type) == ("audio.mp3", "audio/mpeg")


# Callbacks


@pytest.mark.parametrize(
    "acceptance",
    [
        json_answer({"status": "accepted"}, 202),
        json_answer({"id": "job-1", "text": None}),
        Answer(200, b"OK", content_type="text/plain"),
        Answer(204, b""),
    ],
    ids=["JSON", "an id", "a word", "nothing"],
)
async def test_any_success_accepts_a_recording(client: Client, lemonfox: Lemonfox, acceptance: Answer) -> None:
    lemonfox.acceptance = acceptance

    answer = await client.transcriber.submit(AUDIO, CALLBACK_URL)

    assert (answer, lemonfox.callback_urls) == (None, [CALLBACK_URL])


async def test_transcript_that_comes_at_once_is_answered(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.acceptance = json_answer(make_transcript())

    answer = await client.transcriber.submit(AUDIO, CALLBACK_URL)

    assert answer == lemonfox.acceptance.body


async def test_refused_submission_ends_the_call(client: Client, lemonfox: Lemonfox) -> None:
    lemonfox.failure = says(402)

    with pytest.raises(HardFailureError) as failed:
        await client.transcriber.submit(AUDIO, CALLBACK_URL)

    assert failed.value.reason is REFUSED


# Privacy (pipeline.md, section 11.2)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, at DEBUG; afterwards everything is as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    output = io.StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    configure_logging(load_settings(log_level="DEBUG"))
    yield output
    root.handlers[:], level, config = before
    root.setLevel(level)
    structlog.configure(**config)


@pytest.mark.parametrize(
    "failure",
    [None, says(401), says(429), says(500), Answer(200, MARKER.encode()), json_answer({"segments": MARKER}), Cut.RESET],
    ids=["success", "401", "429", "500", "no JSON", "another shape", "reset"],
)
async def test_neither_key_nor_content_is_logged_or_raised(
    client: Client, lemonfox: Lemonfox, logged: io.StringIO, failure: Answer | Cut | None
) -> None:
    lemonfox.document = make_transcript() | {"text": MARKER}
    lemonfox.failure = failure

    outcome = await report_failure(client)

    shown = outcome + logged.getvalue() + repr(client.settings)
    assert (KEY in shown, MARKER in shown) == (False, False)
    assert ("event=call_failed" in shown) is (failure is not None)


async def report_failure(client: Client) -> str:
    """Ask in both ways; log the failure as the edge of a run does, and answer all of its text."""
    audio = replace(AUDIO, transcription=MARKER.encode() * 2)
    try:
        await client.transcriber.submit(audio, f"{CALLBACK_URL}{MARKER}")
        await client.transcriber.transcribe(audio)
    except HardFailureError as error:
        structlog.get_logger().error("call_failed", exc_info=error)
        return "".join(traceback.format_exception(error))
    return ""
