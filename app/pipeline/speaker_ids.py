"""One spelling for the speaker ids of all engines: `SPEAKER_00`, `SPEAKER_01`, … Source: transcript.md, section 3."""

import re
from collections.abc import Iterable, Sequence

from app.pipeline.speech import UNKNOWN_SPEAKER, Turn

_NUMBERED = re.compile(r"(?:SPEAKER_?)?([0-9]{1,6})")


def canonicalize_speaker_ids(labels: Iterable[str]) -> dict[str, str]:
    """Map each label of one engine's answer to its canonical id; the first appearance counts.

    `speaker 1` style labels without a usable number get the first numbers that no other label has. `UNKNOWN` stays.
    """
    seen = list(dict.fromkeys(labels))
    canonical = {label: _numbered(label) for label in seen}
    taken = {speaker for speaker in canonical.values() if speaker is not None}
    named = dict.fromkeys(_fold(label) for label in seen if canonical[label] is None)
    number = 0
    free: dict[str, str] = {}
    for name in named:
        while _speaker_id(number) in taken:
            number += 1
        free[name] = _speaker_id(number)
        number += 1
    return {label: canonical[label] or free[_fold(label)] for label in seen}


def canonicalize_turns(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Answer the turns sorted by start, speaker and end, with canonical ids and ends after starts.

    A turn with a negative time has no time, so it is left out.
    """
    ordered = sorted(
        (_in_order(turn) for turn in turns if min(turn.start_seconds, turn.end_seconds) >= 0),
        key=lambda turn: (turn.start_seconds, turn.end_seconds, turn.speaker),
    )
    ids = canonicalize_speaker_ids(turn.speaker for turn in ordered)
    renamed = [Turn(turn.start_seconds, turn.end_seconds, ids[turn.speaker]) for turn in ordered]
    return tuple(sorted(renamed, key=lambda turn: (turn.start_seconds, turn.speaker, turn.end_seconds)))


def _in_order(turn: Turn) -> Turn:
    if turn.end_seconds >= turn.start_seconds:
        return turn
    return Turn(turn.end_seconds, turn.start_seconds, turn.speaker)


def _numbered(label: str) -> str | None:
    folded = _fold(label)
    if folded == UNKNOWN_SPEAKER:
        return UNKNOWN_SPEAKER
    match = _NUMBERED.fullmatch(folded)
    return None if match is None else _speaker_id(int(match[1]))


def _fold(label: str) -> str:
    return label.strip().upper()


def _speaker_id(number: int) -> str:
    return f"SPEAKER_{number:02d}"
