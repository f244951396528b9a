import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.normalization.duplicates import drop_near_duplicates, measure_similarity
from app.pipeline.normalization.utterance import Utterance
from app.pipeline.transcript import Confidence
from tests.app.pipeline.normalization.said import A, B, said

TEN = "we can move it to the next week if you"
"""Ten words."""


def _texts(*utterances: Utterance) -> list[str]:
    return [one.text for one in drop_near_duplicates(utterances)]


def test_longer_text_stays_with_the_union_of_the_times() -> None:
    short = said(A, 0, 200, "See you on Monday then", confidence=Confidence.LOW)
    long = said(A, 300, 400, "see you on monday, then!", order=1)

    assert drop_near_duplicates([short, long]) == [said(A, 0, 400, "see you on monday, then!")]


@pytest.mark.parametrize(
    ("second", "stays"),
    [
        (said(A, 300, 400, TEN), False),
        (said(A, 301, 400, TEN), True),
        (said(A, 300, 400, TEN.replace("next", "last")), False),
        (said(A, 300, 400, TEN.replace("next", "last").replace("if", "when")), True),
        (said(B, 300, 400, TEN), True),
    ],
    ids=["gap of 1.0 s", "longer gap", "similarity 0.9", "similarity 0.8", "another speaker"],
)
def test_repeat_of_one_speaker(second: Utterance, stays: bool) -> None:
    first = said(A, 0, 200, TEN)

    assert drop_near_duplicates([first, second]) == (
        [first, second] if stays else [said(A, 0, 400, max(first.text, second.text, key=len))]
    )


def test_two_words_are_no_repeat() -> None:
    assert _texts(said(A, 0, 100, "thank you"), said(A, 100, 200, "thank you")) == ["thank you", "thank you"]


def test_repeat_with_somebody_else_in_between_stays() -> None:
    first, between, second = said(A, 0, 100, TEN), said(B, 100, 110, "right"), said(A, 110, 200, TEN)

    assert drop_near_duplicates([first, between, second]) == [first, between, second]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("the price is 1500 euros for all of it I think", "the price is 1600 euros for all of it I think"),
        ("zero one seven six", "zero one seven six"),
    ],
    ids=["another number", "a telephone number in groups"],
)
def test_numbers_are_not_collapsed(first: str, second: str) -> None:
    assert _texts(said(A, 0, 100, first), said(A, 110, 200, second)) == [first, second]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (Confidence.LOW, Confidence.HIGH, B),
        (Confidence.HIGH, Confidence.MEDIUM, A),
        (Confidence.LOW, Confidence.LOW, A),
    ],
    ids=["the earlier one is less sure", "the later one is less sure", "a tie"],
)
def test_channel_bleed_goes(first: Confidence, second: Confidence, kept: str) -> None:
    utterances = [said(A, 0, 200, TEN, confidence=first), said(B, 100, 300, TEN, confidence=second)]

    assert [one.speaker for one in drop_near_duplicates(utterances)] == [kept]


@pytest.mark.parametrize(
    "second",
    [
        said(B, 101, 301, TEN),
        said(B, 100, 300, TEN.replace("next", "last")),
        said(B, 150, 150, TEN),
    ],
    ids=["overlap of less than half", "similarity of less than 0.95", "no length"],
)
def test_what_only_resembles_bleed_stays(second: Utterance) -> None:
    assert drop_near_duplicates([said(A, 0, 200, TEN), second]) == [said(A, 0, 200, TEN), second]


def test_three_words_are_no_bleed() -> None:
    assert _texts(said(A, 0, 100, "yes it is"), said(B, 0, 100, "yes it is")) == ["yes it is", "yes it is"]


def test_bleed_is_found_behind_others() -> None:
    utterances = [said(A, 0, 400, TEN), said(B, 10, 50, "right"), said(B, 100, 400, TEN)]

    assert drop_near_duplicates(utterances) == utterances[:2]


@pytest.mark.parametrize(
    ("first", "second", "similarity"),
    [("a b c", "a b c", 1.0), ("a b c d", "a c d", 6 / 7), ("a b", "b a", 0.5), ("a", "b", 0.0), ("", "", 0.0)],
)
def test_similarity(first: str, second: str, similarity: float) -> None:
    assert measure_similarity(first.split(), second.split()) == similarity


_letters = st.lists(st.sampled_from("abc"), max_size=12)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_letters, _letters)
def test_similarity_counts_the_longest_common_subsequence(first: list[str], second: list[str]) -> None:
    rows = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for at, word in enumerate(first):
        for other_at, other in enumerate(second):
            longer = max(rows[at][other_at + 1], rows[at + 1][other_at])
            rows[at + 1][other_at + 1] = rows[at][other_at] + 1 if word == other else longer

    expected = 2 * rows[-1][-1] / (len(first) + len(second)) if first or second else 0.0
    assert measure_similarity(first, second) == expected
