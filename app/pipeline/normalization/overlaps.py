"""Neighbours that run into each other. Source: transcript.md, section 4.6."""

from collections.abc import Sequence
from dataclasses import replace

from app.pipeline.normalization.utterance import Utterance, sort_again

_MAX_TINY_HUNDREDTHS = 30
_MIN_LEFT_HUNDREDTHS = 5


def resolve_overlaps(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Part neighbours that overlap a little, and one speaker's utterances however much they overlap.

    Larger overlaps of two speakers are real cross-talk and stay. Input and result are sorted (4.5); all texts stay.
    """
    return sort_again(_part_speakers(_part_neighbours(utterances)))


def _part_neighbours(utterances: Sequence[Utterance]) -> list[Utterance]:
    parted: list[Utterance] = []
    for said in utterances:
        if parted and parted[-1].speaker != said.speaker:
            parted[-1], said = _part(parted[-1], said)
        parted.append(said)
    return parted


def _part(earlier: Utterance, later: Utterance) -> tuple[Utterance, Utterance]:
    # How far the earlier one runs on: a short word in the midst of a long turn is cross-talk, not a tiny overlap.
    overlap = earlier.end_hundredths - later.start_hundredths
    if not 0 < overlap <= _MAX_TINY_HUNDREDTHS:
        return earlier, later
    if later.start_hundredths - earlier.start_hundredths >= _MIN_LEFT_HUNDREDTHS:
        return replace(earlier, end_hundredths=later.start_hundredths), later
    return earlier, _start_at(later, earlier.end_hundredths)


def _part_speakers(utterances: Sequence[Utterance]) -> list[Utterance]:
    parted: list[Utterance] = []
    ends: dict[str, int] = {}
    for said in utterances:
        parted.append(_start_at(said, max(said.start_hundredths, ends.get(said.speaker, 0))))
        ends[said.speaker] = parted[-1].end_hundredths
    return parted


def _start_at(said: Utterance, start: int) -> Utterance:
    if start == said.start_hundredths:
        return said
    return replace(said, start_hundredths=start, end_hundredths=max(start, said.end_hundredths))
