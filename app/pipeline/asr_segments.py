"""Brings what transcription engines send into one shape: stretches of text with times and words in their place.

Source: transcript.md, section 3, A9 and A12.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.pipeline.intervals import IntervalIndex, tidy
from app.pipeline.speaker_ids import canonicalize_speaker_ids
from app.pipeline.speech import AsrSegment, RawTranscript, Word
from app.pipeline.spelling import divide_text

_SEGMENT_GAP_SECONDS = 1.0
"""A longer pause starts a new segment when the engine sent none (A9)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """An ASR segment with times, canonical speaker ids, and words whose times are both known or both None."""

    text: str
    start_seconds: float
    end_seconds: float
    words: tuple[Word, ...]
    speaker: str | None


def get_span(word: Word) -> tuple[float, float] | None:
    """Start and end of a word in seconds; None when it has no time."""
    if word.start_seconds is None or word.end_seconds is None:
        return None
    return word.start_seconds, word.end_seconds


def get_joint_span(words: Sequence[Word]) -> tuple[float, float] | None:
    """From the start of the first timed word to the end of the last one; None when no word has a time.

    When the words run backwards, it is the time that they take all together.
    """
    spans = [span for span in map(get_span, words) if span is not None]
    if not spans:
        return None
    start, end = spans[0][0], spans[-1][1]
    return (start, end) if start <= end else (min(start for start, _ in spans), max(end for _, end in spans))


def read_stretches(raw: RawTranscript) -> list[Stretch]:
    """Answer the segments of an engine's answer, in its order, with all words.

    A segment without times lies between its neighbours.
    """
    words = _clean_words(raw.words)
    segments = [_clean_segment(segment) for segment in raw.segments]
    if not segments:
        segments = _segments_of_words(words, raw.text)
    elif words:
        segments = _place_words(segments, words)
    return _canonicalize(_fill_times(segments, raw.duration_seconds))


def _clean_words(words: Sequence[Word]) -> tuple[Word, ...]:
    return tuple(map(_clean_word, words))


def _clean_word(word: Word) -> Word:
    if word.start_seconds is not None and word.end_seconds is not None and 0 <= word.start_seconds <= word.end_seconds:
        return word
    start, end = _clean_times(word.start_seconds, word.end_seconds)
    # One time alone makes a word without length.
    start, end = end if start is None else start, start if end is None else end
    if (start, end) == (word.start_seconds, word.end_seconds):
        return word
    return replace(word, start_seconds=start, end_seconds=end)


def _clean_segment(segment: AsrSegment) -> AsrSegment:
    start, end = _clean_times(segment.start_seconds, segment.end_seconds)
    return AsrSegment(segment.text, start, end, _clean_words(segment.words), segment.speaker)


def _clean_times(start: float | None, end: float | None) -> tuple[float | None, float | None]:
    """Negative times are no times; times in the wrong order are swapped."""
    start = None if start is None or start < 0 else start
    end = None if end is None or end < 0 else end
    if start is not None and end is not None and end < start:
        return end, start
    return start, end


def _segments_of_words(words: Sequence[Word], text: str) -> list[AsrSegment]:
    """One segment per gap; a text alone is one segment (A9)."""
    if not words:
        return [AsrSegment(text)] if text.strip() else []
    groups = _group_by_gap(words)
    texts = divide_text(text or " ".join(word.text for word in words), [word.text for word in words], groups)
    segments = [AsrSegment(piece) for piece in texts]
    return [
        replace(segment, words=members, speaker=members[0].speaker)
        for segment, members in zip(segments, _members(words, groups, len(texts)), strict=True)
    ]


def _group_by_gap(words: Sequence[Word]) -> list[int]:
    """The number of the group of each word, from 0; a change of the engine's label starts one, too."""
    groups = [0]
    heard_until: float | None = words[0].end_seconds
    for previous, word in pairwise(words):
        gap = 0.0 if heard_until is None or word.start_seconds is None else tidy(word.start_seconds - heard_until)
        is_new = gap > _SEGMENT_GAP_SECONDS or word.speaker != previous.speaker
        groups.append(groups[-1] + is_new)
        heard_until = heard_until if word.end_seconds is None else word.end_seconds
    return groups


def _place_words(segments: Sequence[AsrSegment], words: Sequence[Word]) -> list[AsrSegment]:
    """Give each word of a flat list to the segment that holds its midpoint, else to the nearest one (A12)."""
    windows = sorted(
        (segment.start_seconds, segment.end_seconds, number)
        for number, segment in enumerate(segments)
        if segment.start_seconds is not None and segment.end_seconds is not None
    )
    index = IntervalIndex([(start, end) for start, end, _ in windows])
    homes: list[int] = []
    for word in words:
        # A word without time, and any word when no segment has times, stays with the word before.
        home, span = homes[-1] if homes else 0, get_span(word)
        if span is not None and windows:
            middle = tidy((span[0] + span[1]) / 2)
            nearest = index.nearest(middle, middle)
            home = windows[nearest[0]][2] if nearest is not None else home
        homes.append(home)
    members = _members(words, homes, len(segments))
    return [replace(segment, words=placed) for segment, placed in zip(segments, members, strict=True)]


def _members(words: Sequence[Word], groups: Sequence[int], count: int) -> list[tuple[Word, ...]]:
    members: list[list[Word]] = [[] for _ in range(count)]
    for word, group in zip(words, groups, strict=True):
        members[group].append(word)
    return [tuple(group) for group in members]


def _fill_times(segments: Sequence[AsrSegment], duration_seconds: float | None) -> list[Stretch]:
    spans = [_known_span(segment) for segment in segments]
    following: float | None = duration_seconds
    ends: list[float | None] = []
    for start, end in reversed(spans):
        ends.append(following if end is None else end)
        following = start if start is not None else following
    stretches: list[Stretch] = []
    before = 0.0
    for segment, (start, _), end in zip(segments, spans, reversed(ends), strict=True):
        begin = before if start is None else start
        before = begin if end is None else max(begin, end)
        stretches.append(Stretch(segment.text, begin, before, segment.words, segment.speaker))
    return stretches


def _known_span(segment: AsrSegment) -> tuple[float | None, float | None]:
    """The segment's own times, else those of its words."""
    start, end = segment.start_seconds, segment.end_seconds
    first, last = get_joint_span(segment.words) or (None, None)
    return first if start is None else start, last if end is None else end


def _canonicalize(stretches: Sequence[Stretch]) -> list[Stretch]:
    ids = canonicalize_speaker_ids(label for label in _labels(stretches) if label is not None)
    if all(label == speaker for label, speaker in ids.items()):
        return list(stretches)
    return [
        replace(
            stretch,
            speaker=_rename(stretch.speaker, ids),
            words=tuple(replace(word, speaker=_rename(word.speaker, ids)) for word in stretch.words),
        )
        for stretch in stretches
    ]


def _labels(stretches: Sequence[Stretch]) -> Iterator[str | None]:
    for stretch in stretches:
        yield stretch.speaker
        for word in stretch.words:
            yield word.speaker


def _rename(label: str | None, ids: Mapping[str, str]) -> str | None:
    return None if label is None else ids[label]
