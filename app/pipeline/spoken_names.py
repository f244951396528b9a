"""Capitals inside a sentence: names, days, months and `I`, for engines that return lower-case words.

Source: transcript.md, section 4.0; the places where a first name counts are the frames of 5.3 and the greetings of 5.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.pipeline.first_names import EVERYDAY_NAMES, FIRST_NAMES
from app.pipeline.word_sets import word_set

_ALWAYS = word_set(
    "i i'm i'll i've i'd monday tuesday wednesday thursday friday saturday sunday",
    "january february april june july august september october november december",
)
_VERB_MONTHS = word_set("march may")
_BEFORE_MONTH = word_set("in of by since until till last next early late from")
_DAY_NUMBERS = word_set(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth",
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty thirtieth thirty",
)
_PRONOUNS = word_set("i you we he she it they there this that the a your my")
_HONORIFICS = word_set("mr mr. mrs mrs. ms ms. miss sir madam shri dr dr.")
_GREETINGS = (
    *(("hi",), ("hey",), ("hello",), ("hallo",), ("namaste",), ("namaskar",), ("salaam",)),
    *(("good", "morning"), ("good", "afternoon"), ("good", "evening")),
)
_YES_WORDS = (("yes",), ("yeah",), ("yep",), ("haan",))
_NAMING = (
    *(("my", "name", "is"), ("my", "name's"), ("the", "name", "is"), ("mera", "naam")),
    *(
        (*you, verb, preposition)
        for you in (("you", "are"), ("you're",))
        for verb in ("speaking", "talking")
        for preposition in ("to", "with")
    ),
)
_PRESENTING = (("this", "is"),)
_STATING = (("i", "am"), ("i'm",), ("main",))
_AFTER_OWN_NAME = (("speaking",), ("here",), ("this", "side"), ("bol",))
_AFTER_NAME = word_set("from speaking here calling with at hai bol")
"""What may stand behind an everyday word that is a name here; a sentence may also end."""
_VERB_NAMES = word_set("will may hope grant chase")
"""Everyday names that may go on after a greeting as what they are otherwise: "hello will you"."""


@dataclass(frozen=True, slots=True)
class _KnownNames:
    """Names of the context by their folded words, as they are to be written."""

    full: Mapping[tuple[str, ...], tuple[str, ...]]
    first: Mapping[str, str]
    last: Mapping[str, str]


def capitalize_names(sentences: Sequence[Sequence[str]], known_names: Sequence[str]) -> list[list[str]]:
    """Write the names of a call's sentences with capitals; no word changes otherwise.

    A first name of the list counts where somebody introduces himself or is greeted, and from then on in the whole call
    unless it is an everyday word, too.
    """
    known = _read_known_names(known_names)
    places = [{at for at in range(len(words)) if _is_name_place(words, at)} for words in sentences]
    met = {
        _split_possessive(words[at])[0]
        for words, found in zip(sentences, places, strict=True)
        for at in found
        if _split_possessive(words[at])[0] in FIRST_NAMES
    }
    return [_write(words, found, known, met) for words, found in zip(sentences, places, strict=True)]


def capitalize(word: str) -> str:
    """Write the first letter as a capital: `'cause` is `'Cause`."""
    for at, char in enumerate(word):
        if char.isalpha():
            return word[:at] + char.upper() + word[at + 1 :]
    return word


def _read_known_names(names: Sequence[str]) -> _KnownNames:
    full: dict[tuple[str, ...], tuple[str, ...]] = {}
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for name in names:
        tokens = [token.strip(".,;()\"'") for token in name.split()]
        spoken = [token for token in tokens if any(map(str.isalpha, token)) and token.casefold() not in _HONORIFICS]
        written = tuple(capitalize(token) if token.islower() else token for token in spoken)
        folded = tuple(token.casefold() for token in written)
        if len(written) > 1:
            full[folded] = written
            last[folded[-1]] = written[-1]
        if written and len(written[0]) > 1 and folded[0] not in _PRONOUNS:
            first[folded[0]] = written[0]
    return _KnownNames(full, first, last)


def _is_name_place(words: Sequence[str], at: int) -> bool:
    """Whether a first name at this place is meant as one: after an introduction or a greeting, before "speaking"."""
    before = at - 1 if at and words[at - 1] in _HONORIFICS else at
    is_everyday = words[at] in EVERYDAY_NAMES
    if _follows(words, before, _NAMING):
        return True
    if _follows(words, before, _GREETINGS):
        return words[at] not in _VERB_NAMES or _is_clear(words, at)
    if _follows(words, before, _PRESENTING):
        return not is_everyday or _is_clear(words, at)
    if _follows(words, before, _STATING):
        return not is_everyday
    return _precedes(words, at, _AFTER_OWN_NAME) and (before == 0 or _follows(words, before, _YES_WORDS))


def _follows(words: Sequence[str], at: int, phrases: Sequence[Sequence[str]]) -> bool:
    return any(at >= len(phrase) and tuple(words[at - len(phrase) : at]) == tuple(phrase) for phrase in phrases)


def _precedes(words: Sequence[str], at: int, phrases: Sequence[Sequence[str]]) -> bool:
    return any(tuple(words[at + 1 : at + 1 + len(phrase)]) == tuple(phrase) for phrase in phrases)


def _is_clear(words: Sequence[str], at: int) -> bool:
    """Whether an everyday word ("will", "mark") can only be a name here."""
    return at + 1 == len(words) or words[at + 1] in _AFTER_NAME


def _write(words: Sequence[str], places: set[int], known: _KnownNames, met: set[str]) -> list[str]:
    written = [_write_word(words, at, at in places, known, met) for at in range(len(words))]
    for at in range(len(words)):
        for folded, spelled in known.full.items():
            last = at + len(folded) - 1
            if last < len(words) and (*words[at:last], _split_possessive(words[last])[0]) == folded:
                written[at : last + 1] = [*spelled[:-1], spelled[-1] + _split_possessive(words[last])[1]]
    return written


def _write_word(words: Sequence[str], at: int, is_place: bool, known: _KnownNames, met: set[str]) -> str:
    name, ending = _split_possessive(words[at])
    if words[at] in _ALWAYS or (name in _VERB_MONTHS and _is_month(words, at)):
        return capitalize(words[at])
    if name in known.first and (is_place or name not in EVERYDAY_NAMES):
        return known.first[name] + ending
    if name in known.last and at > 0 and words[at - 1] in _HONORIFICS:
        return known.last[name] + ending
    if name in met or (is_place and name in EVERYDAY_NAMES):
        return capitalize(words[at])
    return words[at]


def _is_month(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    return before in _BEFORE_MONTH or (after in _DAY_NUMBERS and before not in _PRONOUNS)


def _split_possessive(word: str) -> tuple[str, str]:
    return (word[:-2], word[-2:]) if word.endswith("'s") else (word, "")
