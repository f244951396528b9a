import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.alignment import AlignedSegment
from app.pipeline.restoration import restore_formatting
from app.pipeline.speech import Word
from app.pipeline.transcript import Confidence

A, B = "SPEAKER_00", "SPEAKER_01"


def _said(spoken: str, *, speaker: str = A, start: float = 0.0, order: int = 0) -> AlignedSegment:
    """A segment of words of 0.2 s each without pauses; a number among them is a pause in hundredths of a second."""
    words: list[Word] = []
    time = start
    for token in spoken.split():
        if token.isdigit():
            time = round(time + int(token) / 100, 2)
        else:
            words.append(Word(token, time, round(time + 0.2, 2)))
            time = round(time + 0.2, 2)
    text = " ".join(word.text for word in words)
    return AlignedSegment(speaker, start, time, text, Confidence.HIGH, order, tuple(words))


def _restore(*said: AlignedSegment, known_names: tuple[str, ...] = ()) -> list[str]:
    return [segment.text for segment in restore_formatting(said, known_names)]


def test_long_pause_ends_a_sentence() -> None:
    assert _restore(_said("it works 60 what now 59 then")) == ["It works. What now then?"]


def test_change_of_speaker_ends_a_sentence() -> None:
    said = [_said("it works"), _said("right", speaker=B, start=0.4, order=1), _said("so", start=0.6, order=2)]

    assert _restore(*said) == ["It works.", "Right.", "So."]


def test_sentence_goes_on_over_segments_of_one_speaker() -> None:
    assert _restore(_said("it works 10"), _said("on monday", start=0.5, order=1)) == ["It works", "on Monday."]


def test_segments_are_taken_in_the_order_of_time() -> None:
    late, early = _said("second", speaker=B, start=5.0), _said("first", order=1)

    assert _restore(late, early) == ["First.", "Second."]


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("sorry about that 9 i will call you", "Sorry about that. I will call you."),
        ("it is late 5 is there more", "It is late. Is there more?"),
        ("that is great can you come", "That is great. Can you come?"),
    ],
    ids=["subject and verb", "inversion", "request without a pause"],
)
def test_words_that_open_a_sentence_end_the_one_before(spoken: str, written: str) -> None:
    assert _restore(_said(spoken)) == [written]


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("the price 4 i will pay", "The price I will pay."),
        ("i think 20 i will go", "I think I will go."),
        ("i know that 20 i will go", "I know that I will go."),
        ("what time 9 can you come", "What time can you come?"),
        ("if it rains would you come", "If it rains would you come."),
        ("i said 30 to him", "I said to him."),
    ],
    ids=["no audible pause", "held by a verb", "conjunction", "question word before", "condition before", "no opener"],
)
def test_sentence_that_goes_on_is_not_cut(spoken: str, written: str) -> None:
    assert _restore(_said(spoken)) == [written]


def test_marks_and_pronunciations_are_dropped() -> None:
    said = _said("<s> hello(2) [SPEECH] ++UH++ there <sil> </s>")

    assert _restore(said) == ["Hello there."]


def test_segment_of_marks_alone_is_dropped() -> None:
    assert _restore(_said("<sil> [NOISE]"), _said("yes", start=3.0)) == ["Yes."]


def test_nothing_stays_nothing() -> None:
    assert restore_formatting([], ["Meera Nair"]) == []


def test_segment_without_words_is_written_from_its_text() -> None:
    said = [
        AlignedSegment(A, 0.0, 2.0, "hello meera", Confidence.LOW, 0),
        AlignedSegment(A, 2.5, 4.0, "how are you", Confidence.LOW, 1),
        AlignedSegment(A, 4.6, 6.0, "fine", Confidence.LOW, 2),
    ]

    assert _restore(*said, known_names=("Meera Nair",)) == ["Hello Meera.", "How are you?", "Fine."]


def test_only_the_text_changes() -> None:
    said = _said("this is robert")

    restored = restore_formatting([said], [])

    assert restored == [AlignedSegment(A, 0.0, 0.6, "This is Robert.", Confidence.HIGH, 0, said.words)]


def test_dot_of_an_abbreviation_is_not_doubled() -> None:
    assert _restore(_said("at five p.m.")) == ["At five p.m."]


_tokens = [
    "i",
    "will",
    "can",
    "you",
    "what",
    "is",
    "there",
    "thank",
    "robert",
    "this",
    "may",
    "friday",
    "that",
    "5",
    "70",
]
_spoken = st.lists(st.sampled_from(_tokens), min_size=1, max_size=15).map(" ".join)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_spoken, st.sampled_from([A, B]), st.integers(0, 90)), max_size=5))
def test_words_are_never_changed(spoken: list[tuple[str, str, int]]) -> None:
    said = [
        _said(f"so {text}", speaker=speaker, start=start / 10, order=at)
        for at, (text, speaker, start) in enumerate(spoken)
    ]

    restored = restore_formatting(said, ["Robert Lind"])

    before = {segment.order: segment.text.split() for segment in said}
    after = {segment.order: [word.rstrip(".?").casefold() for word in segment.text.split()] for segment in restored}
    assert after == before
