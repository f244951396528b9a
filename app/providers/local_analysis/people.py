"""Find people who are named: those who introduce themselves, those who are addressed, and those who are talked about.

A name is a word with a capital in a place where a name stands, or the name of a speaker of the transcript that is
spoken. Lower-case text therefore yields only the latter.
Source: analysis.md, section 3.8; the frames follow transcript.md 5.3 and 5.4.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.pipeline.transcript import Speaker
from app.providers.local_analysis.lexicon import EMPTY_WORDS, PREPOSITIONS, is_content_word, word_set
from app.providers.local_analysis.sentences import Clause, Word, cite
from app.providers.local_analysis.titles import neutralize

MAX_NAME_WORDS = 3

_NO_NAMES = EMPTY_WORDS | word_set(
    "speaking calling urgent important regarding support sales service reception customer english hindi sir madam guys "
    "god lord internet team manager lots again bye everything"
)
"""Words that never are a name, whatever their case (transcript.md, rule I4)."""

_INTRODUCTION = re.compile(r"(?<![^ ])(?:this is|my name is|the name is|speaking (?:to|with)|talking to)(?= )")
_ADDRESS = re.compile(
    r"(?<![^ ])(?:hi|hello|hey|thanks|thank you|good morning|good afternoon|good evening|goodbye|bye|to hear that)(?= )"
)
_THIRD_PARTY = re.compile(
    r"(?<![^ ])(?:mr|mrs|ms|dr|doctor|professor|(?:my|our|your|the|his|her) (?:manager|colleague|boss|assistant|friend|"
    r"partner|lawyer|accountant|wife|husband|brother|sister|son|daughter|mother|father|doctor))(?= )"
)
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "doctor", "professor"})


class _Mention(NamedTuple):
    name: str
    rank: int
    context: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was named, and what the call says about them."""

    name: str
    context: str
    segment_ids: tuple[str, ...]


def find_people(clauses: Sequence[Clause], speakers: Sequence[Speaker]) -> tuple[Person, ...]:
    """Answer who is named, in the order of the call; mentions with the same first name are one person."""
    people: dict[str, list[_Mention]] = {}
    for clause in clauses:
        for mention in _read_clause(clause, speakers):
            people.setdefault(mention.name.casefold().split(" ")[0], []).append(mention)
    return tuple(_merge(mentions) for mentions in people.values())


def _merge(mentions: Sequence[_Mention]) -> Person:
    """Keep the fullest name, the most telling context and all places."""
    best = min(mentions, key=lambda mention: mention.rank)
    name = max((mention.name for mention in mentions), key=len)
    return Person(neutralize(name), neutralize(best.context), cite(mention.clause for mention in mentions))


def _read_clause(clause: Clause, speakers: Sequence[Speaker]) -> Iterator[_Mention]:
    for rank, pattern in enumerate((_INTRODUCTION, _THIRD_PARTY, _ADDRESS), start=1):
        for match in pattern.finditer(clause.text):
            place = clause.word_index(match.end()) + 1
            name = _read_name(clause.words[place:])
            if not name or (pattern is _ADDRESS and not _ends_there(clause.words, place + len(name))):
                continue
            shown = " ".join(word.shown for word in name)
            if pattern is _INTRODUCTION:
                origin = _read_origin(clause.words[place + len(name) :])
                yield _Mention(shown, 0 if origin else rank, origin or "introduced by name", clause)
            elif pattern is _ADDRESS:
                yield _Mention(shown, rank, "addressed by name", clause)
            elif match[0] in _TITLES:
                title = clause.words[place - 1].shown
                yield _Mention(f"{title} {shown}", rank, "mentioned by name", clause)
            else:
                yield _Mention(shown, rank, match[0].split(" ")[1], clause)
    yield from _read_known_names(clause, speakers)


def _read_name(words: Sequence[Word]) -> list[Word]:
    """Answer the run of capitalised words at the start, up to punctuation; a possessive is no introduction."""
    name: list[Word] = []
    for word in words[:MAX_NAME_WORDS]:
        if not word.shown[:1].isupper() or word.lower in _NO_NAMES or word.lower.endswith("'s"):
            break
        name.append(word)
        if word.surface and not word.surface[-1].isalnum():
            break
    return name


def _ends_there(words: Sequence[Word], place: int) -> bool:
    """Whether the name is followed by nothing: "Hello, Linden clinic" addresses nobody."""
    return place >= len(words) or not words[place - 1].surface[-1:].isalnum()


def _read_origin(words: Sequence[Word]) -> str | None:
    """Answer "from the sales team" and the like behind a name."""
    lower = [word.lower for word in words[:5]]
    if len(lower) < 2 or lower[0] not in ("from", "at", "with"):
        return None
    kept = [words[0]]
    for word in words[1:5]:
        if len(kept) > 1 and word.lower in PREPOSITIONS:
            break
        kept.append(word)
        if word.surface and word.surface[-1] in ".,;!?":
            break
    has_noun = is_content_word(kept[-1].lower)
    return " ".join(word.shown for word in kept) if has_noun else None


def _read_known_names(clause: Clause, speakers: Sequence[Speaker]) -> Iterator[_Mention]:
    """Find the speakers' own names, also in lower case: somebody has given them to the transcript already."""
    words = clause.text.split(" ")
    for speaker in speakers:
        name = (speaker.display_name or "").partition(" (")[0]
        first = name.casefold().split(" ")[0]
        if len(first) > 1 and first in words and first not in EMPTY_WORDS:
            yield _Mention(name, 4, "takes part in the call", clause)
