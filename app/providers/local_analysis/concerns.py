"""Find worries, complaints and problems: the risks that a call puts on the table.

Source: analysis.md, section 3.8 (`risks`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.providers.local_analysis.feeling_lexicon import MILD, PROBLEM_NOUNS, SEVERE, TROUBLES, WORRIES
from app.providers.local_analysis.lexicon import DETERMINERS, PREPOSITIONS, PRONOUNS, alternatives, is_content_word
from app.providers.local_analysis.sentences import Clause, Word
from app.providers.local_analysis.titles import capitalize, make_sentence, neutralize

MAX_THING_WORDS = 8

_WORRY = re.compile(rf"(?<![^ ])(?:{alternatives(*WORRIES)})(?= )")
_PROBLEM = re.compile(rf"(?<![^ ])(?:{alternatives(*PROBLEM_NOUNS)})(?= )")
_TROUBLE = re.compile(rf"(?<![^ ])(?:{alternatives(*TROUBLES)})(?![^ ])")
_NEGATED = re.compile(r"(?<![^ ])(?:not|no|never|without any)(?: (?:a|any|really|too))?$")
ARTICLES = DETERMINERS | {"my", "your", "our", "his", "her", "their", "this", "that"}


class Severity(StrEnum):
    """How grave a concern is by the words around it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Concern:
    """One worry or problem, as a heading and as a sentence; neither names a party."""

    text: str
    sentence: str
    severity: Severity
    clause: Clause


def find_concerns(clauses: Sequence[Clause]) -> tuple[Concern, ...]:
    """Answer the concerns in the order of the call, each text once."""
    found: dict[str, Concern] = {}
    for clause in clauses:
        described = None if clause.is_question else describe_concern(clause)
        if described is not None and described[0].casefold() not in found:
            heading, sentence = described
            found[heading.casefold()] = Concern(heading, sentence, _judge(clause, clauses), clause)
    return tuple(found.values())


def describe_concern(clause: Clause) -> tuple[str, str] | None:
    """Answer heading and sentence of what a clause complains or worries about; None when it does not say about what."""
    for pattern, opening in ((_WORRY, "worry about"), (_PROBLEM, "problem with")):
        match = pattern.search(clause.text)
        if match and not _NEGATED.search(clause.text[: match.start()].rstrip()):
            thing = read_thing(clause.words[clause.word_index(match.end()) + 1 :])
            return (capitalize(f"{opening} {thing}"), f"There is a {opening} {neutralize(thing)}.") if thing else None
    if _TROUBLE.search(clause.text) and not clause.text.startswith(("if ", "when ")):
        sentence = _describe_trouble(clause)
        return (sentence.rstrip("."), sentence) if sentence else None
    return None


def _describe_trouble(clause: Clause) -> str | None:
    """Take the clause as it is when it names the thing; "it was late" does not."""
    words = clause.words
    while words and words[0].lower in ("and", "but", "so", "because", "then", "also", "well"):
        words = words[1:]
    subject = words[0].lower if words else ""
    is_named = subject not in PRONOUNS or subject in ("nobody", "nothing", "everything", "my", "your", "our")
    return make_sentence(words) if is_named and any(is_content_word(word.lower) for word in words[:4]) else None


def read_thing(words: Sequence[Word]) -> str | None:
    """Answer the noun phrase at the start ("the delivery date"), with "my" and "your" made neutral.

    It ends before a verb-like break: a second article, a pronoun, or the end of what a phrase can hold.
    """
    kept: list[str] = []
    for word in words[:MAX_THING_WORDS]:
        before = kept[-1].casefold() if kept else ""
        is_new_phrase = word.lower in ARTICLES and kept and before not in PREPOSITIONS | {"and"}
        if is_new_phrase or (word.lower in PRONOUNS and word.lower not in ARTICLES):
            break
        kept.append("the" if word.lower in ("my", "your", "our") else word.shown)
    while kept and not is_content_word(kept[-1].casefold()):
        kept.pop()
    return " ".join(kept) or None


def _judge(clause: Clause, clauses: Sequence[Clause]) -> Severity:
    """Weigh a concern by the words of its clause and of what the same speaker says next to it."""
    nearby = {
        word
        for other in clauses
        if other.speaker_id == clause.speaker_id and abs(other.turn - clause.turn) <= 2
        for word in other.text.split(" ")
    }
    if nearby & SEVERE:
        return Severity.HIGH
    return Severity.LOW if set(clause.text.split(" ")) & MILD else Severity.MEDIUM
