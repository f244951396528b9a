import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.normalization.cleaning import clean_characters, clean_speech, clean_utterances, remove_tags
from tests.app.pipeline.normalization.said import A, said


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("cafe\u0301", "café"),
        ("a\u200bb\ufeff\u2060c\u200e", "abc"),
        ("a\x00b\x07c\x7f", "abc"),
        ("  one\n\ttwo\u00a0\u2028three\x1cfour  ", "one two three four"),
        ("a \u200b b", "a b"),
        ("\ud800x", "x"),
        ("\u0928\u092e\u0938\u094d\u0924\u0947", "\u0928\u092e\u0938\u094d\u0924\u0947"),
    ],
    ids=["NFC", "zero width", "control", "whitespace", "invisible between spaces", "lone surrogate", "Devanagari"],
)
def test_characters_are_cleaned(raw: str, clean: str) -> None:
    assert clean_characters(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("♪ la la la ♪ Hello", "Hello"),
        ("Hello ♪", "Hello"),
        ("[Music] Hello", "Hello"),
        ("Hello(loud laughter)there", "Hello there"),
        ("*coughing* Yes", "Yes"),
        ("<background noise> Yes", "Yes"),
        ("[BLANK_AUDIO]", ""),
        ("(soft music in background)", ""),
        ("(she put on some music for us)", "(she put on some music for us)"),
        ("(I think) it [sic] is", "(I think) it [sic] is"),
        ("the music is loud", "the music is loud"),
    ],
    ids=[
        "sung text",
        "lone note",
        "square brackets",
        "round brackets",
        "stars",
        "angle brackets",
        "underscore",
        "four words",
        "more than four words",
        "other bracketed text",
        "no brackets",
    ],
)
def test_tags_are_removed(raw: str, clean: str) -> None:
    assert remove_tags(raw) == clean


def test_tag_in_a_tag_is_removed() -> None:
    assert clean_speech("[noise [music] x] Hello") == "Hello"


@pytest.mark.parametrize("text", ["", "...", "— !", "[Music]", "♪"])
def test_utterance_without_letter_or_digit_is_dropped(text: str) -> None:
    assert clean_utterances([said(A, 0, 100, text)], None) == []


@pytest.mark.parametrize(
    ("times", "clamped"),
    [((-5, 100), (0, 100)), ((200, 100), (200, 200)), ((400, 900), (400, 500)), ((600, 900), (500, 500))],
    ids=["negative", "wrong order", "end past the end", "all past the end"],
)
def test_times_are_brought_into_the_recording(times: tuple[int, int], clamped: tuple[int, int]) -> None:
    assert clean_utterances([said(A, *times)], 500) == [said(A, *clamped)]


def test_unknown_duration_clamps_nothing() -> None:
    assert clean_utterances([said(A, 600, 900)], None) == [said(A, 600, 900)]


_pieces = st.sampled_from(
    [
        *("no", "no,", "No.", "five", "so", "I", "A.", "we will look into it today.", "thank you so", "music", "noise"),
        *("[", "]", "(", ")", "*", "♪", "<", ">", "—", " ", "e", "\u0301", "\u200b", "\x01"),
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(_pieces, max_size=25), st.sampled_from(["", " "]), st.integers(-50, 900), st.integers(-50, 900))
def test_cleaning_twice_is_cleaning_once(pieces: list[str], joint: str, start: int, end: int) -> None:
    once = clean_utterances([said(A, start, end, joint.join(pieces))], 500)

    assert clean_utterances(once, 500) == once


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_cleaning_any_text_twice_is_cleaning_it_once(text: str) -> None:
    once = clean_speech(text)

    assert clean_speech(once) == once
    assert len(once.splitlines()) <= 1
