"""Make short imperative titles of spoken words: "I will send you the revised price" becomes "Send the revised price".

Words are dropped, never added, but for the few verbs that need an object when the parties are dropped ("I will text
you", "Send a text message"). Nobody is called "you" or "me" in a title.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from app.providers.local_analysis.due_dates import When
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.lexicon import ADVERBS, AUXILIARIES, CONJUNCTIONS, DETERMINERS, FILLERS, PREPOSITIONS
from app.providers.local_analysis.sentences import CONNECTORS, Clause, Word
from app.providers.local_analysis.statements import Statement
from app.providers.local_analysis.task_lexicon import MEETING_NOUNS
from app.providers.local_analysis.verbs import PARTIES, REPORT_BACK, YOU_IS_SUBJECT_BEFORE

MAX_TITLE_WORDS = 12
MAX_TITLE_CHARS = 100
"""Titles are short (analysis.md, section 3.4)."""

_WHOLE_TITLES = {
    "call": "Call back",
    "call back": "Call back",
    "phone": "Call back",
    "ring": "Call back",
    "email": "Send an email",
    "text": "Send a text message",
    "message": "Send a message",
}
_POSSESSIVES = frozenset({"my", "your", "our"})
_PARTY_PREPOSITIONS = frozenset({"to", "for", "with", "from", "of", "on", "at", "by"})
_DANGLING = (
    PREPOSITIONS
    | CONJUNCTIONS
    | DETERMINERS
    | AUXILIARIES
    | FILLERS
    | frozenset({"that", "this", "these", "those", "your", "my", "our"})
)
_NO_SENTENCE_ENDS = CONJUNCTIONS | DETERMINERS | frozenset({"that", "because"})
_FIRST_PERSON = frozenset({"i", "we", "mine", "ours", "yours", "myself", "ourselves", "yourself"})
_LOOSE_ADVERBS = frozenset({"also", "then", "please", "kindly", "just", "too", "now", "actually", "basically", "maybe"})
_DIGIT = r"(?:[\d-]+|zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_SPOKEN_NUMBER = re.compile(rf"(?<![^ ])(?:(?:on|at|under) )?(?:\d[\d-]{{6,}}|{_DIGIT}(?: {_DIGIT}){{4,}})(?![^ ])")
_GENERIC_SPEAKER = re.compile(r"\bspeaker[\s_-]*\d+", re.IGNORECASE)


def make_title(statement: Statement, partner_name: str | None = None) -> str:
    """Answer the title; `partner_name` stands for "you" in a promise and for "me" in a request, where one is needed."""
    if statement.is_third_party_plan:
        return make_sentence(statement.tail) or ""
    words = _readable(_without_time(statement))
    verb = _shown_verb(statement)
    is_about_partner = _is_about_partner(statement)
    if not words and is_about_partner and partner_name and _WHOLE_TITLES.get(verb) == "Call back":
        return capitalize(f"call {partner_name}")
    if verb in _WHOLE_TITLES and all(word in ADVERBS for word in words):
        return _WHOLE_TITLES[verb]
    return capitalize(" ".join([verb, *words]))


def make_sentence(words: Sequence[Word]) -> str | None:
    """Answer the words as a sentence that names no party; None when they cannot be said without "I" or "you"."""
    lower = [word.lower for word in words]
    if not _FIRST_PERSON.isdisjoint(lower) or lower[:1] == ["you"] or _has_you_as_subject(lower):
        return None
    kept = _trim(_without_parties(words), _NO_SENTENCE_ENDS)
    return f"{capitalize(' '.join(kept))}." if len(kept) > 1 else None


def neutralize(text: str) -> str:
    """Take generic speaker labels out of a text that people read (analysis.md, R3)."""
    return _GENERIC_SPEAKER.sub("someone", text)


def capitalize(text: str) -> str:
    """Raise the first letter and leave the rest as it is."""
    return neutralize(text[:1].upper() + text[1:])


def quote_clause(clause: Clause) -> str:
    """Answer the clause as it was said, without the word that ties it to the one before."""
    surfaces = [word.surface for word in clause.words if word.surface]
    if len(surfaces) > 1 and clause.words[0].lower in CONNECTORS:
        surfaces = surfaces[1:]
    return f'"{capitalize(" ".join(surfaces).rstrip(" ,;:-"))}"'


def _shown_verb(statement: Statement) -> str:
    if statement.verb == REPORT_BACK and _readable(_without_time(statement)):
        return "report"
    return statement.verb


def _is_about_partner(statement: Statement) -> bool:
    """Whether the promise is done to the listener, or the request to the one who asks."""
    first = statement.target or (statement.tail[0] if statement.tail else None)
    parties = {"me", "us"} if statement.kind is StatementKind.REQUEST else {"you"}
    return first is not None and first.lower in parties


def _without_time(statement: Statement) -> list[Word]:
    """Drop the phrase that the due date holds already; an hour that nothing else holds stays."""
    tail, when = list(statement.tail), statement.when
    target = [statement.target] if statement.target else []
    if when is None or when.day is None or (when.has_clock and not _is_meeting(tail)):
        return target + tail
    start = _word_index(tail, when)
    rest = tail[:start] + tail[start + when.text.count(" ") + 1 :]
    return target + rest


def _word_index(tail: Sequence[Word], when: When) -> int:
    return " ".join(word.lower for word in tail).count(" ", 0, when.span.start)


def _is_meeting(words: Sequence[Word]) -> bool:
    return any(word.lower in MEETING_NOUNS for word in words)


def _has_you_as_subject(lower: Sequence[str]) -> bool:
    verbs = AUXILIARIES | YOU_IS_SUBJECT_BEFORE
    return any(word == "you" and following in verbs for word, following in pairwise(lower))


def _readable(words: Sequence[Word]) -> list[str]:
    """Answer the words of a title: no party, not too many, and an end that can end a phrase."""
    kept = _without_digits(_without_parties(words))[:MAX_TITLE_WORDS]
    while len(" ".join(kept)) > MAX_TITLE_CHARS:
        kept.pop()
    return _trim(kept, _DANGLING)


def _without_parties(words: Sequence[Word]) -> list[str]:
    """Drop the parties with their prepositions, make "my" and "your" neutral, and leave out small adverbs."""
    kept: list[str] = []
    for word in words:
        if word.lower in PARTIES:
            if kept and kept[-1].casefold() in _PARTY_PREPOSITIONS:
                kept.pop()
        elif word.lower not in _LOOSE_ADVERBS:
            shown = "the" if word.lower in _POSSESSIVES else word.shown
            kept.append(f"{shown}," if word.surface.endswith(",") else shown)
    return kept


def _without_digits(words: list[str]) -> list[str]:
    """Drop a spoken telephone number with the preposition before it; the metadata hold it."""
    spoken = " ".join(words)
    return _SPOKEN_NUMBER.sub(" ", spoken).split()


def _trim(words: list[str], endings: frozenset[str]) -> list[str]:
    while words and words[-1].casefold().rstrip(",") in endings:
        words = words[:-1]
    return [*words[:-1], words[-1].rstrip(",")] if words else []
