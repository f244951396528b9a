import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.normalization.splitting import split_text, split_utterance
from app.pipeline.transcript import Confidence
from tests.app.pipeline.normalization.said import A, said


def _sentence(length: int, end: str = ".") -> str:
    """A sentence of that many characters."""
    words = "word " * ((length - 2) // 5)
    return f"{words}{'x' * (length - len(words) - len(end))}{end}"


def test_example_of_the_specification() -> None:
    first, second = _sentence(150), _sentence(100)

    pieces = split_utterance(said(A, 4000, 6000, f"{first} {second}", confidence=Confidence.LOW))

    assert pieces == [
        said(A, 4000, 5200, first, confidence=Confidence.LOW),
        said(A, 5200, 6000, second, confidence=Confidence.LOW),
    ]


def test_text_of_the_limit_is_not_split() -> None:
    assert split_text(_sentence(100) + " " + _sentence(99)) == [_sentence(100) + " " + _sentence(99)]


def test_sentences_are_packed_greedily() -> None:
    sentences = [_sentence(length) for length in (60, 60, 60, 60, 130, 69, 10)]

    assert split_text(" ".join(sentences)) == [
        " ".join(sentences[:3]),
        sentences[3] + " " + sentences[4],
        " ".join(sentences[5:]),
    ]


@pytest.mark.parametrize("mark", [",", ";", ":", "—"])
def test_long_sentence_is_cut_at_its_last_inner_mark(mark: str) -> None:
    first, second = _sentence(80, mark), _sentence(110, mark)

    assert split_text(f"{first} {second} {_sentence(90)}") == [f"{first} {second}", _sentence(90)]


def test_mark_between_digits_is_no_place_to_cut() -> None:
    beginning, end = f"{_sentence(180, '')} 1,500", "y" * 90

    assert split_text(f"{beginning} {end}") == [beginning, end]


def test_sentence_without_marks_is_cut_at_the_last_space() -> None:
    text = "x" * 150 + " " + "y" * 49 + " " + "z" * 60

    assert split_text(text) == ["x" * 150 + " " + "y" * 49, "z" * 60]


def test_word_over_the_limit_is_cut_at_it() -> None:
    assert split_text("x" * 450) == ["x" * 200, "x" * 200, "x" * 50]


def test_vowel_sign_is_not_cut_off_its_letter() -> None:
    pieces = split_text("x" * 199 + "के" + "y" * 10)

    assert pieces == ["x" * 199, "के" + "y" * 10]


_texts = st.lists(
    st.sampled_from(["so", "we", "really,", "done.", "Dr.", "really?", "3.", "5", "x" * 40, "—", "w" * 150]),
    min_size=1,
    max_size=60,
).map(" ".join)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_texts, st.integers(0, 100), st.integers(0, 3000))
def test_pieces_are_the_utterance(text: str, start: int, duration: int) -> None:
    pieces = split_utterance(said(A, start, start + duration, text))

    times = [time for piece in pieces for time in (piece.start_hundredths, piece.end_hundredths)]
    assert " ".join(piece.text for piece in pieces) == text
    assert all(0 < len(piece.text) <= 200 for piece in pieces)
    assert (times[0], times[-1]) == (start, start + duration)
    assert times == sorted(times)
    assert times[1:-1:2] == times[2::2]
