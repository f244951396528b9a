"""Collect the tasks and plans of a call from its statements.

Each statement becomes either an action item or a next step (analysis.md, section 3.5); what is asked for and then
promised, or said twice, is one task. Owners are speakers of the transcript or nobody: the listener of a voicemail is
not in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.pipeline.speech import UNKNOWN_SPEAKER
from app.pipeline.transcript import Speaker, Transcript
from app.providers.local_analysis.due_dates import When
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.lexicon import PREPOSITIONS, is_content_word, word_set
from app.providers.local_analysis.quality import is_misheard
from app.providers.local_analysis.sentences import Clause, cite
from app.providers.local_analysis.statements import Statement, find_statements
from app.providers.local_analysis.task_lexicon import HIGH_PRIORITY, LOW_PRIORITY
from app.providers.local_analysis.verbs import DO, object_words

MAX_ANSWER_TURNS = 3
"""A promise within this many turns after a request can be the answer to it."""

_GENERIC_WORDS = word_set("new old other same first last next whole little big right wrong thing things way bit lot")
_SENDING = frozenset({"send", "mail", "email", "forward", "share", "post", "send over"})
_REFERS_BACK = re.compile(r"(?:it|this|that) is ")
_REFUSALS = (
    "i can not", "we can not", "unfortunately", "i am afraid", "that is not possible", "that will not be possible",
)  # fmt: skip


class Priority(StrEnum):
    """How urgent the words make a task."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done. `clauses` are all places where it was said, in the order of the call.

    `owner` is who has to do it and `partner` who waits for it; both None unless the call tells. `nearby` is its
    clause and the next ones of the same turn.
    """

    statement: Statement
    clauses: tuple[Clause, ...]
    owner: Speaker | None
    partner: Speaker | None
    when: When | None
    priority: Priority
    nearby: str

    @property
    def is_step(self) -> bool:
        return self.statement.kind is StatementKind.STEP

    @property
    def segment_ids(self) -> tuple[str, ...]:
        return cite(self.clauses)

    @property
    def partner_name(self) -> str | None:
        """The partner's name without an organisation behind it."""
        name = self.partner.display_name if self.partner else None
        return name.partition(" (")[0] if name else None


def find_tasks(transcript: Transcript, clauses: Sequence[Clause], recorded_at: datetime) -> tuple[Task, ...]:
    """Answer action items and next steps by the place where each was first said; refused requests are left out."""
    tasks: list[Task] = []
    for clause in clauses:
        for statement in find_statements(clause, recorded_at, is_misheard=is_misheard(transcript)):
            if statement.kind is StatementKind.REQUEST and _is_refused(clause, clauses):
                continue
            task = _make_task(transcript, statement, clauses)
            twin = next((place for place in range(len(tasks)) if _are_same(tasks[place], task)), None)
            if twin is not None:
                tasks[twin] = _merge(tasks[twin], task)
            elif not statement.is_anaphoric:
                tasks.append(task)
    return tuple(tasks)


def _make_task(transcript: Transcript, statement: Statement, clauses: Sequence[Clause]) -> Task:
    speaker, other = _parties(transcript, statement.clause.speaker_id)
    owner, partner = speaker, other
    if statement.kind is StatementKind.REQUEST:
        owner, partner = (other if statement.is_assigned else None), speaker
    elif statement.is_third_party_plan:
        owner = partner = None
    clause = statement.clause
    following = [other.text for other in clauses[clause.index : clause.index + 4] if other.turn == clause.turn]
    priority = find_priority(" | ".join(following[:2]) if _REFERS_BACK.match(" ".join(following[1:2])) else clause.text)
    return Task(statement, (clause,), owner, partner, statement.when, priority, " | ".join(following))


def _parties(transcript: Transcript, speaker_id: str) -> tuple[Speaker | None, Speaker | None]:
    """Answer the speaker and, in a call of two, the other one; a voice that nobody could tell is no party."""
    heard = {segment.speaker_id for segment in transcript.segments}
    real = [
        speaker
        for speaker in transcript.speakers
        if speaker.source_speaker_id != UNKNOWN_SPEAKER and speaker.speaker_id in heard
    ]
    speaker = next((speaker for speaker in real if speaker.speaker_id == speaker_id), None)
    others = [speaker for speaker in real if speaker.speaker_id != speaker_id]
    return speaker, others[0] if speaker is not None and len(others) == 1 else None


def find_priority(text: str) -> Priority:
    """Read the urgency of a lower-case text; "not urgent" and "if you can" weaken."""
    words = f" {text} "
    if any(f" {phrase} " in words for phrase in LOW_PRIORITY):
        return Priority.LOW
    return Priority.HIGH if any(f" {phrase} " in words for phrase in HIGH_PRIORITY) else Priority.MEDIUM


def _is_refused(request: Clause, clauses: Sequence[Clause]) -> bool:
    """Whether the answer to a request begins with a refusal."""
    answer = [clause for clause in clauses if clause.turn == request.turn + 1][:3]
    return any(clause.text.removeprefix("no ").startswith(_REFUSALS) for clause in answer)


def _are_same(earlier: Task, later: Task) -> bool:
    """Whether two tasks are one: a request and the promise that answers it, or the same thing said again."""
    if earlier.is_step != later.is_step or _differ(earlier.owner, later.owner):
        return False
    first, second = earlier.statement, later.statement
    distance = later.clauses[0].turn - earlier.clauses[-1].turn
    is_answer = first.kind is not second.kind and 0 < distance <= MAX_ANSWER_TURNS
    if second.is_anaphoric:
        is_same_verb = second.verb == first.verb or {second.verb, first.verb} <= _SENDING
        return distance <= MAX_ANSWER_TURNS and (is_same_verb or (second.verb == DO and is_answer))
    if is_answer and not _heads(first).isdisjoint(_nouns(second)):
        return True
    return first.verb == second.verb and _is_subset(_nouns(first), _nouns(second))


def _differ(one: Speaker | None, other: Speaker | None) -> bool:
    return one is not None and other is not None and one.number != other.number


def _is_subset(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one names the same as the other, at most with fewer words; nothing equals only nothing."""
    return one == other or (bool(one and other) and (one <= other or other <= one))


def _nouns(statement: Statement) -> frozenset[str]:
    words = object_words(statement.tail, statement.when)
    return frozenset(word for word in words if is_content_word(word) and word not in _GENERIC_WORDS)


def _heads(statement: Statement) -> frozenset[str]:
    """The object itself, without what is said about it: "a meeting with my manager" is a meeting."""
    words = object_words(statement.tail, statement.when)
    end = next((place for place, word in enumerate(words) if word in PREPOSITIONS), len(words))
    return frozenset(words[:end]) & _nouns(statement)


def _merge(earlier: Task, later: Task) -> Task:
    """Keep the promise rather than the request, the last date that was named, and every place."""
    is_promise = later.statement.kind is StatementKind.COMMITMENT and not later.statement.is_anaphoric
    statement = later.statement if is_promise else earlier.statement
    urgencies = {earlier.priority, later.priority} - {Priority.MEDIUM}
    return replace(
        earlier,
        statement=statement,
        clauses=(*earlier.clauses, *later.clauses),
        owner=earlier.owner or later.owner,
        partner=earlier.partner or later.partner,
        when=later.when if later.when and later.when.day else earlier.when or later.when,
        priority=Priority.HIGH if Priority.HIGH in urgencies else next(iter(urgencies), Priority.MEDIUM),
    )
