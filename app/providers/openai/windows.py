"""Pieces of what is too long for one question: of a transcript, and of partial analyses. Source: analysis.md, 6.1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from app.pipeline.transcript import Segment

T = TypeVar("T")

EARLIER_SEGMENTS = 5


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring segments that are analysed together, at least one; `earlier` are up to five right before them."""

    segments: tuple[Segment, ...]
    earlier: tuple[Segment, ...] = ()


def cut_windows(segments: Sequence[Segment], max_chars: int, measure: Callable[[Segment], int]) -> list[Window]:
    """Cut at segment boundaries into windows of at most `max_chars`, each as long as possible.

    Every segment is in one window, in order. One that is too long alone is a window of its own, since it can neither be
    cut nor left out. What was said earlier does not count.
    """
    windows: list[Window] = []
    before: tuple[Segment, ...] = ()
    for group in _group(segments, max_chars, measure, min_size=1):
        windows.append(Window(group, before))
        before = (before + group)[-EARLIER_SEGMENTS:]
    return windows


def halve_window(window: Window, measure: Callable[[Segment], int]) -> tuple[Window, Window]:
    """Cut a window of two or more segments at the boundary next to its middle, the earlier one of two as near."""
    sizes = [measure(segment) for segment in window.segments]
    distances = [abs(2 * size - sum(sizes)) for size in accumulate(sizes[:-1])]
    cut = distances.index(min(distances)) + 1
    first, second = window.segments[:cut], window.segments[cut:]
    return Window(first, window.earlier), Window(second, (window.earlier + first)[-EARLIER_SEGMENTS:])


def group_parts(parts: Sequence[T], max_chars: int, measure: Callable[[T], int]) -> list[tuple[T, ...]]:
    """Group neighbouring parts, as many as fit and at least two, so that merging ends; the last one may stay alone."""
    return _group(parts, max_chars, measure, min_size=2)


def _group(items: Sequence[T], max_chars: int, measure: Callable[[T], int], *, min_size: int) -> list[tuple[T, ...]]:
    groups: list[list[T]] = []
    size = 0
    for item in items:
        length = measure(item)
        if groups and (len(groups[-1]) < min_size or size + length <= max_chars):
            groups[-1].append(item)
            size += length
        else:
            groups.append([item])
            size = length
    return [tuple(group) for group in groups]
