import pytest

from app.pipeline.questions import is_question


@pytest.mark.parametrize(
    "sentence",
    [
        "what time is it",
        "how much does it cost",
        "why",
        "why the delay",
        "okay so when can you come",
        "can you hear me",
        "is there anything else",
        "is Tobias there",
        "are the prices fixed",
        "did the order arrive",
        "have you seen it",
        "may i ask something",
        "don't you remember",
    ],
)
def test_question(sentence: str) -> None:
    assert is_question(sentence.split())


@pytest.mark.parametrize(
    "sentence",
    [
        "when i get home it is late",
        "what the price is nobody knows",
        "have a good day",
        "do that again",
        "do not worry",
        "will do",
        "may the best one win",
        "yes",
        "i can hear you",
        "could be",
    ],
)
def test_no_question(sentence: str) -> None:
    assert not is_question(sentence.split())
