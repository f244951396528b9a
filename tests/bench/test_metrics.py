import pytest

from app.pipeline.speech import Turn
from bench.metrics import (
    SpokenWord,
    diarization_error,
    normalized_words,
    word_diarization_error_rate,
    word_error_rate,
)


def spoken(words: str) -> list[SpokenWord]:
    """Words written as `speaker:word`."""
    return [SpokenWord(text, speaker) for speaker, text in (word.split(":") for word in words.split())]


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert normalized_words("Hello, I’m 'fine' -- e-mail me at 10!") == [
        "hello",
        "i'm",
        "fine",
        "e",
        "mail",
        "me",
        "at",
        "10",
    ]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        pytest.param("a b c d", "a b c d", 0.0, id="equal"),
        pytest.param("a b c d", "a x c d", 0.25, id="substitution"),
        pytest.param("a b c d", "a c d", 0.25, id="deletion"),
        pytest.param("a b c d", "a b b c d", 0.25, id="insertion"),
        pytest.param("a b c d", "", 1.0, id="nothing heard"),
        pytest.param("a", "b c d", 3.0, id="more than all wrong"),
        pytest.param("", "", 0.0, id="nothing said"),
        pytest.param("", "a b", 2.0, id="words out of nothing"),
    ],
)
def test_word_error_rate(reference: str, hypothesis: str, expected: float) -> None:
    assert word_error_rate(reference.split(), hypothesis.split()) == expected


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        pytest.param("x:a x:b y:c y:d", 0.0, id="other names"),
        pytest.param("x:a y:b y:c y:d", 0.25, id="a word of the wrong speaker"),
        pytest.param("x:a x:b x:c x:d", 0.5, id="one speaker for two"),
        pytest.param("x:a x:b z:c y:d", 0.25, id="a speaker too many"),
        pytest.param("x:a y:z y:c y:d", 0.25, id="a word understood wrongly has its speaker all the same"),
        pytest.param("x:a y:c x:d", 1 / 3, id="missed words do not count"),
        pytest.param("x:a x:b y:z y:c y:d", 0.0, id="words out of nothing do not count"),
        pytest.param("", 0.0, id="nothing heard"),
    ],
)
def test_word_diarization_error_rate(hypothesis: str, expected: float) -> None:
    reference = spoken("A:a A:b B:c B:d")

    assert word_diarization_error_rate(reference, spoken(hypothesis)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        pytest.param([Turn(0, 6, "x"), Turn(6, 10, "y")], (0, 0, 0), id="other names"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 9, "y")], (0.1, 0, 0), id="missed"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 12, "y")], (0, 0.2, 0), id="false alarm"),
        pytest.param([Turn(0, 10, "x")], (0, 0, 0.4), id="one speaker for two"),
        pytest.param([Turn(0, 6, "x"), Turn(5, 10, "y")], (0, 0.1, 0), id="overlap that was none"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 8, "y"), Turn(8, 10, "z")], (0, 0, 0.2), id="a speaker too many"),
        pytest.param([Turn(1, 7, "x"), Turn(7, 11, "y")], (0.1, 0.1, 0.1), id="a second late"),
        pytest.param([], (1, 0, 0), id="nothing"),
    ],
)
def test_diarization_error(hypothesis: list[Turn], expected: tuple[float, float, float]) -> None:
    reference = [Turn(0, 6, "A"), Turn(6, 10, "B")]

    error = diarization_error(reference, hypothesis)

    assert (error.missed, error.false_alarm, error.confusion) == pytest.approx(expected)
    assert error.total == pytest.approx(sum(expected))


def test_overlapped_speech_counts_for_both_speakers() -> None:
    reference = [Turn(0, 6, "A"), Turn(4, 10, "B")]

    error = diarization_error(reference, [Turn(0, 5, "x"), Turn(5, 10, "y")])

    assert (error.missed, error.false_alarm, error.confusion) == pytest.approx((2 / 12, 0, 0))
