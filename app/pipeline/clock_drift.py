"""Whether the clock of the words runs differently from that of the turns, and by how much.

Words and turns come from two engines that measured the same recording: one may have lost the silence at its beginning
(an offset), or run a little too fast (a rate). The turns' clock deserves more trust, since turns are measured on the
audio while words are guessed along with the text. Yet a segment has the times of its words (transcript.md, section 3,
A5), so it is the turns that follow the words, and only while the words look for their speakers.

The evidence: people pause where one turn ends and the next begins. Many clocks are tried; on the right one most changes
of turn lie in the middle of a pause. It has to be the middle, since diarizers begin turns early and end them late.
transcript.md knows no such rule; all numbers are our choice.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

from app.pipeline.asr_segments import Stretch, get_span
from app.pipeline.intervals import IntervalIndex
from app.pipeline.speech import Turn

_MIN_WORDS, _MIN_CHANGES = 20, 7
"""Fewer words or changes of turn fit a wrong clock by chance."""
_MAX_CHANGES, _MAX_WORDS = 120, 2000
"""As many, evenly spread, tell the clock of any call; a search takes no longer when there are more."""
_MAX_CALL_SECONDS = 4 * 3600.0
"""The longer a call, the more rates have to be tried."""
_MAX_OFFSET_SECONDS, _MAX_RATE_ERROR = 3.0, 0.01
_PAUSE_SECONDS = 0.2
"""A shorter gap between words belongs to fluent speech."""
_BIN_SECONDS = 0.1
"""Offsets are tried in these steps; a change agrees with a pause in the same bin or the next."""
_MIN_DISTANCE_SECONDS = 4 * _BIN_SECONDS
"""Of pauses nearer to each other, two would agree with one change."""
_MIN_AGREEMENT, _MIN_AGREEMENT_MORE = 0.55, 2
"""The share of changes that agree on the right clock, and a number on top that weighs more in short calls. By chance
one change in eight agrees."""
_MAX_RIVAL = 0.75
"""When a different clock explains more than this part of what the best one explains, the evidence is ambiguous."""
_SAME_CLOCK_BINS = 4
"""Clocks that differ by no more, from the beginning to the end, are one: words and turns are not more exact."""
_MIN_MISFIT = 0.01
"""The share of the words' time outside their best turns below which there is nothing to mend."""


class Clock(NamedTuple):
    """How to read the time of a word: on the turns' clock it is `offset_seconds + rate * time`."""

    offset_seconds: float
    rate: float

    def move(self, turn: Turn) -> Turn:
        """The turn on the clock of the words, where it may begin before 0."""
        start, end = ((time - self.offset_seconds) / self.rate for time in (turn.start_seconds, turn.end_seconds))
        return Turn(start, end, turn.speaker)

    def is_like(self, other: "Clock", pauses: Sequence[float]) -> bool:
        """Whether both tell nearly the same time from the first pause to the last one."""
        offset, rate = self.offset_seconds - other.offset_seconds, self.rate - other.rate
        apart = max(abs(offset + rate * pause) for pause in (pauses[0], pauses[-1]))
        return apart < (_SAME_CLOCK_BINS + 0.5) * _BIN_SECONDS


_SAME = Clock(0.0, 1.0)


def follow_words(turns: Sequence[Turn], stretches: Sequence[Stretch]) -> Sequence[Turn]:
    """Answer the turns on the clock of the words, in the same order.

    `turns` are sorted by start. They stay as they are unless the evidence for another clock is strong.
    """
    clock = find_clock(turns, stretches)
    return turns if clock is None else [clock.move(turn) for turn in turns]


def find_clock(turns: Sequence[Turn], stretches: Sequence[Stretch]) -> Clock | None:
    """The clock by which words and turns agree; None when they do as they are, or no other clock is clearly better.

    It takes time in proportion to the length of the call.
    """
    changes = _find_changes(turns)
    pauses = _find_pauses(stretches)
    if len(changes) < _MIN_CHANGES or not pauses or pauses[-1] > _MAX_CALL_SECONDS:
        return None
    near = slice(_ZERO_BIN - _SAME_CLOCK_BINS, _ZERO_BIN + _SAME_CLOCK_BINS + 1)
    if max(_count_agreements(changes, pauses, _SAME.rate)[near]) >= _get_min_agreements(changes):
        return None
    best = _search(changes, pauses)
    if best is None or best.is_like(_SAME, pauses):
        return None
    clock = _refine(best, changes, pauses)
    return clock if _covers_better(clock, turns, stretches) else None


def _find_changes(turns: Sequence[Turn]) -> Sequence[float]:
    """The middles between turns, in seconds, no more than enough; a turn within another one changes nothing."""
    changes: list[float] = []
    until: float | None = None
    for turn in turns:
        if until is None or turn.end_seconds > until:
            if until is not None:
                changes.append((until + turn.start_seconds) / 2)
            until = turn.end_seconds
    changes = _thin(changes)
    return changes[:: max(1, -(-len(changes) // _MAX_CHANGES))]


def _find_pauses(stretches: Sequence[Stretch]) -> Sequence[float]:
    """The middles between words, in seconds, where there is a pause or a new segment; none when words are too few."""
    pauses: list[float] = []
    count = 0
    until: float | None = None
    for stretch in stretches:
        is_new = True
        for span in map(get_span, stretch.words):
            if span is None:
                continue
            start, end = span
            if until is not None and (is_new or start - until >= _PAUSE_SECONDS):
                pauses.append((until + start) / 2)
            count, until, is_new = count + 1, end, False
    return _thin(pauses) if count >= _MIN_WORDS else ()


def _thin(times: Iterable[float]) -> list[float]:
    thinned: list[float] = []
    for time in sorted(times):
        if not thinned or time - thinned[-1] >= _MIN_DISTANCE_SECONDS:
            thinned.append(time)
    return thinned


def _get_min_agreements(changes: Sequence[float]) -> float:
    return _MIN_AGREEMENT * len(changes) + _MIN_AGREEMENT_MORE


_ZERO_BIN = round(_MAX_OFFSET_SECONDS / _BIN_SECONDS)


def _search(changes: Sequence[float], pauses: Sequence[float]) -> Clock | None:
    """The clock on which most changes agree, of equals the smallest; None when too few do, or on a rival as well."""
    enough = _get_min_agreements(changes)
    counted = [
        (count, Clock((place - _ZERO_BIN) * _BIN_SECONDS, rate))
        for rate in _iter_rates(pauses[-1])
        for place, count in enumerate(_count_agreements(changes, pauses, rate))
        if count >= _MAX_RIVAL * enough
    ]
    most, best = max(
        counted,
        key=lambda found: (found[0], -abs(found[1].rate - 1), -abs(found[1].offset_seconds)),
        default=(0, _SAME),
    )
    if most < enough:
        return None
    rivals = (clock for count, clock in counted if count > _MAX_RIVAL * most)
    return best if all(clock.is_like(best, pauses) for clock in rivals) else None


def _iter_rates(call_seconds: float) -> Iterator[float]:
    """Rates that move the end of the call by two bins each; a short call cannot tell them apart."""
    steps = int(_MAX_RATE_ERROR * call_seconds / (2 * _BIN_SECONDS))
    for step in range(-steps, steps + 1):
        yield 1 + _MAX_RATE_ERROR * step / max(steps, 1)


def _count_agreements(changes: Sequence[float], pauses: Sequence[float], rate: float) -> list[int]:
    """How many changes agree with pauses, for each bin of offsets."""
    votes = [0] * (2 * _ZERO_BIN + 1)
    for change in changes:
        for place in range(bisect_left(pauses, (change - _MAX_OFFSET_SECONDS) / rate), len(pauses)):
            offset = change - rate * pauses[place]
            if offset < -_MAX_OFFSET_SECONDS:
                break
            votes[round(offset / _BIN_SECONDS) + _ZERO_BIN] += 1
    return [sum(votes[max(0, place - 1) : place + 2]) for place in range(len(votes))]


def _refine(clock: Clock, changes: Sequence[float], pauses: Sequence[float]) -> Clock:
    """Draw the straight line, by least squares, through the pauses and changes that agree."""
    pairs = list(_iter_agreeing(clock, changes, pauses))
    middle_pause, middle_change = fmean(pause for pause, _ in pairs), fmean(change for _, change in pairs)
    shared = sum((pause - middle_pause) * (change - middle_change) for pause, change in pairs)
    rate = shared / sum((pause - middle_pause) ** 2 for pause, _ in pairs)
    # A few pauses within seconds may lie on a steep line.
    rate = min(max(rate, 1 - _MAX_RATE_ERROR), 1 + _MAX_RATE_ERROR)
    return Clock(middle_change - rate * middle_pause, rate)


def _iter_agreeing(clock: Clock, changes: Sequence[float], pauses: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Pauses with the changes that lie at most two bins from them."""
    for change in changes:
        expected = (change - clock.offset_seconds) / clock.rate
        place = bisect_left(pauses, expected - 2 * _BIN_SECONDS)
        if place < len(pauses) and pauses[place] <= expected + 2 * _BIN_SECONDS:
            yield pauses[place], change


def _covers_better(clock: Clock, turns: Sequence[Turn], stretches: Sequence[Stretch]) -> bool:
    spans = [span for stretch in stretches for span in map(get_span, stretch.words) if span is not None]
    words = spans[:: max(1, -(-len(spans) // _MAX_WORDS))]
    before = _get_misfit(words, turns)
    return before >= _MIN_MISFIT and _get_misfit(words, [clock.move(turn) for turn in turns]) < before


def _get_misfit(words: Sequence[tuple[float, float]], turns: Sequence[Turn]) -> float:
    """The share of the words' time that lies outside the turn which covers the word best."""
    index = IntervalIndex([(turn.start_seconds, turn.end_seconds) for turn in turns])
    covered = sum(max((shared for _, shared in index.overlapping(*word)), default=0.0) for word in words)
    spoken = sum(end - start for start, end in words)
    return 1 - covered / spoken if spoken > 0 else 0.0
