"""A double of Lemonfox's transcription, which refuses what the real service refuses or ignores in silence.

Where nobody knows what the real one answers (statuses of refusals, the answer to a request with a callback), this one
picks something. Source: providers.md, section 1.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.doubles.form_parts import FormPart, NoFormError, read_form
from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer

KEY = "lf_test_1"
PATH = "/v1/audio/transcriptions"
MAX_FILE_BYTES = 100 * 1000**2
ERROR_BODY = {"error": {"message": "The file could not be processed.", "type": "server_error", "code": None}}
"""What may be posted instead of a transcript."""

RATE_LIMITED = json_answer({"error": {"message": "Slow down.", "type": "rate_limit", "code": None}}, 429)
RATE_LIMITED_FOR_7_S = json_answer({"message": "Slow down."}, 429, {"Retry-After": "7"})
BROKEN_500 = Answer(500, b"<html><h1>500 Internal Server Error</h1></html>", content_type="text/html")

_LANGUAGE_NAME = re.compile(r"[a-z]{3,}( [a-z]+)*")
_GRANULARITIES = frozenset({"word", "segment"})
_FORMATS = frozenset({"json", "text", "srt", "vtt", "verbose_json"})
_FILE_TYPES = frozenset({"mp3", "wav", "flac", "aac", "opus", "ogg", "m4a", "mp4", "mpeg", "mov", "webm"})

_HELLO = [("Hello,", 0.31, 0.7), ("this", 0.92, 1.05), ("is", 1.08, 1.2), ("Jimmy.", 1.3, 2.05)]
_HI = [("Hi", 2.6, 2.8), ("Jimmy,", 2.85, 3.2), ("how", 3.3, 3.5), ("are", 3.55, 3.7), ("you?", 3.75, 4.1)]


class Variant(StrEnum):
    """What a transcript looks like today."""

    NESTED_WORDS = "nested_words"
    TOP_LEVEL_WORDS = "top_level_words"
    NO_WORDS = "no_words"
    WORDS_WITHOUT_TIMES = "words_without_times"
    NO_SPEAKERS = "no_speakers"
    """Every speaker is null, as without diarization, and as from most other servers."""
    ONE_SPEAKER = "one_speaker"
    STRANGE_SPEAKERS = "strange_speakers"
    """More of them than there can be, and one that is a bare number."""
    EMPTY_SEGMENTS = "empty_segments"
    """No segments, only the text."""
    BLANK_SEGMENTS = "blank_segments"
    """Segments that say nothing stand between those that do."""
    BACKWARDS = "backwards"
    """Ends before starts, later words before earlier ones, and the second sentence first."""


def make_transcript(variant: Variant = Variant.NESTED_WORDS) -> dict[str, Any]:
    """A `verbose_json` of two sentences by two speakers."""
    document: dict[str, Any] = {
        "task": "transcribe",
        "language": "english",
        "duration": 6.4,
        "text": " Hello, this is Jimmy. Hi Jimmy, how are you?",
        "segments": [_segment(0, _HELLO, "SPEAKER_00"), _segment(1, _HI, "SPEAKER_01")],
    }
    if variant in _CHANGES:
        _CHANGES[variant](document)
    return document


def _segment(number: int, words: list[tuple[str, float, float]], speaker: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "start": words[0][1],
        "end": words[-1][2],
        "text": " " + " ".join(word for word, _, _ in words),
        "speaker": speaker,
        "avg_logprob": -0.21,
        "words": [
            {"word": word, "start": start, "end": end, "score": 0.9, "speaker": speaker} for word, start, end in words
        ],
    }


def _move_words_up(document: dict[str, Any]) -> None:
    nested = [word for segment in document["segments"] for word in segment.pop("words")]
    document["words"] = [{name: word[name] for name in ("word", "start", "end")} for word in nested]


def _drop_words(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        segment["words"] = []


def _drop_times(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        segment["words"] = [{"word": word["word"]} for word in segment["words"]]


def _label(*speakers: str | int | None) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for segment, speaker in zip(document["segments"], speakers, strict=True):
            segment["speaker"] = speaker
            for word in segment["words"]:
                word["speaker"] = speaker

    return change


def _drop_segments(document: dict[str, Any]) -> None:
    document["segments"] = []


def _add_blanks(document: dict[str, Any]) -> None:
    blank = {"id": 9, "start": 2.1, "end": 2.5, "text": " ", "speaker": None, "words": []}
    document["segments"] = [blank, document["segments"][0], blank, document["segments"][1], {}]


def _turn_back(document: dict[str, Any]) -> None:
    for segment in document["segments"]:
        segment["start"], segment["end"] = segment["end"], segment["start"]
        times = [(word["end"], word["start"]) for word in reversed(segment["words"])]
        for word, (start, end) in zip(segment["words"], times, strict=True):
            word["start"], word["end"] = start, end
    document["segments"].reverse()


_CHANGES: Mapping[Variant, Callable[[dict[str, Any]], None]] = {
    Variant.TOP_LEVEL_WORDS: _move_words_up,
    Variant.NO_WORDS: _drop_words,
    Variant.WORDS_WITHOUT_TIMES: _drop_times,
    Variant.NO_SPEAKERS: _label(None, None),
    Variant.ONE_SPEAKER: _label("SPEAKER_00", "SPEAKER_00"),
    Variant.STRANGE_SPEAKERS: _label("SPEAKER_17", 4),
    Variant.EMPTY_SEGMENTS: _drop_segments,
    Variant.BLANK_SEGMENTS: _add_blanks,
    Variant.BACKWARDS: _turn_back,
}


class Lemonfox(HttpDouble):
    """Answers transcriptions as `variant` says, or with `document` where a test sets one.

    A request with a `callback_url` gets `acceptance`; the transcript is posted when the test says so, with `call_back`:
    never, once, twice, or `ERROR_BODY` instead. See `HttpDouble` for what can go wrong.
    """

    def __init__(self, variant: Variant = Variant.NESTED_WORDS, *, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.variant = variant
        self.document: dict[str, Any] | None = None
        self.acceptance = json_answer({"status": "accepted"}, 202)
        self._max_file_bytes = max_file_bytes
        super().__init__()

    @property
    def base_url(self) -> str:
        """The value of LEMONFOX_BASE_URL."""
        return f"http://{self.host}/v1"

    @property
    def forms(self) -> list[list[FormPart]]:
        """The forms that arrived, in order; none but multipart requests may have arrived."""
        return [read_form(request.headers["Content-Type"], request.body) for request in self.requests]

    @property
    def callback_urls(self) -> list[str]:
        """Where transcripts shall be posted to, in the order of the requests."""
        return [part.text for form in self.forms for part in form if part.name == "callback_url"]

    def call_back(self, url: str, document: object | None = None) -> httpx.Response:
        """Post a transcript, or another JSON value, as the service does when it is ready, and answer what was said.

        From a coroutine, call it in a thread.
        """
        return httpx.post(url, json=self._transcript() if document is None else document, timeout=10, trust_env=False)

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", PATH):
            return _refuse(404, "Not found.")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _refuse(401, "Incorrect API key provided.")
        try:
            form = read_form(request.headers.get("Content-Type"), request.body)
        except NoFormError as error:
            return _refuse(400, str(error))
        if any(part.name == "file" and len(part.content) > self._max_file_bytes for part in form):
            return _refuse(413, "The file is too large.")
        problem = _find_problem(form)
        if problem is not None:
            return _refuse(400, problem)
        if any(part.name == "callback_url" for part in form):
            return self.acceptance
        return json_answer(self._transcript())

    def _transcript(self) -> dict[str, Any]:
        return make_transcript(self.variant) if self.document is None else self.document


def _find_problem(form: list[FormPart]) -> str | None:
    """What the service would not take, or would take for something else than was meant."""
    names = [part.name for part in form]
    doubled = {name for name in names if names.count(name) > 1} - {"timestamp_granularities[]"}
    if doubled:
        return f"sent twice: {sorted(doubled)}"
    unknown = set(names) - _CHECKS.keys()
    if unknown:
        return f"unknown fields: {sorted(unknown)}"
    if "file" not in names:
        return "file is missing"
    for part in form:
        if part.name != "file" and part.file_name is not None:
            return f"{part.name} is a file"
        if not _CHECKS[part.name](part):
            return f"{part.name} cannot be that"
    values = {part.name: part.text for part in form if part.name != "file"}
    if (
        values.get("response_format", "json") != "verbose_json"
        and {
            "speaker_labels",
            "timestamp_granularities[]",
        }
        & values.keys()
    ):
        return "labels and granularities need verbose_json"
    if values.get("speaker_labels") != "true" and {"min_speakers", "max_speakers"} & values.keys():
        return "a number of speakers needs speaker_labels"
    return None


def _is_audio_file(part: FormPart) -> bool:
    if part.file_name is None:
        return part.text.startswith("https://")
    extension = part.file_name.rpartition(".")[2]
    return extension in _FILE_TYPES and (part.content_type or "").startswith("audio/") and bool(part.content)


def _is_one_of(*allowed: str) -> Callable[[FormPart], bool]:
    return lambda part: part.text in allowed


def _is_number(part: FormPart) -> bool:
    return part.text.isdigit()


def _is_web_address(part: FormPart) -> bool:
    # Plain HTTP too, since the receiver of a test has no certificate.
    return urlsplit(part.text).scheme in ("http", "https") and urlsplit(part.text).hostname is not None


_CHECKS: Mapping[str, Callable[[FormPart], bool]] = {
    "file": _is_audio_file,
    "model": lambda part: bool(part.text),
    "response_format": _is_one_of(*_FORMATS),
    "speaker_labels": _is_one_of("true", "false"),
    "min_speakers": _is_number,
    "max_speakers": _is_number,
    "timestamp_granularities[]": _is_one_of(*_GRANULARITIES),
    "language": lambda part: _LANGUAGE_NAME.fullmatch(part.text) is not None,
    "prompt": lambda part: len(part.text) <= 800,
    "translate": _is_one_of("true", "false"),
    "callback_url": _is_web_address,
}


def _refuse(status: int, message: str) -> Answer:
    return json_answer({"error": {"message": message, "type": "invalid_request_error", "code": None}}, status)
