from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.alignment import align
from app.pipeline.asr_segments import read_stretches
from app.pipeline.clock_drift import Clock, find_clock, follow_words
from app.pipeline.speaker_ids import canonicalize_turns
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word

A, B = "SPEAKER_00", "SPEAKER_01"
RECORDINGS = Path(__file__).parents[2] / "audio"
HALF_AN_HOUR = 700
"""So many turns take about half an hour."""

Call = tuple[RawTranscript, tuple[Turn, ...]]


def _converse(turn_count: int, *, pauses: Sequence[float] = (0.3, 0.5, 0.9, 1.3)) -> Call:
    """Two speakers in turn, who pause before a turn and sometimes within one; each turn is a segment of the engine."""
    random = Random(turn_count)
    segments, turns, now = [], [], 3.0
    for number in range(turn_count):
        words, start = [], now
        for _ in range(random.randint(2, 8)):
            now += random.choice((0.0, 0.0, 0.0, 0.25)) if words else 0.0
            words.append(Word("well", round(now, 2), round(now + 0.3, 2), (A, B)[number % 2]))
            now += 0.3
        segments.append(AsrSegment(" ".join(word.text for word in words), words=tuple(words)))
        turns.append(Turn(round(start, 2), round(now, 2), (A, B)[number % 2]))
        now += random.choice(pauses)
    return RawTranscript(tuple(segments)), tuple(turns)


def _run_differently(raw: RawTranscript, offset: float, rate: float = 1.0) -> RawTranscript:
    """The same words on a clock that tells `offset + rate * time`."""

    def move(word: Word) -> Word:
        assert word.start_seconds is not None
        assert word.end_seconds is not None
        start, end = (round(offset + rate * time, 2) for time in (word.start_seconds, word.end_seconds))
        return replace(word, start_seconds=start, end_seconds=end)

    return replace(raw, segments=tuple(replace(part, words=tuple(map(move, part.words))) for part in raw.segments))


def _find(call: Call) -> Clock | None:
    raw, turns = call
    return find_clock(canonicalize_turns(turns), read_stretches(raw))


def _count_wrong(raw: RawTranscript, turns: Sequence[Turn]) -> int:
    """Words whose speaker is not the one that the call was made with."""
    return sum(word.speaker != said.speaker for said in align(raw, turns) for word in said.words)


@pytest.mark.parametrize(
    ("turn_count", "offset", "rate"),
    [(30, 1.2, 1.0), (30, -0.8, 1.0), (HALF_AN_HOUR, 0.0, 1.003), (HALF_AN_HOUR, 1.2, 0.997)],
    ids=["late words", "early words", "fast words", "late and slow words"],
)
def test_turns_follow_the_words(turn_count: int, offset: float, rate: float) -> None:
    raw, turns = _converse(turn_count)
    heard = _run_differently(raw, offset, rate)

    followed = follow_words(turns, read_stretches(heard))

    assert _count_wrong(heard, turns) == 0
    assert [turn.speaker for turn in followed] == [turn.speaker for turn in turns]
    assert all(
        abs(moved - (offset + rate * time)) < 0.05
        for turn, after in zip(turns, followed, strict=True)
        for moved, time in ((after.start_seconds, turn.start_seconds), (after.end_seconds, turn.end_seconds))
    )


def test_segments_keep_the_times_of_their_words() -> None:
    raw, turns = _converse(30)
    heard = _run_differently(raw, 1.2)

    said = align(heard, turns)

    assert [(one.start_seconds, one.end_seconds) for one in said] == [
        (one.words[0].start_seconds, one.words[-1].end_seconds) for one in heard.segments
    ]


def test_long_and_early_turns_of_a_diarizer_hide_no_clock() -> None:
    raw, turns = _converse(30)
    wide = [replace(turn, start_seconds=turn.start_seconds - 0.1, end_seconds=turn.end_seconds + 0.3) for turn in turns]

    assert _find((raw, tuple(wide))) is None
    assert _count_wrong(_run_differently(raw, 1.5), wide) == 0


def test_clock_is_found_where_nobody_is_silent() -> None:
    raw, turns = _converse(60, pauses=(0.0,))

    clock = _find((_run_differently(raw, 1.2), turns))

    assert clock is not None
    assert (round(clock.offset_seconds, 1), round(clock.rate, 3)) == (-1.2, 1.0)


def test_same_answers_give_the_same_clock() -> None:
    raw, turns = _converse(40)
    heard = _run_differently(raw, 1.2, 1.002)

    clock = _find((heard, turns))

    assert clock is not None
    assert _find((heard, turns[::-1])) == _find((heard, turns)) == clock


def _few_turns() -> Call:
    raw, turns = _converse(7)
    return _run_differently(raw, 1.2), turns


def _few_words() -> Call:
    raw, turns = _converse(9)
    brief = replace(raw, segments=tuple(replace(part, words=part.words[:2]) for part in raw.segments))
    until = [part.words[-1].end_seconds or 0.0 for part in brief.segments]
    turns = tuple(replace(turn, end_seconds=end) for turn, end in zip(turns, until, strict=True))
    return _run_differently(brief, 1.2), turns


def _good_fit() -> Call:
    return _converse(40)


def _small_offset() -> Call:
    raw, turns = _converse(40)
    return _run_differently(raw, 0.3), turns


def _large_offset() -> Call:
    raw, turns = _converse(40)
    return _run_differently(raw, 5.0), turns


def _even_beat() -> Call:
    """Every turn takes 2 s and a half with its pause: a step to either side fits as well."""
    spans = [(2.5 * number + 1.0, 2.5 * number + 3.0, (A, B)[number % 2]) for number in range(40)]
    words = [
        tuple(Word("well", start + 0.25 * at, start + 0.25 * at + 0.25) for at in range(8)) for start, _, _ in spans
    ]
    raw = RawTranscript(tuple(AsrSegment("well " * 8, words=part) for part in words))
    return _run_differently(raw, 1.25), tuple(Turn(*span) for span in spans)


def _unrelated() -> Call:
    return _converse(40)[0], _converse(41)[1]


def _endless_call() -> Call:
    raw, turns = _converse(40)
    return _run_differently(raw, 1.2 + 5 * 3600), tuple(
        Turn(t.start_seconds + 18000, t.end_seconds + 18000, A) for t in turns
    )


@pytest.mark.parametrize(
    "make_call",
    [_few_turns, _few_words, _good_fit, _small_offset, _large_offset, _even_beat, _unrelated, _endless_call],
)
def test_turns_stay_without_strong_evidence(make_call) -> None:
    raw, turns = make_call()

    assert follow_words(turns, read_stretches(raw)) is turns


def test_words_without_times_tell_no_clock() -> None:
    raw, turns = _converse(30)
    bare = [
        AsrSegment(part.text, turn.start_seconds + 1.2, turn.end_seconds + 1.2)
        for part, turn in zip(raw.segments, turns, strict=True)
    ]

    assert follow_words(turns, read_stretches(RawTranscript(tuple(bare)))) is turns


def test_words_of_separate_channels_keep_their_speakers() -> None:
    raw, turns = _converse(30)
    exact = replace(_run_differently(raw, 1.2), is_speaker_exact=True)

    assert align(exact, turns) == align(exact, [])


_hundredths = st.integers(0, 40).map(lambda hundredths: hundredths / 100)


@st.composite
def _calls_of_words_in_turns(draw: st.DrawFn) -> Call:
    """Each word lies in the turn of its speaker, anywhere."""
    segments, turns, now = [], [], draw(_hundredths)
    for number in range(draw(st.integers(8, 24))):
        words, start = [], now
        for _ in range(draw(st.integers(1, 6))):
            begin = now + draw(_hundredths)
            now = begin + draw(_hundredths)
            words.append(Word("well", begin, now))
        now += draw(_hundredths)
        segments.append(AsrSegment(" ".join("well" for _ in words), words=tuple(words)))
        turns.append(Turn(start, now, (A, B)[number % 2]))
        now += draw(_hundredths)
    return RawTranscript(tuple(segments)), tuple(turns)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_calls_of_words_in_turns())
def test_words_in_their_turns_move_nothing(call: Call) -> None:
    raw, turns = call

    assert follow_words(turns, read_stretches(raw)) is turns


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(8, 24), st.integers(-20, 30), st.integers(-9, 9))
def test_no_word_is_lost_or_doubled_on_any_clock(turn_count: int, tenths: int, per_mille: int) -> None:
    raw, turns = _converse(turn_count)
    heard = _run_differently(raw, tenths / 10, 1 + per_mille / 1000)

    said = align(heard, turns)

    assert [word for one in said for word in one.words] == [word for part in heard.segments for word in part.words]
    assert " ".join(one.text for one in said) == " ".join(part.text for part in heard.segments)


def _read_recording(name: str) -> Call:
    """The truth of a scripted call; words last as long as they are spelled, after punctuation there is a pause."""
    segments, turns = [], []
    for turn in orjson.loads((RECORDINGS / f"{name}.json").read_bytes())["turns"]:
        speaker = {"A": A, "B": B}[turn["speaker"]]
        texts = turn["text"].split()
        weights = [len(text) + 2 + 4 * (text[-1] in ".,?!") for text in texts]
        unit = (turn["end"] - turn["start"]) / (sum(weights) - 4)
        words, now = [], turn["start"]
        for text, weight in zip(texts, weights, strict=True):
            words.append(Word(text, round(now, 2), round(now + unit * (len(text) + 2), 2), speaker))
            now += unit * weight
        segments.append(AsrSegment(turn["text"], words=tuple(words)))
        turns.append(Turn(turn["start"], turn["end"], speaker))
    return RawTranscript(tuple(segments)), tuple(turns)


@pytest.mark.parametrize("name", ["pricing", "support"])
@pytest.mark.parametrize("offset", [1.0, -1.0])
def test_recorded_call_keeps_its_speakers(name: str, offset: float) -> None:
    raw, turns = _read_recording(name)
    # The recordings begin before the words would come to lie at less than 0.
    raw, turns = (
        _run_differently(raw, 1.0),
        tuple(Turn(t.start_seconds + 1, t.end_seconds + 1, t.speaker) for t in turns),
    )

    assert _count_wrong(raw, turns) == 0
    assert _count_wrong(_run_differently(raw, offset), turns) == 0
