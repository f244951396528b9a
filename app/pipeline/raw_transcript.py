"""Reads a transcription engine's answer: the `verbose_json` of Whisper and Lemonfox, which our own engines write, too.

Every member may be missing, null or unknown to us; only what cannot be a transcript at all is refused. Our own engines
add `engine`, `formatted`, `speakerExact` and a `confidence` per word. Source: pipeline.md, section 3.4.
"""

import math
from collections.abc import Iterable
from typing import Annotated, Any

import orjson
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, ValidationError

from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.speech import AsrSegment, RawTranscript, Word

_MAX_SECONDS = 1e6
"""Eleven days; what stands at such a time stands nowhere."""


def _finite_or_none(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _seconds_or_none(value: Any) -> float | None:
    number = _finite_or_none(value)
    return number if number is not None and abs(number) <= _MAX_SECONDS else None


def _text_or_none(value: Any) -> str | None:
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value).strip() if is_text else ""
    return text or None


_Number = Annotated[float | None, BeforeValidator(_finite_or_none)]
_Seconds = Annotated[float | None, BeforeValidator(_seconds_or_none)]
_Text = Annotated[str | None, BeforeValidator(_text_or_none)]


class _RawWord(BaseModel):
    word: _Text = Field(None, validation_alias=AliasChoices("word", "text"))
    start: _Seconds = None
    end: _Seconds = None
    speaker: _Text = None
    confidence: _Number = Field(None, validation_alias=AliasChoices("confidence", "score", "probability"))


class _RawSegment(BaseModel):
    text: _Text = None
    start: _Seconds = None
    end: _Seconds = None
    speaker: _Text = None
    words: list[_RawWord] | None = None


class _RawAnswer(BaseModel):
    text: _Text = None
    language: _Text = None
    duration: _Seconds = None
    segments: list[_RawSegment] | None = None
    words: list[_RawWord] | None = None
    engine: _Text = None
    formatted: Any = None
    speaker_exact: Any = Field(None, validation_alias="speakerExact")


def parse_verbose_json(content: bytes) -> RawTranscript:
    """Read an answer; segments and words keep its order, blank ones are left out.

    Words inside the segments count more than the flat list, which is read only when no segment has any.

    Raises:
        HardFailureError: `transcription_invalid_response` when it is no JSON object of this shape,
            `transcription_empty` when there is neither text nor a segment nor a word.

    Source: pipeline.md, section 3.4.
    """
    try:
        answer = _RawAnswer.model_validate(orjson.loads(content))
    except (orjson.JSONDecodeError, ValidationError):
        # Not chained: both quote the answer.
        raise HardFailureError(FailureReason.TRANSCRIPTION_INVALID_RESPONSE) from None
    segments = tuple(_segments(answer.segments or ()))
    words = () if any(segment.words for segment in segments) else tuple(_words(answer.words or ()))
    if not segments and not words and answer.text is None:
        raise HardFailureError(FailureReason.TRANSCRIPTION_EMPTY)
    return RawTranscript(
        segments=segments,
        words=words,
        text=answer.text or "",
        language=answer.language,
        duration_seconds=None if answer.duration is None or answer.duration < 0 else answer.duration,
        is_formatted=answer.formatted is not False,
        is_speaker_exact=answer.speaker_exact is True,
        engine=answer.engine,
    )


def _segments(raw: Iterable[_RawSegment]) -> Iterable[AsrSegment]:
    for segment in raw:
        words = tuple(_words(segment.words or ()))
        # Without a text of its own the segment says what its words say.
        text = segment.text or " ".join(word.text for word in words)
        if text:
            yield AsrSegment(text, segment.start, segment.end, words, segment.speaker)


def _words(raw: Iterable[_RawWord]) -> Iterable[Word]:
    for word in raw:
        if word.word is not None:
            yield Word(word.word, word.start, word.end, word.speaker, word.confidence)
