"""Reads what pyannoteAI's jobs answer. Everything may be missing (providers.md, section 2.4)."""

import math
from collections.abc import Mapping
from typing import Any

from app.pipeline.speech import Turn
from app.providers.protocols import VoiceInterval

MAX_SCORE = 100.0


def read_job_turns(job: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a finished diarization or identification job, sorted; entries that are no turns are left out."""
    return _read_turns(_read_rows(job, "diarization"), "speaker")


def read_voiceprint(job: Mapping[str, Any]) -> str | None:
    """The voiceprint of a finished job; None when there is none in it."""
    value = _read_output(job).get("voiceprint")
    return value if isinstance(value, str) and value else None


def read_voice_intervals(job: Mapping[str, Any], label: str) -> tuple[VoiceInterval, ...] | None:
    """Each turn of a finished identification job with its speaker's score, sorted by start; None when it has no scores.

    Speakers without a score are left out. A start after the end is taken for the end.
    """
    rows = _read_rows(job, "voiceprints")
    if rows is None:
        return None
    scores = {speaker: score for speaker, score in (_read_score(row, label) for row in rows) if score is not None}
    # What `identification[].speaker` holds is not known: the label or the speaker.
    turns = read_job_turns(job) or _read_turns(_read_rows(job, "identification"), "diarizationSpeaker")
    heard = [_score_turn(turn, scores[turn.speaker]) for turn in turns if turn.speaker in scores]
    return tuple(sorted(heard, key=lambda interval: (interval.start_seconds, interval.end_seconds)))


def _score_turn(turn: Turn, score: float) -> VoiceInterval:
    start, end = sorted((turn.start_seconds, turn.end_seconds))
    return VoiceInterval(start, end, score)


def _read_output(job: Mapping[str, Any]) -> Mapping[str, Any]:
    output = job.get("output")
    return output if isinstance(output, Mapping) else {}


def _read_rows(job: Mapping[str, Any], name: str) -> list[Any] | None:
    rows = _read_output(job).get(name)
    return rows if isinstance(rows, list) else None


def _read_turns(rows: list[Any] | None, speaker_field: str) -> tuple[Turn, ...]:
    turns = (_read_turn(row, speaker_field) for row in rows or ())
    found = [turn for turn in turns if turn is not None]
    return tuple(sorted(found, key=lambda turn: (turn.start_seconds, turn.end_seconds, turn.speaker)))


def _read_turn(row: Any, speaker_field: str) -> Turn | None:
    if not isinstance(row, Mapping):
        return None
    start, end, speaker = _read_number(row.get("start")), _read_number(row.get("end")), row.get(speaker_field)
    if start is None or end is None or not isinstance(speaker, str) or not speaker.strip():
        return None
    return Turn(start, end, speaker.strip())


def _read_score(row: Any, label: str) -> tuple[str, float | None]:
    """A speaker and its score, 0 to 1."""
    confidence = row.get("confidence") if isinstance(row, Mapping) else None
    score = _read_number(confidence.get(label)) if isinstance(confidence, Mapping) else None
    speaker = row.get("speaker") if isinstance(row, Mapping) else None
    if score is None or not isinstance(speaker, str):
        return "", None
    return speaker.strip(), min(max(score / MAX_SCORE, 0.0), 1.0)


def _read_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
