"""Find what people say will be done: commitments, requests and plans, each with its verb and what follows it.

A statement needs a known frame ("i will", "can you", "please"), a known verb and a plausible object; everything else is
talk. What happens within the call ("let me look at your account", "can you tell me the number") is no task.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.providers.local_analysis.due_dates import When, find_when
from app.providers.local_analysis.frames import StatementKind, match_frame, match_plan, match_wanted_thing
from app.providers.local_analysis.lexicon import EMPTY_WORDS
from app.providers.local_analysis.sentences import Clause, Word
from app.providers.local_analysis.task_lexicon import (
    FREE_VERBS,
    LIGHT_VERB_OBJECTS,
    OBJECT_VERBS,
    REQUESTABLE_STEPS,
    SECOND_TASK_VERBS,
    STEP_VERBS,
)
from app.providers.local_analysis.verbs import (
    COME,
    DO,
    MAKE_SURE,
    PARTIES,
    REPORT_BACK,
    cut_tail,
    has_object,
    is_plausible,
    match_verb,
    object_words,
    opens_noun_phrase,
    stands_for_earlier,
)

THIRD_PARTY = ""
"""The verb of a plan that none of the speakers carries out."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing to be done. `verb` is as in the lexicon; `tail` is what follows it, for a third party's plan all of it.

    `when` has its place in the lower-case text of the tail. `target` is set when the verb itself held its object.
    `is_assigned`: it is known which side has to do it.
    """

    kind: StatementKind
    clause: Clause
    verb: str
    tail: tuple[Word, ...]
    when: When | None
    target: Word | None = None
    is_assigned: bool = True

    @property
    def is_third_party_plan(self) -> bool:
        return self.verb == THIRD_PARTY

    @property
    def is_anaphoric(self) -> bool:
        """Whether the object is only a word for something said before ("I will send it", "I will do that")."""
        return self.verb == DO or (self.verb != COME and stands_for_earlier(object_words(self.tail, self.when)))


def find_statements(clause: Clause, recorded_at: datetime, *, is_misheard: bool = False) -> list[Statement]:
    """Answer what the clause says is to be done, in order: usually nothing or one thing, two around an "and".

    `is_misheard`: the words come from the offline recogniser, so that an object needs its article to be believed.
    """
    if clause.is_conditional:
        return []
    if (plan := match_plan(clause)) is not None:
        return _read_plan(clause, plan, recorded_at)
    if (thing := match_wanted_thing(clause)) is not None:
        tail = cut_tail(clause.words[clause.word_index(thing.start) :])
        return [Statement(StatementKind.REQUEST, clause, thing.verb, tail, _when(tail, recorded_at))]
    frame = match_frame(clause)
    if frame is None:
        return []
    pieces = _split_tasks(clause.words[clause.word_index(frame.end) :])
    found = (_read_task(frame.kind, clause, words, recorded_at, is_assigned=frame.is_assigned) for words in pieces)
    statements = [statement for statement in found if statement is not None]
    return [_trim(statement) for statement in statements if _is_well_formed(statement)] if is_misheard else statements


def _is_well_formed(statement: Statement) -> bool:
    return statement.verb in (MAKE_SURE, COME) or opens_noun_phrase(object_words(statement.tail, statement.when))


def _trim(statement: Statement) -> Statement:
    """Leave out what is heard behind "come before six": it says neither what nor where."""
    if statement.verb != COME or statement.when is None or statement.when.span.start > 0:
        return statement
    return replace(statement, tail=statement.tail[: statement.when.text.count(" ") + 1])


def _when(words: Sequence[Word], recorded_at: datetime) -> When | None:
    return find_when(" ".join(word.lower for word in words), recorded_at)


def _read_plan(clause: Clause, start: int, recorded_at: datetime) -> list[Statement]:
    """Take a third party's plan when it names the day or the person; else it is mere talk about the future."""
    words = clause.words[clause.word_index(start) :]
    when = _when(words, recorded_at)
    is_named = words[0].shown.istitle() and words[0].lower not in EMPTY_WORDS
    is_dated = is_named or (when is not None and when.day is not None)
    return [Statement(StatementKind.STEP, clause, THIRD_PARTY, tuple(words), when)] if is_dated else []


def _split_tasks(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Cut before "and send ..." when a task of its own follows; "and give you an answer" stays."""
    start = 0
    for place in range(1, len(words) - 1):
        verb = words[place + 1].lower
        if words[place].lower == "and" and verb in SECOND_TASK_VERBS and _stands_alone(verb, words[place + 2 :]):
            yield words[start:place]
            start = place + 1
    yield words[start:]


def _stands_alone(verb: str, behind: Sequence[Word]) -> bool:
    tail = cut_tail(behind)
    return has_object(object_words(tail, None)) or (verb in FREE_VERBS and bool(tail) and tail[0].lower in PARTIES)


def _read_task(
    kind: StatementKind, clause: Clause, words: Sequence[Word], recorded_at: datetime, *, is_assigned: bool
) -> Statement | None:
    """Read verb and object; None when there is no known verb or nothing plausible behind it."""
    phrase = match_verb(words)
    if phrase is None:
        return None
    tail = cut_tail(words[phrase.length :])
    when = _when(tail, recorded_at)
    if not is_plausible(phrase.verb, tail, when):
        return None
    if kind is StatementKind.REQUEST and not _can_be_asked_for(phrase.verb, tail, when):
        return None
    if kind is StatementKind.COMMITMENT and _is_progression(phrase.verb, tail, when):
        kind = StatementKind.STEP
    return Statement(kind, clause, phrase.verb, tail, when, phrase.target, is_assigned)


def _can_be_asked_for(verb: str, tail: Sequence[Word], when: When | None) -> bool:
    return verb in REQUESTABLE_STEPS or not _is_progression(verb, tail, when) or verb == REPORT_BACK


def _is_progression(verb: str, tail: Sequence[Word], when: When | None) -> bool:
    """Whether the verb only moves things on: nothing that its owner could launch."""
    is_action = verb in OBJECT_VERBS or verb in LIGHT_VERB_OBJECTS
    return verb == REPORT_BACK or (verb in STEP_VERBS and not (is_action and has_object(object_words(tail, when))))
