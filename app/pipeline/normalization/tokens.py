"""Words of a text for comparing: without case and without the punctuation around them.

Source: transcript.md, sections 4.3 and 4.7.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.pipeline.word_sets import word_set

_NUMBER_WORDS = word_set(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million double triple",
    "null eins zwei zwo drei vier fünf sechs sieben acht neun zehn",
    "cero dos tres cuatro cinco seis siete ocho nueve diez zéro deux trois quatre cinq sept huit neuf dix",
    "ek teen char chaar paanch panch chhe chhah saat aath nau",
)
"""Above all the digits: telephone numbers are read out digit by digit. Articles (`un`, `uno`) are left out."""

_ASCII_PUNCTUATION = "".join(char for char in map(chr, range(128)) if not char.isalnum())
_NUMBER_COMPANIONS = word_set("oh o and point dash plus minus area extension")
"""Words that people say between the digits of one number; alone they are none."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text. `surface` is how it is written, with punctuation that stands alone after it."""

    surface: str
    folded: str

    @property
    def closing(self) -> str:
        """The punctuation behind the word."""
        return self.surface[len(_without_closing(self.surface)) :]

    def close_like(self, other: "Token") -> "Token":
        """The same word with the closing punctuation of the other one."""
        return Token(_without_closing(self.surface) + other.closing, self.folded)


def read_tokens(text: str) -> list[Token]:
    """Answer the words in order; joined with spaces their surfaces are the text after whitespace collapsing."""
    tokens: list[Token] = []
    for surface in text.split():
        folded = fold(surface)
        if not folded and tokens:
            tokens[-1] = Token(f"{tokens[-1].surface} {surface}", tokens[-1].folded)
        else:
            tokens.append(Token(surface, folded))
    return tokens


def join_tokens(tokens: Sequence[Token]) -> str:
    return " ".join(token.surface for token in tokens)


def read_folded(text: str) -> list[str]:
    """Answer the folded words of a text; punctuation that stands alone is none."""
    words = text.split()
    return [folded for word in words if (folded := word.lower() if word.isascii() and word.isalnum() else fold(word))]


def fold(surface: str) -> str:
    """Case-fold a word and strip the punctuation around it; empty when there is nothing else."""
    if surface.isalnum():
        return surface.casefold()
    if surface.isascii():
        return surface.strip(_ASCII_PUNCTUATION).lower()
    start, end = 0, len(surface)
    while start < end and not _is_word_character(surface[start]):
        start += 1
    while end > start and not _is_word_character(surface[end - 1]):
        end -= 1
    return surface[start:end].casefold().replace("’", "'")


def is_number(folded: str) -> bool:
    """Whether a folded word is written with digits or names a number."""
    return folded in _NUMBER_WORDS or any(char.isdigit() for char in folded)


def is_spoken_number(folded: Sequence[str]) -> bool:
    """Whether the words are nothing but one number, such as a telephone number."""
    return any(map(is_number, folded)) and all(is_number(word) or word in _NUMBER_COMPANIONS for word in folded)


def _without_closing(surface: str) -> str:
    end = len(surface)
    while end and not _is_word_character(surface[end - 1]):
        end -= 1
    return surface[:end]


def _is_word_character(char: str) -> bool:
    # Vowel signs of Indic scripts are marks: they belong to their letter.
    return char.isalnum() or unicodedata.category(char).startswith("M")
