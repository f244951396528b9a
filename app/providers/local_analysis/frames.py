"""Recognise the frames in which people commit themselves, ask for something or plan ("I will", "can you", "please")."""

import re
from enum import StrEnum
from typing import NamedTuple

from app.providers.local_analysis.lexicon import EMPTY_WORDS, alternatives
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.task_lexicon import OBJECT_VERBS, PLAN_VERBS, REQUEST_NOUNS, WANTED_VERBS


class StatementKind(StrEnum):
    """Who is to do what was said: the speaker, somebody else, or nobody at once (planned progression)."""

    COMMITMENT = "commitment"
    REQUEST = "request"
    STEP = "step"


class Frame(NamedTuple):
    """A frame that opens a clause; the verb stands at position `end` of the text.

    `is_assigned`: the frame says whose task it is ("I would like to book ..." does not).
    """

    kind: StatementKind
    end: int
    is_assigned: bool = True


class WantedThing(NamedTuple):
    """A thing that is asked for ("I want a refund"): the verb for it, and where its article stands in the text."""

    verb: str
    start: int


_LEADS = alternatives(
    "and", "so", "then", "but", "or", "also", "plus", "yes", "yeah", "yep", "ok", "okay", "sure", "well", "um", "uh",
    "right", "fine", "great", "actually", "now", "oh", "no", "alright", "perfect", "certainly", "absolutely", "just",
    "anyway", "because", "good", "always", "of course", "all right", "no problem", "i think", "i guess", "maybe",
    "perhaps", "probably", "thanks", "thank you", "i understand",
)  # fmt: skip
_ADVERBS = alternatives(
    "also", "just", "then", "definitely", "certainly", "gladly", "now", "quickly", "probably", "personally", "please",
    "kindly", "still", "maybe", "possibly",
)  # fmt: skip
_START = rf"^(?:(?:{_LEADS}) )*"
_END = rf" (?:(?:{_ADVERBS}) )*"
_FRAMES = (
    (StatementKind.COMMITMENT, r"(?:i|we) (?:will|shall|am going to|are going to|promise to)"),
    (StatementKind.REQUEST, r"(?:can|could|will|would) you"),
    (StatementKind.REQUEST, r"(?:i|we) (?:would like|want|need) you to"),
    (StatementKind.REQUEST, r"you (?:need to|have to|must|will need to|will have to)"),
    (StatementKind.REQUEST, r"(?:please )?(?:remember|do not forget|be sure|make sure) to"),
    (StatementKind.REQUEST, r"(?:please )?make sure(?: that)? you"),
    (StatementKind.REQUEST, r"(?:please|kindly)"),
    (StatementKind.STEP, r"(?:i|we) (?:need to|have to|must|plan to|intend to|am planning to|are planning to)"),
    (StatementKind.STEP, r"let us"),
)
_PATTERNS = [(kind, re.compile(f"{_START}{frame}{_END}")) for kind, frame in _FRAMES]
# Recognisers hear "sure, I will send" as "cher hi will send"; "Hi Will, send me ..." has a capital or an order.
_MISHEARD_I = re.compile(rf"{_START}(?:hi|high) (?P<will>will) (?=[^ ]+ (?!me |us ))")
_MAKE_SURE = re.compile(rf"{_START}(?:please )?(?=make sure (?!to |you |that you ))")
_WANTED_VERB = re.compile(rf"{_START}(?:i|we) (?:want|would like) to (?=(?:{alternatives(*WANTED_VERBS)}) )")
_IMPERATIVE_VERBS = "send|call|email|text|message|bring|forward|give|ring|phone"
_IMPERATIVE = re.compile(rf"{_START}(?=(?:{_IMPERATIVE_VERBS}) (?:me|us)(?![^ ]))")
_WANTED_THING = re.compile(
    rf"{_START}(?:i|we) (?:want|need|demand|expect|would like|am asking for|are asking for)(?: to have)? "
    rf"(?P<thing>(?:a|an|my|the|our) (?:[^ ]+ )?(?P<noun>{alternatives(*REQUEST_NOUNS)}))(?![^ ])"
)
_PLAN = re.compile(
    rf"{_START}(?P<plan>(?:an|a|the|our|my|your) [^ ]+(?: [^ ]+)? (?:will|is going to) (?:{alternatives(*PLAN_VERBS)}))"
    r"(?![^ ])"
)

_NAMED_PLAN = re.compile(
    rf"{_START}(?P<plan>[^ ]+ (?:will|is going to) (?:{alternatives(*OBJECT_VERBS, *PLAN_VERBS)}) )"
)


def match_frame(clause: Clause) -> Frame | None:
    """Answer the frame at the start of the clause; None when the clause only talks."""
    if match := _MAKE_SURE.match(clause.text):
        return Frame(StatementKind.REQUEST, match.end())
    if match := _WANTED_VERB.match(clause.text):
        return Frame(StatementKind.REQUEST, match.end(), is_assigned=False)
    for kind, pattern in _PATTERNS:
        if match := pattern.match(clause.text):
            return Frame(kind, match.end())
    if (match := _MISHEARD_I.match(clause.text)) and clause.words[
        clause.word_index(match.start("will"))
    ].shown == "will":
        return Frame(StatementKind.COMMITMENT, match.end())
    # Without "please" an order is one only at the start of a sentence; elsewhere it is the rest of something else.
    if clause.opens_sentence and (match := _IMPERATIVE.match(clause.text)):
        return Frame(StatementKind.REQUEST, match.end())
    return None


def match_wanted_thing(clause: Clause) -> WantedThing | None:
    """Answer what is asked for in "I want a refund" and the like."""
    match = _WANTED_THING.match(clause.text)
    return None if match is None else WantedThing(REQUEST_NOUNS[match["noun"]].lower(), match.start("thing"))


def match_plan(clause: Clause) -> int | None:
    """Answer where a third party's plan begins in the text ("an engineer will visit ..."); not the words before it."""
    if match := _PLAN.match(clause.text):
        return match.start("plan")
    match = _NAMED_PLAN.match(clause.text)
    if match is None:
        return None
    name = clause.words[clause.word_index(match.start("plan"))]
    return match.start("plan") if name.shown.istitle() and name.lower not in EMPTY_WORDS else None
