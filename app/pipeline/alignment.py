"""Alignment, version 1.0: which speaker said which words.

Three sources tell who spoke: turns, the engine's own labels when there are no turns, or channels that were decoded each
on its own. Source: transcript.md, section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from app.pipeline.asr_segments import Stretch, get_joint_span, get_span, read_stretches
from app.pipeline.clock_drift import follow_words
from app.pipeline.intervals import IntervalIndex, tidy
from app.pipeline.speaker_ids import canonicalize_turns
from app.pipeline.speech import UNKNOWN_SPEAKER, RawTranscript, Turn, Word
from app.pipeline.spelling import divide_text
from app.pipeline.transcript import Confidence

_ONLY_SPEAKER = "SPEAKER_00"
_MIN_WORD_SECONDS = 0.01  # A2
_MAX_TURN_GAP_SECONDS = 0.75  # A3
_SHORT_WORD_SECONDS, _SHORT_WORD_RATIO = 0.30, 0.5  # A4
_HIGH_RATIO, _MEDIUM_RATIO = 0.8, 0.4  # A7
_MEDIUM_SHARE = 0.6  # A8


@dataclass(frozen=True, slots=True)
class AlignedSegment:
    """What one speaker said in one go. `order` is its place in the engine's answer; `text` is never blank."""

    speaker: str
    start_seconds: float
    end_seconds: float
    text: str
    confidence: Confidence
    order: int
    words: tuple[Word, ...] = ()


class _Owner(NamedTuple):
    """Who said a word, and which part of it (0 to 1) that speaker's turn covers; None for a word without time."""

    speaker: str
    ratio: float | None


def align(raw: RawTranscript, turns: Sequence[Turn]) -> list[AlignedSegment]:
    """Give every word of an engine's answer its speaker; no text is lost or doubled.

    The result is in the engine's order. Turns are ignored when the words' speakers are exact, the engine's labels are
    ignored when there are turns. Where the two engines' clocks clearly differ, the turns follow the words.

    Source: transcript.md, section 3.
    """
    stretches = read_stretches(raw)
    canonical = canonicalize_turns(turns)
    if raw.is_speaker_exact:
        pieces = [piece for stretch in stretches for piece in _cut_exact(stretch)]
    elif canonical:
        coverage = _Coverage(follow_words(canonical, stretches))
        pieces = [piece for stretch in stretches for piece in _cut_by_turns(stretch, coverage)]
    else:
        pieces = list(_keep_labels(stretches))
    spoken = (piece for piece in pieces if piece.text)
    return [_number(piece, order) for order, piece in enumerate(spoken)]


def _number(piece: AlignedSegment, order: int) -> AlignedSegment:
    """The same piece at its place; `dataclasses.replace` takes three times as long, and a long call has thousands."""
    return AlignedSegment(
        piece.speaker, piece.start_seconds, piece.end_seconds, piece.text, piece.confidence, order, piece.words
    )


class _Coverage:
    """Which turns cover which stretch of time."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self._index = IntervalIndex([(turn.start_seconds, turn.end_seconds) for turn in turns])

    def find_owner(self, start: float, end: float) -> _Owner | None:
        """The speaker of the turn with the longest overlap, else of the nearest turn (A1, A2, A3a)."""
        end = max(end, start + _MIN_WORD_SECONDS)
        only = self._index.find_only_cover(start, end)
        if only is not None:
            return _Owner(self._turns[only].speaker, 1.0)
        overlaps = self._index.overlapping(start, end)
        if not overlaps:
            return self.find_nearest(start, end)
        # Turns are sorted by start and speaker: of equals the first one counts.
        at, longest = max(overlaps, key=lambda found: found[1])
        return _Owner(self._turns[at].speaker, tidy(longest / (end - start)))

    def find_only_speaker(self, spans: Sequence[tuple[float, float]]) -> str | None:
        """Who says all of these words, when one turn covers them and no other one begins; None in other cases."""
        start = min(start for start, _ in spans)
        end = max(end for _, end in spans)
        only = self._index.find_only_cover(start, max(end, max(start for start, _ in spans) + _MIN_WORD_SECONDS))
        return None if only is None else self._turns[only].speaker

    def find_nearest(self, start: float, end: float) -> _Owner | None:
        """The speaker of the nearest turn, None when it is too far away (A3a)."""
        nearest = self._index.nearest(start, end)
        if nearest is None or nearest[1] > _MAX_TURN_GAP_SECONDS:
            return None
        return _Owner(self._turns[nearest[0]].speaker, 0.0)

    def get_ratio(self, speaker: str, start: float, end: float) -> float:
        """Which part of a word the best of the speaker's turns covers."""
        end = max(end, start + _MIN_WORD_SECONDS)
        overlaps = self._index.overlapping(start, end)
        own = (shared for at, shared in overlaps if self._turns[at].speaker == speaker)
        return tidy(max(own, default=0.0) / (end - start))

    def sum_by_speaker(self, start: float, end: float) -> dict[str, float]:
        """Overlap in seconds of all turns of each speaker, in order of the speakers' first turns."""
        sums: dict[str, float] = {}
        for at, shared in self._index.overlapping(start, end):
            speaker = self._turns[at].speaker
            sums[speaker] = tidy(sums.get(speaker, 0.0) + shared)
        return sums


def _cut_by_turns(stretch: Stretch, coverage: _Coverage) -> Iterator[AlignedSegment]:
    spans = [get_span(word) for word in stretch.words]
    timed = [span for span in spans if span is not None]
    if not timed:
        yield _give_whole(stretch, coverage)
        return
    speaker = coverage.find_only_speaker(timed)
    if speaker is not None:
        yield _whole(stretch, speaker, Confidence.HIGH)
        return
    owners = _smooth(_fill_gaps([coverage.find_owner(*span) for span in timed]), timed, coverage)
    waiting = iter(owners)
    yield from _cut(stretch, _give_untimed([None if span is None else next(waiting) for span in spans]))


def _fill_gaps(owners: Sequence[_Owner | None]) -> list[_Owner]:
    """A word far from all turns goes to the speaker before it in its segment, else after it, else to nobody (A3)."""
    first = next((owner.speaker for owner in owners if owner is not None), UNKNOWN_SPEAKER)
    filled: list[_Owner] = []
    for owner in owners:
        filled.append(owner or _Owner(filled[-1].speaker if filled else first, 0.0))
    return filled


def _smooth(owners: list[_Owner], spans: Sequence[tuple[float, float]], coverage: _Coverage) -> list[_Owner]:
    """Give a short, poorly covered word to the speaker on both sides of it (A4)."""
    smoothed = list(owners)
    for at in range(1, len(owners) - 1):
        around = smoothed[at - 1].speaker
        if not around == smoothed[at + 1].speaker != smoothed[at].speaker:
            continue
        start, end = spans[at]
        if tidy(end - start) <= _SHORT_WORD_SECONDS and (smoothed[at].ratio or 0.0) < _SHORT_WORD_RATIO:
            smoothed[at] = _Owner(around, coverage.get_ratio(around, start, end))
    return smoothed


def _give_untimed(owners: Sequence[_Owner | None]) -> list[_Owner]:
    """A word without time goes with the word before it, else with the first one that has a time."""
    speaker = next(owner.speaker for owner in owners if owner is not None)
    given: list[_Owner] = []
    for owner in owners:
        speaker = speaker if owner is None else owner.speaker
        given.append(owner or _Owner(speaker, None))
    return given


def _cut(stretch: Stretch, owners: Sequence[_Owner]) -> Iterator[AlignedSegment]:
    """One segment per run of words of one speaker (A5 to A7); `owners` has one entry per word."""
    if all(owner.speaker == owners[0].speaker for owner in owners):
        yield _whole(stretch, owners[0].speaker, _rate(owners))
        return
    runs = [list(run) for _, run in groupby(range(len(owners)), key=lambda at: owners[at].speaker)]
    groups = [number for number, run in enumerate(runs) for _ in run]
    texts = divide_text(stretch.text, [word.text for word in stretch.words], groups)
    before = stretch.start_seconds
    for run, text in zip(runs, texts, strict=True):
        words = stretch.words[run[0] : run[-1] + 1]
        start, end = get_joint_span(words) or (before, before)
        confidence = _rate([owners[at] for at in run])
        yield AlignedSegment(owners[run[0]].speaker, start, end, text, confidence, 0, words)
        before = end


def _rate(owners: Sequence[_Owner]) -> Confidence:
    """How well the speaker's turns cover the words, on average (A7)."""
    ratios = [owner.ratio for owner in owners if owner.ratio is not None]
    mean = tidy(sum(ratios) / len(ratios)) if ratios else 0.0
    if mean >= _HIGH_RATIO:
        return Confidence.HIGH
    return Confidence.MEDIUM if mean >= _MEDIUM_RATIO else Confidence.LOW


def _give_whole(stretch: Stretch, coverage: _Coverage) -> AlignedSegment:
    """A segment without timed words goes to the speaker who speaks longest in it (A8)."""
    start, end = stretch.start_seconds, stretch.end_seconds
    sums = coverage.sum_by_speaker(start, max(end, start + _MIN_WORD_SECONDS))
    if not sums:
        middle = tidy((start + end) / 2)
        nearest = coverage.find_nearest(middle, middle)
        return _whole(stretch, nearest.speaker if nearest else UNKNOWN_SPEAKER, Confidence.LOW)
    speaker = max(sums, key=lambda speaker: sums[speaker])
    share = tidy(sums[speaker] / max(end - start, _MIN_WORD_SECONDS))
    return _whole(stretch, speaker, Confidence.MEDIUM if share >= _MEDIUM_SHARE else Confidence.LOW)


def _whole(stretch: Stretch, speaker: str, confidence: Confidence) -> AlignedSegment:
    """The segment uncut, with the times of its words when they have any."""
    start, end = get_joint_span(stretch.words) or (stretch.start_seconds, stretch.end_seconds)
    return AlignedSegment(speaker, start, end, " ".join(stretch.text.split()), confidence, 0, stretch.words)


def _cut_exact(stretch: Stretch) -> Iterator[AlignedSegment]:
    """Each word keeps its own speaker; a word without one has its segment's."""
    if not stretch.words:
        yield _whole(
            stretch, stretch.speaker or UNKNOWN_SPEAKER, Confidence.HIGH if stretch.speaker else Confidence.LOW
        )
        return
    speakers = [word.speaker or stretch.speaker for word in stretch.words]
    yield from _cut(stretch, [_Owner(name or UNKNOWN_SPEAKER, 1.0 if name else 0.0) for name in speakers])


def _keep_labels(stretches: Sequence[Stretch]) -> Iterator[AlignedSegment]:
    """Without turns the engine's labels count: missing ones are taken from the segment before (A10).

    Segments before the first label take that one; without any label there is one speaker.
    """
    known = next((stretch.speaker for stretch in stretches if stretch.speaker), _ONLY_SPEAKER)
    for stretch in stretches:
        known = stretch.speaker or known
        yield _whole(stretch, known, Confidence.MEDIUM if stretch.speaker else Confidence.LOW)
