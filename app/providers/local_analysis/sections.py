"""Write the detailed summary: by kind of finding for a short call, by stretches of time for a long one.

Source: analysis.md, sections 3.1 to 3.3.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from app.providers.local_analysis.action_items import title_task
from app.providers.local_analysis.concerns import ARTICLES, Severity
from app.providers.local_analysis.findings import Findings
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.lexicon import AUXILIARIES, FUNCTION_WORDS
from app.providers.local_analysis.phases import split_phases
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.summary import phrase_task
from app.providers.local_analysis.titles import capitalize, make_sentence

LONG_CALL_WORDS = 400
"""From here on a call has stretches with subjects of their own (our choice)."""
WORDS_PER_STRETCH = 300
MIN_STRETCHES, MAX_STRETCHES = 3, 10
"""Source: analysis.md, section 2 (`executiveSummaryBullets`)."""
MAX_SUBJECTS = 4
"""Keywords that a stretch lists; what an earlier one has listed is not repeated (analysis.md, R5)."""
MIN_POINTS, MAX_POINTS = 5, 15
"""Source: analysis.md, section 2 (`keyDiscussionPoints`)."""
MIN_POINT_WORDS, MAX_POINT_WORDS = 5, 30


class _FactKind(StrEnum):
    """Kinds of facts; the values are the headings of a short call's summary."""

    REASON = "Reason for the call"
    REPORT = "Situation"
    CONCERN = "Concerns"
    PROMISE = "Promises"
    REQUEST = "Requests"
    PLAN = "Plans"
    AGREEMENT = "Agreements"


_TASK_KINDS = {
    StatementKind.COMMITMENT: _FactKind.PROMISE,
    StatementKind.REQUEST: _FactKind.REQUEST,
    StatementKind.STEP: _FactKind.PLAN,
}


class _Fact(NamedTuple):
    kind: _FactKind
    sentence: str
    clause: Clause


def write_bullets(findings: Findings) -> list[dict[str, Any]]:
    """Answer `executiveSummaryBullets` in the order of the call; empty when nothing was found."""
    facts = _list_facts(findings)
    if is_long(findings):
        return _write_stretches(findings, facts)
    bullets = []
    for kind in _FactKind:
        own = [fact for fact in facts if fact.kind == kind]
        if own:
            bullets.append((own[0].clause.start_seconds, str(kind), [" ".join(fact.sentence for fact in own)]))
    return [_write_bullet(*bullet) for bullet in sorted(bullets, key=lambda bullet: bullet[0])]


def write_sections(findings: Findings) -> list[dict[str, Any]]:
    """Answer `sections`: the concerns of a long call together, since its bullets follow the clock; else empty."""
    if not is_long(findings) or not findings.concerns:
        return []
    items = [
        {
            "text": concern.text,
            "importance": str(concern.severity),
            "speaker": None,
            "sourceSegmentIds": list(concern.clause.segment_ids),
        }
        for concern in findings.concerns
    ]
    grave = sum(concern.severity is Severity.HIGH for concern in findings.concerns)
    summary = f"{len(items)} named, {grave} of them grave."
    return [{"id": "sec_001", "title": "Concerns", "type": "concern", "summary": summary, "items": items}]


def write_discussion_points(findings: Findings) -> list[dict[str, Any]]:
    """Answer `keyDiscussionPoints` of a long call: whole statements about a keyword; too few of them are none."""
    if not is_long(findings) or findings.is_misheard:
        return []
    said = {fact.clause.index for fact in _list_facts(findings)}
    points: dict[str, dict[str, Any]] = {}
    for phase, clauses in split_phases(findings.clauses):
        for clause in clauses:
            keyword = next((word for word in findings.keywords if f" {word} " in f" {clause.text} "), None)
            is_new = clause.index not in said and _is_statement(clause)
            text = make_sentence(clause.words) if keyword and is_new else None
            if keyword is not None and text is not None:
                points.setdefault(text.casefold(), _write_point(text, keyword, str(phase), clause))
    chosen = list(points.values())[:MAX_POINTS]
    return chosen if len(chosen) >= MIN_POINTS else []


def _is_statement(clause: Clause) -> bool:
    """Whether a clause can stand alone: a subject in front, a verb behind it, and neither too short nor too long."""
    words = clause.text.split(" ")
    opens_well = words[0] not in FUNCTION_WORDS or words[0] in ARTICLES
    has_verb = any(word in AUXILIARIES for word in words[1:])
    return opens_well and has_verb and MIN_POINT_WORDS <= len(words) <= MAX_POINT_WORDS and not clause.is_question


def is_long(findings: Findings) -> bool:
    """Whether the call is told by stretches of time."""
    return sum(len(clause.words) for clause in findings.clauses) >= LONG_CALL_WORDS


def format_timestamp(seconds: float) -> str:
    """Answer `MM:SS`, from one hour on `HH:MM:SS`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _list_facts(findings: Findings) -> list[_Fact]:
    agreed = [decision for decision in findings.decisions if len(decision.clauses) == 1]
    topic = findings.topic
    facts = [
        *([_Fact(_FactKind.REASON, f"The call was about {topic.thing}.", topic.clause)] if topic else []),
        *(_Fact(_FactKind.REPORT, report.sentence, report.clause) for report in findings.reports),
        *(_Fact(_FactKind.CONCERN, concern.sentence, concern.clause) for concern in findings.concerns),
        *(_Fact(_FactKind.AGREEMENT, decision.text, decision.clauses[0]) for decision in agreed),
        *(
            _Fact(_TASK_KINDS[task.statement.kind], f"{capitalize(phrase_task(task).rstrip('.'))}.", task.clauses[0])
            for task in findings.tasks
            if title_task(task)
        ),
    ]
    return sorted(facts, key=lambda fact: fact.clause.index)


def _write_stretches(findings: Findings, facts: Sequence[_Fact]) -> list[dict[str, Any]]:
    """Cut the call into stretches of about as many words, each under the keyword that is most its own."""
    bullets: list[dict[str, Any]] = []
    used: set[str] = set()
    for clauses in _cut_stretches(findings.clauses):
        text = " | ".join(f" {clause.text} " for clause in clauses)
        keywords = [word for word in findings.keywords if f" {word} " in text]
        fresh = [word for word in keywords if word not in used]
        indexes = {clause.index for clause in clauses}
        # Concerns stand in `sections`; each fact is told once (analysis.md, R5).
        own = [fact for fact in facts if fact.clause.index in indexes and fact.kind is not _FactKind.CONCERN]
        sentences = [fact.sentence for fact in own]
        if not sentences and not fresh:
            continue
        used.update(fresh[:MAX_SUBJECTS])
        paragraphs = [f"Subjects: {', '.join(fresh[:MAX_SUBJECTS])}."] if fresh else []
        header = capitalize(fresh[0]) if fresh else "Tasks and facts"
        bullets.append(
            _write_bullet(
                clauses[0].start_seconds, header, [*paragraphs, *([" ".join(sentences)] if sentences else [])]
            )
        )
    return bullets


def _cut_stretches(clauses: Sequence[Clause]) -> list[list[Clause]]:
    total = sum(len(clause.words) for clause in clauses)
    count = min(MAX_STRETCHES, max(MIN_STRETCHES, total // WORDS_PER_STRETCH))
    stretches: list[list[Clause]] = [[] for _ in range(count)]
    heard = 0
    for clause in clauses:
        stretches[min(count - 1, count * heard // total)].append(clause)
        heard += len(clause.words)
    return [stretch for stretch in stretches if stretch]


def _write_bullet(start_seconds: float, header: str, paragraphs: list[str]) -> dict[str, Any]:
    return {"header": header, "startTimestamp": format_timestamp(start_seconds), "paragraphs": paragraphs}


def _write_point(text: str, keyword: str, phase: str, clause: Clause) -> dict[str, Any]:
    return {
        "text": text,
        "topic": capitalize(keyword),
        "phase": phase,
        "speakerId": None,
        "speakerLabel": None,
        "speakerDisplayName": None,
        "speakerRole": None,
        "importance": "medium",
        "sourceSegmentIds": list(clause.segment_ids),
    }
