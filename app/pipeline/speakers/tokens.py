"""Tokens of a text, as all rules of speaker resolution see it. Source: transcript.md, section 5.1."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HONORIFICS = frozenset({"mr", "mrs", "ms", "sir", "madam", "shri", "dr"})

_APOSTROPHES = {ord(char): "'" for char in "’ʼ‘＇"}
_SENTENCE_END = re.compile(r"[.!?…।॥][^\s\w]*(?:\s|$)|[。！？]")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")
_HYPHENS = frozenset("-‐‑")
_QUESTION = re.compile(r"[\s\"'”’)]*[?？]")


class Token(NamedTuple):
    """One word of a segment; `start` and `end` are offsets into its text.

    `full` is NFKC and case-folded; `word` is `full` without a final `'s`, in which case `is_possessive` holds.
    `follows_punctuation`: more than white space (or a hyphen inside a word, or an honorific's dot) stands before it;
    `follows_hyphen`: it is a later part of a word with hyphens.
    """

    text: str
    start: int
    end: int
    full: str
    word: str
    is_possessive: bool
    starts_sentence: bool
    follows_punctuation: bool
    follows_hyphen: bool

    @property
    def is_capitalised(self) -> bool:
        return self.text[0].isupper() or self.text[0].istitle()


def tokenize(text: str) -> tuple[Token, ...]:
    """Cut a text into its tokens: runs of letters, marks and digits of any script, with inner apostrophes."""
    tokens: list[Token] = []
    previous: Token | None = None
    for start, end in _spans(text):
        gap = text[previous.end if previous else 0 : start]
        surface = text[start:end]
        full = fold(surface)
        # A letter among the apostrophes (U+02BC) belongs to the word, also at its end.
        is_possessive = full.endswith(("'s", "s'")) or (full.endswith("s") and fold(text[end : end + 1]) == "'")
        # Most words follow a space.
        if gap == " " and previous is not None:
            starts_sentence = follows_punctuation = follows_hyphen = False
        else:
            starts_sentence = previous is None or _ends_sentence(previous, gap)
            follows_punctuation = previous is None or not _joins(previous, gap)
            follows_hyphen = gap in _HYPHENS
        word = full.removesuffix("'s")
        previous = Token(
            surface, start, end, full, word, is_possessive, starts_sentence, follows_punctuation, follows_hyphen
        )
        tokens.append(previous)
    return tuple(tokens)


def fold(text: str) -> str:
    """Compatibility forms, case and the shape of apostrophes do not count."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_APOSTROPHES)


def words_match(tokens: Sequence[Token], index: int, words: Sequence[str]) -> bool:
    """Tell whether these spellings stand at `index`, one after the other and without punctuation between them."""
    if index + len(words) > len(tokens):
        return False
    if not words or tokens[index].full != words[0]:
        return not words
    for at, word in enumerate(words[1:], start=index + 1):
        if tokens[at].full != word or tokens[at].follows_punctuation:
            return False
    return True


def find_words(tokens: Sequence[Token], words: Sequence[str]) -> int | None:
    """The first index at which these spellings stand (`words_match`), None when they do not."""
    return next((index for index in range(len(tokens)) if words_match(tokens, index, words)), None)


def is_question_after(text: str, token: Token) -> bool:
    """Tell whether a question mark follows the token directly."""
    return _QUESTION.match(text, token.end) is not None


def _spans(text: str) -> Iterator[tuple[int, int]]:
    if text.isascii():
        yield from (found.span() for found in _ASCII_WORD.finditer(text))
        return
    start: int | None = None
    for index, char in enumerate(text):
        if _is_word_char(char):
            start = index if start is None else start
        elif start is not None and not (char in "'’‘＇" and _is_word_char(text[index + 1 : index + 2])):
            yield start, index
            start = None
    if start is not None:
        yield start, len(text)


def _is_word_char(char: str) -> bool:
    return char != "" and (char.isalnum() or unicodedata.category(char).startswith("M"))


def _ends_sentence(previous: Token, gap: str) -> bool:
    is_initial = len(previous.full) == 1 and previous.full != "i"
    if gap.strip() == "." and (is_initial or previous.full in HONORIFICS):
        return False
    return _SENTENCE_END.search(gap) is not None


def _joins(previous: Token, gap: str) -> bool:
    return gap.isspace() or gap in _HYPHENS or (gap.strip() == "." and previous.full in HONORIFICS)
