"""Cutting what is too long for one question: nothing is lost, nothing is twice, and it ends."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.transcript import Confidence, Segment
from app.providers.openai.windows import EARLIER_SEGMENTS, Window, cut_windows, group_parts, halve_window


def said(length: int, number: int = 0) -> Segment:
    return Segment(f"seg_{number:04}", "spk_1", float(number), number + 0.5, "x" * length, Confidence.HIGH)


def measure(segment: Segment) -> int:
    return len(segment.text)


def size(window: Window) -> int:
    return sum(map(measure, window.segments))


Segments = st.lists(st.integers(1, 30), min_size=1, max_size=40).map(
    lambda lengths: [said(length, number) for number, length in enumerate(lengths, 1)]
)


def test_short_call_is_one_window() -> None:
    segments = [said(10, 1), said(10, 2)]

    assert cut_windows(segments, 20, measure) == [Window(tuple(segments))]


def test_windows_know_what_was_said_before() -> None:
    segments = [said(1, number) for number in range(1, 15)]

    first, second, third = cut_windows(segments, 6, measure)

    assert (first.segments, first.earlier) == (tuple(segments[:6]), ())
    assert (second.segments, second.earlier) == (tuple(segments[6:12]), tuple(segments[1:6]))
    assert (third.segments, third.earlier) == (tuple(segments[12:]), tuple(segments[7:12]))


def test_too_long_a_segment_is_a_window_of_its_own() -> None:
    segments = [said(5, 1), said(50, 2), said(5, 3)]

    assert [window.segments for window in cut_windows(segments, 20, measure)] == [(entry,) for entry in segments]


@given(Segments, st.integers(1, 100))
def test_every_segment_is_in_one_window_in_order(segments: list[Segment], max_chars: int) -> None:
    windows = cut_windows(segments, max_chars, measure)

    assert [segment for window in windows for segment in window.segments] == segments
    assert all(size(window) <= max_chars or len(window.segments) == 1 for window in windows)


@given(Segments, st.integers(1, 100))
def test_earlier_segments_are_those_right_before(segments: list[Segment], max_chars: int) -> None:
    before: list[Segment] = []
    for window in cut_windows(segments, max_chars, measure):
        assert list(window.earlier) == before[-EARLIER_SEGMENTS:]
        before += window.segments


@given(Segments, st.integers(1, 100))
def test_window_has_room_for_no_segment_of_the_next_one(segments: list[Segment], max_chars: int) -> None:
    windows = cut_windows(segments, max_chars, measure)

    assert all(size(window) + measure(following.segments[0]) > max_chars for window, following in pairwise(windows))


@given(Segments.filter(lambda segments: len(segments) > 1), Segments)
def test_halves_are_about_half_as_long(segments: list[Segment], earlier: list[Segment]) -> None:
    window = Window(tuple(segments), tuple(earlier[-EARLIER_SEGMENTS:]))

    first, second = halve_window(window, measure)

    assert first.segments + second.segments == window.segments
    assert first.segments
    assert second.segments
    assert abs(size(first) - size(second)) <= max(map(measure, segments))
    assert (first.earlier, second.earlier) == (window.earlier, (window.earlier + first.segments)[-EARLIER_SEGMENTS:])


@given(st.lists(st.integers(1, 30), min_size=2, max_size=40), st.integers(1, 100))
def test_groups_make_parts_fewer_until_one_is_left(parts: list[int], max_chars: int) -> None:
    groups = group_parts(parts, max_chars, int)

    assert [part for group in groups for part in group] == parts
    assert len(groups) < len(parts)
    assert all(len(group) >= 2 for group in groups[:-1])
    assert all(sum(group) <= max_chars or len(group) <= 2 for group in groups)
