"""Find events that are named with their day ("your appointment on Thursday at two"), apart from tasks.

Source: analysis.md, section 3.8 (`importantDates`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.providers.local_analysis.due_dates import find_when
from app.providers.local_analysis.lexicon import alternatives
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.titles import capitalize

_EVENT_NOUNS = (
    "appointment", "meeting", "visit", "delivery", "interview", "cleaning", "inspection", "viewing", "deadline",
    "flight", "party", "dinner", "lunch", "exam", "surgery", "reservation", "booking", "launch", "event", "class",
    "lesson", "hearing", "demo", "training", "workshop", "ceremony", "wedding", "birthday", "conference", "check-up",
    "checkup",
)  # fmt: skip
_EVENT = re.compile(rf"(?<![^ ])(?:{alternatives(*_EVENT_NOUNS)})(?![^ ])")
_PAST = re.compile(r"(?<![^ ])(?:was|were|had|did|missed|cancelled|canceled|not)(?![^ ])")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that takes place on a day, and where it was named; `text` tells the hour when one was said."""

    day: date
    text: str
    clause: Clause


def find_events(clauses: Sequence[Clause], recorded_at: datetime) -> tuple[Event, ...]:
    """Answer the events that are ahead, in the order of the call, each day and name once."""
    found: dict[tuple[date, str], Event] = {}
    for clause in clauses:
        match = _EVENT.search(clause.text)
        when = find_when(clause.text, recorded_at) if match and not _PAST.search(clause.text) else None
        if match is None or when is None or when.day is None:
            continue
        start = clause.word_index(when.span.start)
        told = " ".join(word.shown for word in clause.words[start : start + when.told.count(" ") + 1])
        text = capitalize(f"{match[0]} {told}") if when.has_clock else capitalize(match[0])
        found.setdefault((when.day, match[0]), Event(when.day, text, clause))
    return tuple(found.values())
