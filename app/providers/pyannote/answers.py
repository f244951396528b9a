"""Reads what pyannoteAI's jobs answer. Everything may be missing (providers.md, section 2.4)."""

import math
from collections.abc import Mapping
from typing import Any

from app.pipeline.speech import Turn


def read_job_turns(job: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a finished diarization or identification job, sorted; entries that are no turns are left out."""
    output = job.get("output")
    rows = output.get("diarization") if isinstance(output, Mapping) else None
    turns = [_read_turn(row) for row in rows] if isinstance(rows, list) else []
    found = [turn for turn in turns if turn is not None]
    return tuple(sorted(found, key=lambda turn: (turn.start_seconds, turn.end_seconds, turn.speaker)))


def _read_turn(row: Any) -> Turn | None:
    if not isinstance(row, Mapping):
        return None
    start, end, speaker = _read_number(row.get("start")), _read_number(row.get("end")), row.get("speaker")
    if start is None or end is None or not isinstance(speaker, str) or not speaker.strip():
        return None
    return Turn(start, end, speaker.strip())


def _read_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
