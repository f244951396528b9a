"""How wrong a transcript is: word error rate and diarization error rates, as the literature counts them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from app.pipeline.speech import Turn

_NOT_IN_WORDS = re.compile(r"[^\w']+")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as `normalized_words` gives it, and who says it."""

    text: str
    speaker: str


@dataclass(frozen=True, slots=True)
class DiarizationError:
    """Seconds in the wrong per second of reference speech; overlapped speech counts once per speaker.

    `missed`: speech without a turn; `false_alarm`: turns without speech; `confusion`: somebody else's turn.
    """

    missed: float
    false_alarm: float
    confusion: float

    @property
    def total(self) -> float:
        """The diarization error rate; may exceed 1."""
        return self.missed + self.false_alarm + self.confusion


def normalized_words(text: str) -> list[str]:
    """Lower-case words without punctuation; apostrophes inside words stay."""
    words = (word.strip("'") for word in _NOT_IN_WORDS.sub(" ", text.lower().replace("’", "'")).split())
    return [word for word in words if word]


def word_error_rate(reference: Sequence[str], hypothesis: Sequence[str]) -> float:
    """Substitutions, deletions and insertions per reference word; 0 when both are empty, may exceed 1."""
    return float(_edit_distances(reference, hypothesis)[-1, -1]) / max(len(reference), 1)


def word_diarization_error_rate(reference: Sequence[SpokenWord], hypothesis: Sequence[SpokenWord]) -> float:
    """The share of matched words that have the wrong speaker, after the best mapping of speakers.

    Words are matched by edit distance; one that was heard as another word is matched as well, so that what is measured
    does not depend on how well the words are understood. Words missed or made up count nowhere; 0 when none is matched.
    """
    pairs = _match([word.text for word in reference], [word.text for word in hypothesis])
    speakers = [(reference[expected].speaker, hypothesis[heard].speaker) for expected, heard in pairs]
    if not speakers:
        return 0.0
    rows, columns = (sorted(set(names)) for names in zip(*speakers, strict=True))
    counts = np.array([[speakers.count((row, column)) for column in columns] for row in rows])
    return 1 - float(counts[linear_sum_assignment(counts, maximize=True)].sum()) / len(speakers)


def _match(reference: Sequence[str], hypothesis: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places, first to last, of words that are equal or stand for each other."""
    distances = _edit_distances(reference, hypothesis)
    pairs = []
    row, column = len(reference), len(hypothesis)
    while row and column:
        substituted = distances[row - 1, column - 1] + (reference[row - 1] != hypothesis[column - 1])
        if distances[row, column] == substituted:
            row, column = row - 1, column - 1
            pairs.append((row, column))
        elif distances[row, column] == distances[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def _edit_distances(reference: Sequence[str], hypothesis: Sequence[str]) -> npt.NDArray[np.int64]:
    """Between the first `row` reference words and the first `column` heard ones (Levenshtein)."""
    distances = np.zeros((len(reference) + 1, len(hypothesis) + 1), dtype=np.int64)
    distances[0], distances[:, 0] = range(len(hypothesis) + 1), range(len(reference) + 1)
    for row, expected in enumerate(reference, start=1):
        for column, heard in enumerate(hypothesis, start=1):
            distances[row, column] = min(
                distances[row - 1, column - 1] + (expected != heard),
                distances[row - 1, column] + 1,
                distances[row, column - 1] + 1,
            )
    return distances


def diarization_error(reference: Sequence[Turn], hypothesis: Sequence[Turn]) -> DiarizationError:
    """How wrong the turns are; no collar, speakers are mapped in the best way. `reference` holds speech."""
    boundaries = sorted({t for turn in (*reference, *hypothesis) for t in (turn.start_seconds, turn.end_seconds)})
    lengths = np.diff(boundaries)
    expected, heard = _activity(reference, boundaries), _activity(hypothesis, boundaries)
    overlaps = (expected * lengths) @ heard.T
    correct = overlaps[linear_sum_assignment(overlaps, maximize=True)].sum()
    said, answered = expected.sum(axis=0), heard.sum(axis=0)
    spoken = (said * lengths).sum()
    return DiarizationError(
        missed=float((np.maximum(said - answered, 0) * lengths).sum() / spoken),
        false_alarm=float((np.maximum(answered - said, 0) * lengths).sum() / spoken),
        # As many speakers of an interval could be right as the smaller of both counts.
        confusion=float(((np.minimum(said, answered) * lengths).sum() - correct) / spoken),
    )


def _activity(turns: Sequence[Turn], boundaries: Sequence[float]) -> npt.NDArray[np.float64]:
    """A row per speaker, a column per interval between boundaries; 1 where that speaker speaks."""
    speakers = sorted({turn.speaker for turn in turns})
    activity = np.zeros((len(speakers), max(len(boundaries) - 1, 0)))
    for turn in turns:
        begin, end = (int(np.searchsorted(boundaries, t)) for t in (turn.start_seconds, turn.end_seconds))
        activity[speakers.index(turn.speaker), begin:end] = 1
    return activity
