import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.spelling import divide_text, match_tokens

_texts = st.lists(st.sampled_from(["no", "not", "Note,", "a", "an", "-", "25", "x1", "ice"]), max_size=12)
_words = st.lists(st.sampled_from(["no", "not", "note", "a", "an", "...", "five", "icea"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "words", "owners"),
    [
        ("Well, I know.", ["well", "i", "know"], [0, 1, 2]),
        ("an ice cream", ["an", "icecream"], [0, 1, 1]),
        ("an ice-cream now", ["an", "ice", "cream", "now"], [0, 1, 3]),
        ("well — I know", ["well", "i", "know"], [0, 0, 1, 2]),
        ("at 4:30 then", ["at", "half", "past", "four", "then"], [0, 0, 4]),
        ("I want 25 now", ["i", "want", "twenty-five", "now"], [0, 1, 2, 3]),
        ("yes I said yes", ["i", "said", "yes"], [0, 0, 1, 2]),
        ("I go", ["i", "uh", "go"], [0, 2]),
        ("one two three", ["one"], [0, 0, 0]),
        ("one", ["one", "two"], [0]),
    ],
    ids=[
        "punctuation",
        "two tokens spell one word",
        "one token spells two words",
        "a token without a word stays with the preceding one",
        "numbers said in words",
        "the same word in other spelling",
        "a first token without a word",
        "a word that the text leaves out",
        "more tokens than words",
        "more words than tokens",
    ],
)
def test_token_goes_with_the_word_that_it_spells(text: str, words: list[str], owners: list[int]) -> None:
    assert match_tokens(text.split(), words) == owners


def test_text_is_divided_between_groups() -> None:
    pieces = divide_text("Is  it done?  Yes, it\nis.", ["is", "it", "done", "yes", "it", "is"], [0, 0, 0, 1, 1, 1])

    assert pieces == ["Is it done?", "Yes, it is."]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_texts, _words)
def test_no_token_is_lost_or_goes_backwards(tokens: list[str], words: list[str]) -> None:
    owners = match_tokens(tokens, words)

    assert len(owners) == len(tokens)
    assert owners == sorted(owners)
    assert all(0 <= owner < len(words) for owner in owners)
    assert " ".join(filter(None, divide_text(" ".join(tokens), words, range(len(words))))) == " ".join(tokens)
