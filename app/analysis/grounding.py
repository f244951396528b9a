"""Whether an address or a number was said in the call: what was not said does not reach a row.

Source: analysis.md, section 4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.pipeline.transcript import Transcript

MIN_PHONE_DIGITS = 7
"""So many last digits of a number have to be heard; country and area code are often left out."""

_SPOKEN_SIGNS = {"at": "@", "dot": ".", "underscore": "_", "dash": "-", "hyphen": "-"}
_EDGES = ".,;:!?…\"'()[]<>“”‘’-"

_DIGIT_OR_WORD = re.compile(r"\d|[^\W\d_]+")
_UNITS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9",
}  # fmt: skip
_TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS = {
    "twenty": "2", "thirty": "3", "forty": "4", "fourty": "4", "fifty": "5", "sixty": "6", "seventy": "7",
    "eighty": "8", "ninety": "9",
}  # fmt: skip
_HUNDREDS = {"hundred": "00", "thousand": "000"}
_REPEATS = {"double": 2, "triple": 3}


@dataclass(frozen=True, slots=True)
class SpokenEvidence:
    """A call's words in the two forms that are searched.

    `joined` is its text, case-folded, without spaces and with spoken signs as signs; `edges` are the offsets in it
    where words begin or end. `digits` are all digits of the call in order, number words included.
    """

    joined: str
    edges: frozenset[int]
    digits: str

    def has_email(self, address: str) -> bool:
        """Tell whether an e-mail address was said or spelled out, as whole words."""
        wanted = address.casefold()
        local, _, domain = wanted.partition("@")
        if not local or not domain or "@" in domain:
            return False
        start = self.joined.find(wanted)
        while start >= 0:
            if start in self.edges and start + len(wanted) in self.edges:
                return True
            start = self.joined.find(wanted, start + 1)
        return False

    def has_phone_number(self, number: str) -> bool:
        """Tell whether the last seven digits of a telephone number were said; a shorter one never counts."""
        digits = "".join(str(int(char)) for char in number if char.isdecimal())
        return len(digits) >= MIN_PHONE_DIGITS and digits[-MIN_PHONE_DIGITS:] in self.digits


def collect_evidence(transcript: Transcript) -> SpokenEvidence:
    """Prepare all that was said in a call for searching."""
    text = " ".join(segment.text for segment in transcript.segments).casefold()
    words = [_SPOKEN_SIGNS.get(word, word) for word in _strip_words(text)]
    edges, length = {0}, 0
    for word in words:
        length += len(word)
        edges.add(length)
    return SpokenEvidence("".join(words), frozenset(edges), "".join(_iter_digits(text)))


def _strip_words(text: str) -> Iterator[str]:
    """The words without punctuation around them; a sign that stands alone is kept."""
    for word in text.split():
        yield word.strip(_EDGES) or word


def _iter_digits(text: str) -> Iterator[str]:
    """Digits of a case-folded text as they would be dialled: "double five" is 55, "forty four" 44, "forty" 40."""
    tokens = _DIGIT_OR_WORD.findall(text)
    repeat = 1
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in _TENS:
            yield _TENS[token] + ("" if following in _UNITS and _UNITS[following] != "0" else "0")
        elif token.isdecimal():
            yield str(int(token)) * repeat
        else:
            yield (_UNITS.get(token) or _TEENS.get(token) or _HUNDREDS.get(token) or "") * repeat
        repeat = _REPEATS.get(token, 1)
