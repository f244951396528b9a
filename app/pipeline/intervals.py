"""Finding intervals of time: which overlap a stretch, which is nearest. Times are seconds."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

_DECIMALS = 6


def tidy(seconds: float) -> float:
    """Round away what floating point adds, so that equal times compare as equal."""
    return round(seconds, _DECIMALS)


class IntervalIndex:
    """Intervals `(start, end)`, sorted by start; they are named by their position in the given sequence.

    A search costs a bisection and a few steps more than it finds, also where one interval lies over many others.
    """

    def __init__(self, intervals: Sequence[tuple[float, float]]) -> None:
        self._starts = [start for start, _ in intervals]
        self._ends = [end for _, end in intervals]
        # For each position: the interval up to here that ends last (the earliest one of equals), and the nearest one
        # before it that ends later (-1: none), to which a search may jump.
        self._latest: list[int] = []
        self._longer: list[int] = []
        for position, end in enumerate(self._ends):
            latest = self._latest[-1] if self._latest else position
            self._latest.append(position if end > self._ends[latest] else latest)
            longer = position - 1
            while longer >= 0 and self._ends[longer] <= end:
                longer = self._longer[longer]
            self._longer.append(longer)

    def overlapping(self, start: float, end: float) -> list[tuple[int, float]]:
        """The intervals that share more than a point with the stretch, ascending: position and shared seconds."""
        found: list[tuple[int, float]] = []
        for position in self._reaching(bisect_left(self._starts, end), start):
            shared = tidy(min(self._ends[position], end) - max(self._starts[position], start))
            if shared > 0:
                found.append((position, shared))
        return found[::-1]

    def find_only_cover(self, start: float, end: float) -> int | None:
        """The interval that covers all of the stretch while no other one shares any; None when it is less plain.

        It takes one bisection, and answers for nearly every word of a call: `overlapping` is for the others.
        """
        position = bisect_right(self._starts, start) - 1
        if position < 0 or self._ends[position] < end:
            return None
        if position + 1 < len(self._starts) and self._starts[position + 1] < end:
            return None
        if position > 0 and self._ends[self._latest[position - 1]] > start:
            return None
        return position

    def nearest(self, start: float, end: float) -> tuple[int, float] | None:
        """The nearest interval and the gap to it in seconds, 0 when they touch; the earlier one of equals."""
        if not self._starts:
            return None
        behind = bisect_right(self._starts, end)
        touching = list(self._reaching(behind, start))
        if touching:
            return touching[-1], 0.0
        gaps: list[tuple[float, int]] = []
        if behind > 0:
            latest = self._latest[behind - 1]
            gaps.append((tidy(start - self._ends[latest]), latest))
        if behind < len(self._starts):
            gaps.append((tidy(self._starts[behind] - end), behind))
        gap, position = min(gaps)
        return position, gap

    def _reaching(self, behind: int, start: float) -> Iterator[int]:
        """Positions before `behind` whose interval ends at or after `start`, descending."""
        position = behind - 1
        while position >= 0:
            if self._ends[position] >= start:
                yield position
                position -= 1
            else:
                position = self._longer[position]
