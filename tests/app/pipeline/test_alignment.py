from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.alignment import AlignedSegment, align
from app.pipeline.asr_segments import read_stretches
from app.pipeline.speech import AsrSegment, RawTranscript, Turn, Word
from app.pipeline.transcript import Confidence

A, B = "SPEAKER_00", "SPEAKER_01"
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def _words(*words: tuple[str, float, float]) -> tuple[Word, ...]:
    return tuple(Word(text, start, end) for text, start, end in words)


def _segment(*words: tuple[str, float, float], text: str | None = None) -> AsrSegment:
    said = text or " ".join(word[0] for word in words)
    return AsrSegment(said, words[0][1], words[-1][2], _words(*words))


def _turns(*turns: tuple[float, float, str]) -> list[Turn]:
    return [Turn(*turn) for turn in turns]


def _align(*segments: AsrSegment, turns: list[Turn] | None = None) -> list[tuple[str, str, Confidence]]:
    return [(said.speaker, said.text, said.confidence) for said in align(RawTranscript(segments), turns or [])]


# The worked examples of transcript.md, section 3.


def test_word_belongs_to_the_turn_that_it_overlaps_longest() -> None:
    segment = _segment(("pick", 1.6, 1.9), ("Tuesday", 1.95, 2.45))

    assert _align(segment, turns=_turns((0, 2, A), (2, 4, B))) == [(A, "pick", HIGH), (B, "Tuesday", HIGH)]


def test_tie_goes_to_the_earlier_turn() -> None:
    assert _align(_segment(("so", 1.9, 2.1)), turns=_turns((0, 2, A), (2, 4, B))) == [(A, "so", MEDIUM)]


def test_tie_of_turns_with_one_start_goes_to_the_smaller_id() -> None:
    assert _align(_segment(("so", 1.0, 1.2)), turns=_turns((0, 4, B), (0, 2, A))) == [(A, "so", HIGH)]


def test_word_near_a_turn_belongs_to_it() -> None:
    assert _align(_segment(("right", 1.4, 1.7)), turns=_turns((0, 1, A), (5, 6, B))) == [(A, "right", LOW)]


def test_word_far_from_all_turns_belongs_to_nobody() -> None:
    assert _align(_segment(("um", 4.0, 4.2)), turns=_turns((0, 1, A), (9, 10, B))) == [("UNKNOWN", "um", LOW)]


def test_cross_talk_of_equal_overlap_goes_to_the_earlier_turn() -> None:
    assert _align(_segment(("no", 1.2, 1.4)), turns=_turns((0, 3, A), (1, 2, B))) == [(A, "no", HIGH)]


def test_segment_without_words_belongs_to_who_speaks_longest() -> None:
    assert _align(AsrSegment("Fine.", 2, 7), turns=_turns((0, 3, A), (3, 8, B))) == [(B, "Fine.", MEDIUM)]


# A2, A3


def test_word_without_length_counts_as_a_hundredth_of_a_second() -> None:
    assert _align(_segment(("a", 2.0, 2.0)), turns=_turns((0, 2, A), (2, 4, B))) == [(B, "a", HIGH)]


@pytest.mark.parametrize(("start", "speaker"), [(1.75, A), (1.76, "UNKNOWN")], ids=["at the limit", "beyond it"])
def test_gap_to_the_nearest_turn_is_limited(start: float, speaker: str) -> None:
    assert _align(_segment(("right", start, 2.0)), turns=_turns((0, 1, A), (5, 6, B))) == [(speaker, "right", LOW)]


def test_word_with_equal_gaps_belongs_to_the_earlier_turn() -> None:
    assert _align(_segment(("right", 1.5, 1.6)), turns=_turns((0, 1, A), (2.1, 3, B))) == [(A, "right", LOW)]


def test_far_word_goes_with_the_previous_word_of_its_segment() -> None:
    segment = _segment(("I", 0.2, 0.4), ("see", 4.0, 4.4), ("well", 9.2, 9.8))

    assert _align(segment, turns=_turns((0, 1, A), (9, 10, B))) == [(A, "I see", MEDIUM), (B, "well", HIGH)]


def test_far_first_word_goes_with_the_next_one() -> None:
    segment = _segment(("Oh", 5.0, 5.4), ("well", 9.2, 9.8))

    assert _align(segment, turns=_turns((0, 1, A), (9, 10, B))) == [(B, "Oh well", MEDIUM)]


# A4


def test_short_stray_word_goes_with_its_neighbours() -> None:
    segment = _segment(("we", 0.5, 0.9), ("do", 1.0, 1.2), ("know", 1.3, 1.8))

    assert _align(segment, turns=_turns((0, 0.95, A), (1.13, 1.2, B), (1.25, 3, A))) == [(A, "we do know", MEDIUM)]


@pytest.mark.parametrize("word", [("do", 1.0, 1.31), ("do", 1.0, 1.1)], ids=["longer than 0.3 s", "covered by half"])
def test_other_stray_words_stay(word: tuple[str, float, float]) -> None:
    segment = _segment(("we", 0.5, 0.9), word, ("know", 1.4, 1.8))

    said = _align(segment, turns=_turns((0, 0.95, A), (1.05, 1.15, B), (1.35, 3, A)))

    assert [speaker for speaker, _, _ in said] == [A, B, A]


# A5, A6


def test_segment_is_cut_at_each_change_of_speaker() -> None:
    words = [("are", 0.1, 0.4), ("you", 0.5, 0.9), ("there", 1.0, 1.4), ("yes", 2.1, 2.4), ("sure", 2.5, 2.9)]
    raw = RawTranscript((_segment(*words, text=" Are you there? Yes, sure. "),))

    said = align(raw, _turns((0, 2, A), (2, 3, B)))

    assert said == [
        AlignedSegment(A, 0.1, 1.4, "Are you there?", HIGH, 0, _words(*words[:3])),
        AlignedSegment(B, 2.1, 2.9, "Yes, sure.", HIGH, 1, _words(*words[3:])),
    ]


def test_uncut_segment_keeps_its_own_text() -> None:
    segment = _segment(("twenty", 0.1, 0.4), ("five", 0.5, 0.9), text="Just 25, yes.")

    assert _align(segment, turns=_turns((0, 2, A))) == [(A, "Just 25, yes.", HIGH)]


def test_each_asr_segment_starts_an_aligned_one() -> None:
    said = _align(_segment(("one", 0.1, 0.4)), _segment(("two", 0.5, 0.9)), turns=_turns((0, 2, A)))

    assert said == [(A, "one", HIGH), (A, "two", HIGH)]


def test_words_that_the_text_leaves_out_make_no_segment() -> None:
    segment = _segment(("I", 0.1, 0.4), ("uh", 1.2, 1.6), ("go", 2.1, 2.9), text="I go")

    assert _align(segment, turns=_turns((0, 1, A), (1, 2, B), (2, 3, A))) == [(A, "I", HIGH), (A, "go", HIGH)]


def test_word_without_time_goes_with_the_word_before() -> None:
    words = (Word("It"), Word("is", 0.2, 0.6), Word("4:30"), Word("fine", 2.2, 2.6))

    said = align(RawTranscript((AsrSegment("It is 4:30. Fine.", 0, 3, words),)), _turns((0, 2, A), (2, 3, B)))

    assert [(one.speaker, one.start_seconds, one.end_seconds, one.text) for one in said] == [
        (A, 0.2, 0.6, "It is 4:30."),
        (B, 2.2, 2.6, "Fine."),
    ]


# A7, A8


@pytest.mark.parametrize(
    ("covered_until", "confidence"),
    [(1.8, HIGH), (1.79, MEDIUM), (1.4, MEDIUM), (1.39, LOW)],
)
def test_confidence_is_the_mean_coverage_of_the_words(covered_until: float, confidence: Confidence) -> None:
    assert _align(_segment(("well", 1.0, 2.0)), turns=_turns((0, covered_until, A))) == [(A, "well", confidence)]


def test_turns_of_a_speaker_are_summed_for_a_segment_without_words() -> None:
    turns = _turns((0, 2, A), (2, 5, B), (5, 7, A))

    assert _align(AsrSegment("Fine.", 0, 7), turns=turns) == [(A, "Fine.", LOW)]


@pytest.mark.parametrize(("end", "confidence"), [(6, MEDIUM), (5.9, LOW)])
def test_confidence_of_a_segment_without_words_is_never_high(end: float, confidence: Confidence) -> None:
    assert _align(AsrSegment("Fine.", 0, 10), turns=_turns((0, end, A))) == [(A, "Fine.", confidence)]


def test_segment_without_words_and_overlap_goes_by_its_midpoint() -> None:
    near, far = AsrSegment("Near.", 1.2, 1.8), AsrSegment("Far.", 4, 5)

    assert _align(near, far, turns=_turns((0, 1, A))) == [(A, "Near.", LOW), ("UNKNOWN", "Far.", LOW)]


# A9 to A12


def test_words_without_segments_form_one_segment_per_gap() -> None:
    words = _words(("one", 0, 0.5), ("two", 1.5, 2.0), ("three", 3.01, 3.5))

    said = align(RawTranscript((), words), _turns((0, 4, A)))

    assert [(one.text, one.start_seconds, one.end_seconds) for one in said] == [
        ("one two", 0, 2.0),
        ("three", 3.01, 3.5),
    ]


def test_words_without_segments_take_their_punctuation_from_the_text() -> None:
    words = _words(("one", 0, 0.5), ("two", 2.0, 2.5))

    said = align(RawTranscript((), words, text="One! Two?"), _turns((0, 4, A)))

    assert [one.text for one in said] == ["One!", "Two?"]


def test_text_alone_is_one_segment_over_the_whole_recording() -> None:
    said = align(RawTranscript((), text="Hello  there.", duration_seconds=8.0), [])

    assert said == [AlignedSegment(A, 0.0, 8.0, "Hello there.", LOW, 0)]


def test_without_turns_labels_of_the_engine_count() -> None:
    labels = [None, "speaker_1", None, "SPEAKER_00"]
    segments = [AsrSegment(f"S{at}", at, at + 1, (), label) for at, label in enumerate(labels)]

    assert _align(*segments) == [(B, "S0", LOW), (B, "S1", MEDIUM), (B, "S2", LOW), (A, "S3", MEDIUM)]


def test_without_turns_and_labels_there_is_one_speaker() -> None:
    assert _align(AsrSegment("One.", 0, 1), AsrSegment("Two.", 1, 2)) == [(A, "One.", LOW), (A, "Two.", LOW)]


def test_with_turns_labels_of_the_engine_are_ignored() -> None:
    segment = AsrSegment("Hi", 0, 1, (Word("Hi", 0.1, 0.9, "SPEAKER_05"),), "SPEAKER_07")

    assert _align(segment, turns=_turns((0, 1, A))) == [(A, "Hi", HIGH)]


def test_flat_words_go_to_the_segment_that_holds_their_midpoint() -> None:
    segments = (AsrSegment("One two.", 0, 2), AsrSegment("Three.", 5, 6))
    words = _words(("one", 0.1, 0.5), ("two", 1.8, 2.6), ("three", 4.4, 4.8))

    said = align(RawTranscript(segments, words), _turns((0, 3, A), (4, 6, B)))

    assert [(one.speaker, one.text, one.words) for one in said] == [
        (A, "One two.", words[:2]),
        (B, "Three.", words[2:]),
    ]


# Exact speakers, times


def test_exact_speakers_are_used_as_they_are() -> None:
    words = (Word("hello", 0.1, 0.4, A), Word("hi", 0.3, 0.6, B), Word("there"))
    raw = RawTranscript((AsrSegment("hello hi there", 0, 1, words, B),), is_speaker_exact=True)

    said = align(raw, _turns((0, 1, "SPEAKER_09")))

    assert [(one.speaker, one.text, one.confidence) for one in said] == [(A, "hello", HIGH), (B, "hi there", HIGH)]


def test_exact_segment_without_words_has_its_own_speaker() -> None:
    segments = (AsrSegment("Hello.", 0, 1, (), B), AsrSegment("Hi.", 1, 2))

    said = align(RawTranscript(segments, is_speaker_exact=True), [])

    assert [(one.speaker, one.confidence) for one in said] == [(B, HIGH), ("UNKNOWN", LOW)]


def test_swapped_times_are_put_in_order_and_negative_ones_are_none() -> None:
    words = (Word("one", 0.9, 0.1), Word("two", -1.0, 1.5), Word("three", None, -2))

    said = align(RawTranscript((AsrSegment("one two three", 2, 0, words),)), _turns((2, 0, A)))

    assert said == [
        AlignedSegment(
            A, 0.1, 1.5, "one two three", HIGH, 0, (Word("one", 0.1, 0.9), Word("two", 1.5, 1.5), Word("three"))
        )
    ]


@pytest.mark.parametrize("times", [(1, 4), (None, None)], ids=["told", "those of its words"])
def test_segment_whose_words_run_backwards_keeps_all_of_its_time(times: tuple[float | None, float | None]) -> None:
    words = _words(("two", 3, 4), ("one", 1, 2))

    said = align(RawTranscript((AsrSegment("two one", *times, words),)), [])

    assert [(one.start_seconds, one.end_seconds, one.text) for one in said] == [(1, 4, "two one")]


def test_words_that_run_backwards_across_speakers_find_them() -> None:
    segment = AsrSegment("Fine. Really?", 0, 4, _words(("fine", 3, 4), ("really", 0, 1)))

    assert _align(segment, turns=_turns((0, 2, A), (2, 4, B))) == [(B, "Fine.", HIGH), (A, "Really?", HIGH)]


def test_segments_without_times_lie_between_their_neighbours() -> None:
    segments = (AsrSegment("One."), AsrSegment("Two.", 2, 3), AsrSegment("Three."), AsrSegment("Four.", 6, 7))

    said = align(RawTranscript(segments, duration_seconds=9.0), [])

    assert [(one.start_seconds, one.end_seconds) for one in said] == [(0.0, 2), (2, 3), (3, 6), (6, 7)]


_speakers = st.sampled_from(["a", "b", "SPEAKER_00"])
_time = st.integers(0, 200).map(lambda tenths: tenths / 10)
_turn_lists = st.lists(st.builds(Turn, _time, _time, _speakers), max_size=8)
_asr_words = st.lists(
    st.builds(Word, st.sampled_from(["yes", "no", "well", "25"]), st.none() | _time, st.none() | _time), max_size=6
)


@st.composite
def _asr_segments(draw: st.DrawFn) -> AsrSegment:
    words = draw(_asr_words)
    extra = draw(st.lists(st.sampled_from(["—", "so", "..."]), min_size=1, max_size=2))
    text = " ".join([*(word.text.capitalize() + draw(st.sampled_from(["", "."])) for word in words), *extra])
    return AsrSegment(text, draw(st.none() | _time), draw(st.none() | _time), tuple(words))


def _texts(words: Iterable[Word]) -> list[str]:
    return [word.text for word in words]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(_asr_segments(), max_size=5), _turn_lists)
def test_no_text_and_no_word_is_lost_or_doubled(segments: list[AsrSegment], turns: list[Turn]) -> None:
    said = align(RawTranscript(tuple(segments)), turns)

    assert " ".join(one.text for one in said) == " ".join(segment.text for segment in segments)
    assert _texts(word for one in said for word in one.words) == _texts(word for one in segments for word in one.words)
    assert [one.order for one in said] == list(range(len(said)))
    assert align(RawTranscript(tuple(segments)), turns[::-1]) == said


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(_asr_segments(), min_size=1, max_size=4), _asr_words, _turn_lists)
def test_every_flat_word_finds_a_segment(segments: list[AsrSegment], words: list[Word], turns: list[Turn]) -> None:
    bare = tuple(AsrSegment(one.text, one.start_seconds, one.end_seconds) for one in segments)

    raw = RawTranscript(bare, tuple(words))
    placed = [word for stretch in read_stretches(raw) for word in stretch.words]
    said = align(raw, turns)

    assert sorted(_texts(placed)) == sorted(_texts(words))
    assert " ".join(one.text for one in said) == " ".join(one.text for one in bare)
