"""Tokens, transcript.md 5.1."""

import pytest

from app.pipeline.speakers.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop – it’s 5 p.m.", ["don't", "stop", "it", "5", "p", "m"]),
        ("नमस्ते मीरा जी।", ["नमस्ते", "मीरा", "जी"]),
        ("'quoted' ' words '", ["quoted", "words"]),
        ("ＴＯＢＩＡＳ Straße", ["tobias", "strasse"]),
        ("", []),
    ],
)
def test_tokens_are_runs_of_letters_marks_and_digits(text: str, words: list[str]) -> None:
    assert [token.word for token in tokenize(text)] == words


@pytest.mark.parametrize("text", ["Nadia's", "Nadia’s", "James' car", "James’ car", "James＇ car", "Jamesʼ car"])
def test_owner_is_flagged(text: str) -> None:
    assert tokenize(text)[0].is_possessive


def test_offsets_point_into_the_text() -> None:
    text = "  Hi,  Tobias!"

    assert [text[token.start : token.end] for token in tokenize(text)] == ["Hi", "Tobias"]


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("Hello. This is it? Yes", [True, True, False, False, True]),
        ("Mr. Lind is here.", [True, False, False, False]),
        ("John F. Kennedy", [True, False, False]),
        ("So do I. Tobias", [True, False, False, True]),
        ("Version 3.5 (beta)", [True, False, False, False]),
        ('"Stop." He left', [True, True, False]),
    ],
)
def test_sentences_start_after_their_ends(text: str, starts: list[bool]) -> None:
    assert [token.starts_sentence for token in tokenize(text)] == starts


def test_hyphen_and_dot_of_an_honorific_are_no_punctuation() -> None:
    tokens = tokenize("Dr. Anne-Marie Lind, please - now")

    assert [token.follows_punctuation for token in tokens] == [True, False, False, False, True, True]
