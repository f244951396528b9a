"""Write tasks as the action items, next steps, commitments and dates of the document.

Source: analysis.md, sections 3.4, 3.5 and 3.8.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.providers.local_analysis.events import Event
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.intent_metadata import describe_intent, name_event
from app.providers.local_analysis.intents import Intent, find_intent
from app.providers.local_analysis.tasks import Task
from app.providers.local_analysis.titles import make_title, neutralize, quote_clause

_NEAR_DAYS = re.compile(r"(?<![^ ])(?:today|tonight|tomorrow|this|end of)(?![^ ])")


def title_task(task: Task) -> str:
    """Answer the short imperative title of a task, or the sentence of a third party's plan."""
    return make_title(task.statement, task.partner_name)


def describe_when(task: Task) -> str | None:
    """Answer the phrase of time as it was said ("on Thursday between nine and twelve")."""
    when = task.when
    if when is None:
        return None
    for clause in task.clauses:
        position = clause.text.find(when.told)
        if position >= 0:
            start = clause.word_index(position)
            words = clause.words[start : start + when.told.count(" ") + 1]
            return neutralize(" ".join(word.shown for word in words))
    return when.told


def write_action_item(task: Task, recorded_at: datetime) -> dict[str, Any]:
    """Answer one entry of `actionItems`; the description quotes what was said."""
    owner, title = task.owner, title_task(task)
    intent = find_intent(task.statement)
    moment = task.when.moment(recorded_at) if task.when else None
    return {
        "title": title,
        "description": _quote(task),
        "ownerSpeaker": owner.label if owner else None,
        "ownerSpeakerId": owner.speaker_id if owner else None,
        "ownerSpeakerLabel": owner.label if owner else None,
        "ownerDisplayName": owner.display_name if owner else None,
        "ownerRole": str(owner.role) if owner else None,
        "dueDate": task.when.day.isoformat() if task.when and task.when.day else None,
        "priority": str(task.priority),
        "sourceSegmentIds": list(task.segment_ids),
        "intent": str(intent),
        "intentMetadata": describe_intent(
            task.statement,
            intent,
            title=title,
            nearby=task.nearby,
            partner_name=task.partner_name,
            when=moment.isoformat() if moment else None,
        ),
    }


def _quote(task: Task) -> str:
    """Quote where the task was first said and, when it came up again, where last."""
    quotes = dict.fromkeys(quote_clause(clause) for clause in (task.clauses[0], task.clauses[-1]))
    return neutralize(" … ".join(quotes))


def write_next_step(task: Task) -> dict[str, Any]:
    """Answer one entry of `nextSteps`; a third party's plan has no owner among the speakers."""
    return {
        "text": title_task(task).rstrip("."),
        "ownerSpeaker": task.owner.label if task.owner else None,
        "when": describe_when(task),
        "sourceSegmentIds": list(task.segment_ids),
    }


def write_commitments(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """Answer what the speakers promised each other, requests without a promise left out."""
    return [
        {
            "text": title_task(task),
            "ownerSpeaker": task.owner.label if task.owner else None,
            "when": describe_when(task),
            "sourceSegmentIds": list(task.segment_ids),
        }
        for task in tasks
        if task.statement.kind is StatementKind.COMMITMENT
    ]


def write_important_dates(tasks: Sequence[Task], events: Sequence[Event]) -> list[dict[str, Any]]:
    """Answer the days that were named, by date; for tasks "today", "tomorrow" and the like are due dates only."""
    dates = [
        {"date": event.day.isoformat(), "text": event.text, "sourceSegmentIds": list(event.clause.segment_ids)}
        for event in events
    ]
    dates += [
        {
            "date": task.when.day.isoformat(),
            "text": _describe_event(task).rstrip("."),
            "sourceSegmentIds": list(task.segment_ids),
        }
        for task in tasks
        if task.when is not None and task.when.day is not None and not _NEAR_DAYS.search(task.when.text)
    ]
    return sorted(dates, key=lambda entry: str(entry["date"]))


def _describe_event(task: Task) -> str:
    """A date said for a meeting is the day of the meeting, not of the arranging."""
    if find_intent(task.statement) is not Intent.MEETING:
        return title_task(task)
    return name_event(task.statement, title_task(task))
