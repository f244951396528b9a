import pytest

from app.pipeline.speech import Turn
from bench.metrics import diarization_error_rate, normalized_words, word_error_rate


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
        pytest.param([Turn(0, 6, "x"), Turn(6, 10, "y")], 0.0, id="other names"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 9, "y")], 0.1, id="missed"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 12, "y")], 0.2, id="false alarm"),
        pytest.param([Turn(0, 10, "x")], 0.4, id="one speaker for two"),
        pytest.param([Turn(0, 6, "x"), Turn(5, 10, "y")], 0.1, id="overlap that was none"),
        pytest.param([Turn(0, 6, "x"), Turn(6, 8, "y"), Turn(8, 10, "z")], 0.2, id="a speaker too many"),
        pytest.param([], 1.0, id="nothing"),
    ],
)
def test_diarization_error_rate(hypothesis: list[Turn], expected: float) -> None:
    reference = [Turn(0, 6, "A"), Turn(6, 10, "B")]

    assert diarization_error_rate(reference, hypothesis) == pytest.approx(expected)


def test_overlapped_speech_counts_for_both_speakers() -> None:
    reference = [Turn(0, 6, "A"), Turn(4, 10, "B")]

    assert diarization_error_rate(reference, [Turn(0, 5, "x"), Turn(5, 10, "y")]) == pytest.approx(2 / 12)
