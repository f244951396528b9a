"""The answer of our own transcription engines: the shape of Whisper's `verbose_json`, plus what we know beyond it.

`app/pipeline/raw_transcript.py` reads it. Source: pipeline.md, section 3.4.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from app.pipeline.speech import Word

_PAUSE_SECONDS = 0.6  # ends a sentence (transcript.md, section 4.0), so it ends a segment, too


def to_verbose_json(
    engine: str,
    words: Sequence[Word],
    *,
    duration_seconds: float,
    language: str | None,
    is_formatted: bool,
    is_speaker_exact: bool,
) -> bytes:
    """Write words as segments, sorted by their start.

    Words have times and are in order among those of their speaker. No words give no segments and an empty text.
    """
    tracks = [[word for word in words if word.speaker == speaker] for speaker in {word.speaker for word in words}]
    segments = sorted((segment for track in tracks for segment in _segments(track)), key=_segment_order)
    document = {
        "task": "transcribe",
        "engine": engine,
        "formatted": is_formatted,
        "speakerExact": is_speaker_exact,
        "language": language,
        "duration": round(duration_seconds, 3),
        "text": " ".join(segment["text"] for segment in segments),
        "segments": [{"id": number, **segment} for number, segment in enumerate(segments)],
    }
    return orjson.dumps(document)


def _segment_order(segment: dict[str, Any]) -> tuple[float, str]:
    return segment["start"], segment.get("speaker") or ""


def _segments(words: Sequence[Word]) -> Iterator[dict[str, Any]]:
    run: list[Word] = []
    for word in words:
        if run and (word.start_seconds or 0) - (run[-1].end_seconds or 0) >= _PAUSE_SECONDS:
            yield _segment(run)
            run = []
        run.append(word)
    if run:
        yield _segment(run)


def _segment(words: Sequence[Word]) -> dict[str, Any]:
    segment = {
        "start": words[0].start_seconds,
        "end": words[-1].end_seconds,
        "text": " ".join(word.text for word in words),
        "words": [_word(word) for word in words],
    }
    return _with_speaker(segment, words[0].speaker)


def _word(word: Word) -> dict[str, Any]:
    document = {
        "word": word.text,
        "start": word.start_seconds,
        "end": word.end_seconds,
        "confidence": word.confidence,
    }
    return _with_speaker(document, word.speaker)


def _with_speaker(document: dict[str, Any], speaker: str | None) -> dict[str, Any]:
    return document if speaker is None else {**document, "speaker": speaker}
