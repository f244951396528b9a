"""Normalisation, version 3: from aligned segments to an anonymous transcript. Source: transcript.md, section 4."""

import math
from collections.abc import Sequence
from uuid import UUID

from app.pipeline.alignment import AlignedSegment
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.normalization.cleaning import clean_utterances
from app.pipeline.normalization.duplicates import drop_near_duplicates
from app.pipeline.normalization.languages import get_language_code
from app.pipeline.normalization.merging import merge_neighbours
from app.pipeline.normalization.overlaps import resolve_overlaps
from app.pipeline.normalization.splitting import split_utterance
from app.pipeline.normalization.utterance import (
    HUNDREDTHS_PER_SECOND,
    Utterance,
    read_utterances,
    sort_again,
    sort_utterances,
    to_seconds,
)
from app.pipeline.speech import RawTranscript
from app.pipeline.transcript import PipelineInfo, Segment, Speaker, Transcript


def normalize(
    aligned: Sequence[AlignedSegment],
    raw: RawTranscript,
    *,
    call_id: UUID,
    duration_seconds: float | None,
    pipeline: PipelineInfo,
    created_at: str,
) -> Transcript:
    """Make the transcript of aligned, formatted segments; nobody has a name or role yet.

    `raw` tells language and duration as the engine did; `duration_seconds` is the measured one.

    Raises:
        HardFailureError: `transcription_empty` when no segment is left.

    Source: transcript.md, sections 1 and 4.1 to 4.10.
    """
    utterances = normalize_utterances(aligned, duration_seconds)
    if not utterances:
        raise HardFailureError(FailureReason.TRANSCRIPTION_EMPTY)
    sources = dict.fromkeys(said.speaker for said in utterances)
    speakers = {source: Speaker(number, source) for number, source in enumerate(sources, start=1)}
    return Transcript(
        call_id=str(call_id),
        speakers=tuple(speakers.values()),
        segments=tuple(
            _make_segment(number, said, speakers[said.speaker]) for number, said in enumerate(utterances, start=1)
        ),
        pipeline=pipeline,
        created_at=created_at,
        language=get_language_code(raw.language),
        duration_seconds=_choose_duration(duration_seconds, raw.duration_seconds, utterances),
    )


def normalize_utterances(aligned: Sequence[AlignedSegment], duration_seconds: float | None) -> list[Utterance]:
    """Do steps 4.1 to 4.9; the result is sorted by 4.5 and lies within the recording."""
    duration = None if duration_seconds is None else _floor_hundredths(duration_seconds)
    cleaned = sort_utterances(clean_utterances(read_utterances(aligned), duration))
    merged = merge_neighbours(drop_near_duplicates(resolve_overlaps(cleaned)))
    # The pieces of two speakers who talk at once have to be sorted in again.
    return sort_again(piece for said in merged for piece in split_utterance(said))


def _floor_hundredths(seconds: float) -> int:
    # Rounded first, since 43.21 * 100 is a little less than 4321.
    return math.floor(round(seconds * HUNDREDTHS_PER_SECOND, 6))


def _make_segment(number: int, said: Utterance, speaker: Speaker) -> Segment:
    return Segment(
        id=f"seg_{number:04d}",
        speaker_id=speaker.speaker_id,
        start_seconds=to_seconds(said.start_hundredths),
        end_seconds=to_seconds(said.end_hundredths),
        text=said.text,
        alignment_confidence=said.confidence,
    )


def _choose_duration(measured: float | None, told: float | None, utterances: Sequence[Utterance]) -> int:
    """Whole seconds, halves up: measured, else the engine's, else the end of what was said."""
    seconds = measured if measured is not None else told
    if seconds is None:
        seconds = to_seconds(max(said.end_hundredths for said in utterances))
    return math.floor(seconds + 0.5)
