"""Find what a call is about: the reason that a caller gives, and the states of things that are reported."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.providers.local_analysis.concerns import read_thing
from app.providers.local_analysis.lexicon import PRONOUNS, alternatives, is_content_word
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.titles import make_sentence, neutralize

_CALLING = "calling|call|called|phoning|ringing|writing"
_ASKING = "talk|speak|ask|discuss|inquire|enquire|question|questions|remind|inform"
_REASONS = (
    re.compile(rf"(?<![^ ])(?:{_CALLING}) (?:you )?(?:back )?(?:about|regarding|concerning)(?= )"),
    re.compile(r"(?<![^ ])reason (?:for|of) (?:my|the|this) call is(?= )"),
    re.compile(rf"(?<![^ ])(?:{_ASKING}) (?:(?:to |with )?you )?(?:about|regarding)(?= )"),
)
_STATES = (
    "is ready", "are ready", "is available", "has arrived", "have arrived", "is finished", "is done", "is repaired",
    "is fixed", "has been approved", "has been moved", "has been shipped", "has been sent", "has been confirmed",
    "has been changed", "has been cancelled", "is confirmed", "is approved", "is closed", "is open", "is cancelled",
    "is on its way", "are on their way", "is due", "is free",
)  # fmt: skip
_STATE = re.compile(rf"(?<![^ ])(?:{alternatives(*_STATES)})(?![^ ])")


@dataclass(frozen=True, slots=True)
class Topic:
    """What the call is about, a phrase such as "the price of the new contract"."""

    thing: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class Report:
    """A state of things that was reported ("The car is ready.")."""

    sentence: str
    clause: Clause


def find_topic(clauses: Sequence[Clause]) -> Topic | None:
    """Answer the reason that is given for the call: the plainest wording first, then the earliest."""
    for pattern in _REASONS:
        for clause in clauses:
            match = pattern.search(clause.text)
            thing = read_thing(clause.words[clause.word_index(match.end()) + 1 :]) if match else None
            if thing is not None:
                return Topic(neutralize(thing), clause)
    return None


def find_reports(clauses: Sequence[Clause]) -> tuple[Report, ...]:
    """Answer the reported states that name their thing, in order, each once."""
    found: dict[str, Report] = {}
    for clause in clauses:
        words = clause.text.split(" ")
        is_named = words[0] not in PRONOUNS - {"my", "your", "our"} and any(map(is_content_word, words[:4]))
        if clause.is_question or not is_named or not _STATE.search(clause.text):
            continue
        sentence = make_sentence(clause.words)
        if sentence is not None:
            found.setdefault(sentence.casefold(), Report(sentence, clause))
    return tuple(found.values())
