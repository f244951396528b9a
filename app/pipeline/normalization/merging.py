"""Neighbouring utterances of one speaker become one. Source: transcript.md, section 4.8."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from app.pipeline.normalization.cleaning import is_speech
from app.pipeline.normalization.loops import collapse_loops
from app.pipeline.normalization.utterance import Utterance, get_lower

_MAX_GAP_HUNDREDTHS = 200


def merge_neighbours(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Join neighbours of one speaker with a gap of at most 2.0 s, and collapse loops that ran over several of them.

    `utterances` are sorted (4.5) and stay so; somebody else's utterance in between prevents joining.
    """
    groups: list[list[Utterance]] = []
    for said in utterances:
        if groups and _belongs_to(groups[-1][-1], said):
            groups[-1].append(said)
        else:
            groups.append([said])
    return [said for said in map(_join, groups) if is_speech(said.text)]


def _belongs_to(before: Utterance, said: Utterance) -> bool:
    gap = said.start_hundredths - before.end_hundredths
    return before.speaker == said.speaker and gap <= _MAX_GAP_HUNDREDTHS


def _join(group: Sequence[Utterance]) -> Utterance:
    if len(group) == 1:
        return group[0]
    return replace(
        group[0],
        end_hundredths=group[-1].end_hundredths,
        text=collapse_loops(" ".join(said.text for said in group)),
        confidence=reduce(get_lower, (said.confidence for said in group)),
    )
