import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.intervals import IntervalIndex

_times = st.integers(0, 40)
_intervals = st.lists(st.tuples(_times, _times).map(sorted).map(tuple), max_size=15).map(sorted)


def test_overlapping_intervals_come_with_their_shared_seconds() -> None:
    index = IntervalIndex([(0, 10), (1, 2), (3, 4), (5, 6)])

    assert index.overlapping(1.5, 3.5) == [(0, 2.0), (1, 0.5), (2, 0.5)]


def test_touching_is_not_overlapping() -> None:
    assert IntervalIndex([(0, 1), (2, 3)]).overlapping(1, 2) == []


@pytest.mark.parametrize(
    ("start", "end", "nearest"),
    [(4, 5, (1, 1.0)), (1, 1.5, (0, 0.0)), (3.5, 4.5, (1, 0.5)), (20, 21, (2, 12.0)), (0.5, 0.6, (0, 0.0))],
    ids=["a tie goes to the earlier", "touching", "nearer to the left", "behind all", "inside"],
)
def test_nearest_interval(start: float, end: float, nearest: tuple[int, float]) -> None:
    assert IntervalIndex([(0, 1), (2, 3), (6, 8)]).nearest(start, end) == nearest


def test_nothing_is_nearest_among_nothing() -> None:
    assert IntervalIndex([]).nearest(0, 1) is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_intervals, _times, _times)
def test_search_finds_what_looking_at_all_intervals_finds(
    intervals: list[tuple[int, int]], first: int, second: int
) -> None:
    start, end = sorted((first, second))
    shared = [(at, min(right, end) - max(left, start)) for at, (left, right) in enumerate(intervals)]
    gaps = [(max(0, left - end, start - right), at) for at, (left, right) in enumerate(intervals)]

    index = IntervalIndex(intervals)

    assert index.overlapping(start, end) == [(at, seconds) for at, seconds in shared if seconds > 0]
    assert index.nearest(start, end) == ((min(gaps)[1], min(gaps)[0]) if gaps else None)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_intervals, _times, st.integers(1, 10))
def test_only_cover_is_the_one_interval_that_shares_all_of_the_stretch(
    intervals: list[tuple[int, int]], start: int, length: int
) -> None:
    end = start + length

    index = IntervalIndex(intervals)

    overlaps = index.overlapping(start, end)
    expected = overlaps[0][0] if [seconds for _, seconds in overlaps] == [length] else None
    assert index.find_only_cover(start, end) in (expected, None)


@pytest.mark.parametrize(
    ("start", "end", "position"), [(1, 2, 0), (0, 4, 0), (4, 5, 1), (5, 7, None), (3, 5, None), (9, 10, None)]
)
def test_only_cover(start: float, end: float, position: int | None) -> None:
    assert IntervalIndex([(0, 4), (4, 8), (6, 8)]).find_only_cover(start, end) == position
