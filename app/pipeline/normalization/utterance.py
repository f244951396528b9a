"""What the steps of the normalisation pass on: an aligned segment with its times in whole hundredths of a second.

Integers make every threshold and every comparison exact. Source: transcript.md, section 4.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from app.pipeline.alignment import AlignedSegment
from app.pipeline.transcript import Confidence

HUNDREDTHS_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said in one go; `order` is its place in the engine's answer."""

    speaker: str
    start_hundredths: int
    end_hundredths: int
    text: str
    confidence: Confidence
    order: int


def read_utterances(aligned: Iterable[AlignedSegment]) -> list[Utterance]:
    """Round the times of aligned segments; nothing else changes."""
    return [
        Utterance(
            speaker=segment.speaker,
            start_hundredths=to_hundredths(segment.start_seconds),
            end_hundredths=to_hundredths(segment.end_seconds),
            text=segment.text,
            confidence=segment.confidence,
            order=segment.order,
        )
        for segment in aligned
    ]


def to_hundredths(seconds: float) -> int:
    """Round to 0.01 s, halves up."""
    return math.floor(seconds * HUNDREDTHS_PER_SECOND + 0.5)


def to_seconds(hundredths: int) -> float:
    return hundredths / HUNDREDTHS_PER_SECOND


def sort_utterances(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Sort by start, end, speaker id and the engine's order. Source: transcript.md, section 4.5."""
    return sorted(utterances, key=lambda said: (said.start_hundredths, said.end_hundredths, said.speaker, said.order))


def sort_again(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Sort sorted utterances once more after their times have changed, or after they were cut into pieces.

    What has become equal by that stays in the order it had: the engine's order may decide only between utterances that
    were equal from the beginning (4.10). Source: transcript.md, sections 4.5 and 4.6.
    """
    return sorted(utterances, key=lambda said: (said.start_hundredths, said.end_hundredths, said.speaker))


def get_lower(first: Confidence, second: Confidence) -> Confidence:
    """The worse of two confidences."""
    return max(first, second, key=list(Confidence).index)
