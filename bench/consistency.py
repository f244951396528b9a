"""What must hold of every transcript and analysis, however well the words were understood."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from app.pipeline.alignment import align
from app.pipeline.normalization.stage import normalize
from app.pipeline.restoration import restore_formatting
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speech import RawTranscript, Turn
from app.pipeline.transcript import PipelineInfo, Transcript
from app.providers.local_analysis.document import build_analysis
from app.providers.protocols import AnalysisRequest

_CALL_ID = UUID(int=0)
_RECORDED_AT = datetime(2026, 2, 10, 9, tzinfo=UTC)


def find_faults(raw: RawTranscript, turns: tuple[Turn, ...], duration_seconds: float) -> list[str]:
    """Take what was heard through all later stages; the names of the rules that the result breaks.

    Raises:
        HardFailureError: nobody said anything.
    """
    aligned = align(raw, turns)
    if not raw.is_formatted:
        aligned = restore_formatting(aligned, ())
    transcript = normalize(
        aligned,
        raw,
        call_id=_CALL_ID,
        duration_seconds=duration_seconds,
        pipeline=PipelineInfo("local", "bench", "local"),
        created_at="2026-02-10T09:00:00Z",
    )
    transcript = resolve_speakers(transcript, SpeakerContext())
    analysis = build_analysis(transcript, AnalysisRequest(_CALL_ID, _RECORDED_AT, None))
    rules = {
        "order": _is_ordered(transcript),
        "bounds": all(0 <= s.start_seconds <= s.end_seconds <= duration_seconds + 0.01 for s in transcript.segments),
        "overlap": not _has_overlap(transcript),
        "speakers": {s.speaker_id for s in transcript.segments} == {s.speaker_id for s in transcript.speakers},
        "citations": set(_iter_cited(analysis)) <= {segment.id for segment in transcript.segments},
    }
    return [name for name, holds in rules.items() if not holds]


def _is_ordered(transcript: Transcript) -> bool:
    return all(before.start_seconds <= after.start_seconds for before, after in pairwise(transcript.segments))


def _has_overlap(transcript: Transcript) -> bool:
    """Whether two segments of one speaker overlap."""
    own = ([s for s in transcript.segments if s.speaker_id == who.speaker_id] for who in transcript.speakers)
    return any(before.end_seconds > after.start_seconds for mine in own for before, after in pairwise(mine))


def _iter_cited(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("sourceSegmentIds") or ()
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _iter_cited(inner)
