"""How wrong a transcript is: word error rate and diarization error rate, as the literature counts them."""

import re
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from app.pipeline.speech import Turn

_NOT_IN_WORDS = re.compile(r"[^\w']+")


def normalized_words(text: str) -> list[str]:
    """Lower-case words without punctuation; apostrophes inside words stay."""
    words = (word.strip("'") for word in _NOT_IN_WORDS.sub(" ", text.lower().replace("’", "'")).split())
    return [word for word in words if word]


def word_error_rate(reference: Sequence[str], hypothesis: Sequence[str]) -> float:
    """Substitutions, deletions and insertions per reference word; 0 when both are empty, may exceed 1."""
    if not reference:
        return float(len(hypothesis))
    distances = list(range(len(hypothesis) + 1))
    for row, expected in enumerate(reference, start=1):
        diagonal, distances[0] = distances[0], row
        for column, heard in enumerate(hypothesis, start=1):
            substituted = diagonal + (expected != heard)
            diagonal = distances[column]
            distances[column] = min(substituted, distances[column] + 1, distances[column - 1] + 1)
    return distances[-1] / len(reference)


def diarization_error_rate(reference: Sequence[Turn], hypothesis: Sequence[Turn]) -> float:
    """Missed, false and wrongly attributed speech per second of reference speech.

    No collar, overlapped speech counts once per speaker, speakers are mapped in the best way. `reference` holds speech.
    """
    boundaries = sorted({t for turn in (*reference, *hypothesis) for t in (turn.start_seconds, turn.end_seconds)})
    lengths = np.diff(boundaries)
    expected, heard = _activity(reference, boundaries), _activity(hypothesis, boundaries)
    overlaps = (expected * lengths) @ heard.T
    rows, columns = linear_sum_assignment(overlaps, maximize=True)
    correct = overlaps[rows, columns].sum()
    # Of each interval, as many speakers are wrong as the larger of both counts, less those that match.
    total = (np.maximum(expected.sum(axis=0), heard.sum(axis=0)) * lengths).sum()
    return float((total - correct) / (expected.sum(axis=0) * lengths).sum())


def _activity(
    turns: Sequence[Turn], boundaries: Sequence[float]
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """A row per speaker, a column per interval between boundaries; 1 where that speaker speaks."""
    speakers = sorted({turn.speaker for turn in turns})
    activity = np.zeros((len(speakers), max(len(boundaries) - 1, 0)))
    for turn in turns:
        begin, end = (int(np.searchsorted(boundaries, t)) for t in (turn.start_seconds, turn.end_seconds))
        activity[speakers.index(turn.speaker), begin:end] = 1
    return activity
