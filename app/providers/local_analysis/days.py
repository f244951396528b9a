"""Days as people say them: "by Friday", "next Tuesday", "in two weeks", "the fifth of March".

A day that is past ("since Monday"), repeats ("every Friday") or is no single day ("next week") has no date.
Weekdays (analysis.md R8 asks that they are resolved against `recordedAt`; the reading is ours):

- "Friday", "by Friday", "on Friday", "this Friday": the first such day after the day of the call. Said on a Friday it
  is the one a week later, since for the same day people say "today".
- "next Tuesday", "Tuesday next week": the Tuesday of the following calendar week, Monday to Sunday.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import dateparser
from text_to_num import alpha2digit  # type: ignore[import-untyped]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYPART = "morning|afternoon|evening|night"

_WEEKDAY = "|".join(WEEKDAYS)
_MONTH = "january|february|march|april|may|june|july|august|september|october|november|december"
_TO_NINTH = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
_ORDINAL = (
    rf"(?:(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?|(?:(?:twenty|thirty)[ -])?(?:{_TO_NINTH})|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
)
_DEADLINE = "by|before|until|till|no later than|not later than|latest by"
_LEAD = rf"(?P<deadline>{_DEADLINE})|on|for|from|starting|around"
_FORMS = (
    r"(?:the )?end of (?:the )?(?P<end>day|business|month|week|today|tomorrow)",
    r"(?:the )?(?P<overnext>day after tomorrow)",
    rf"(?P<near>today|tonight|tomorrow|this (?:{DAYPART}))(?: (?:{DAYPART}))?",
    rf"(?:(?P<next>next)|the coming|this coming|this|coming)? ?(?P<weekday>{_WEEKDAY})(?P<later> (?:of )?next week)?"
    rf"(?: (?:{DAYPART}))?",
    r"(?P<span>(?:in|within) (?:\d{1,3}|[a-z]+(?:-[a-z]+)?) (?:days?|weeks?|months?))(?! or)",
    r"(?P<vague>(?:next|this|coming) (?:week|month|year|weekend))",
    r"(?P<iso>\d{4}-\d{2}-\d{2})",
    rf"(?:the )?(?P<day_month>{_ORDINAL} (?:of )?(?:{_MONTH})(?: \d{{4}})?)",
    rf"(?P<month_day>(?:{_MONTH}) (?:the )?{_ORDINAL}(?: \d{{4}})?)",
)
_DAY = re.compile(rf"(?<![^ ])(?:(?:{_LEAD}) )?(?:{'|'.join(_FORMS)})(?![^ ])(?! ago)")
_DEADLINE_DAY_OF_MONTH = re.compile(
    rf"(?<![^ ])(?P<deadline>{_DEADLINE}) the (?P<ordinal>\d{{1,2}}(?:st|nd|rd|th))(?![^ ])"
)
_EXACT_FORMS = ("iso", "day_month", "month_day", "ordinal")
_NOT_AHEAD = re.compile(r"(?<![^ ])(?:since|last|past|every|each|previous)(?: the)? $")


class Span(NamedTuple):
    """A piece of a text by its character positions; `end` is behind the last character."""

    start: int
    end: int


class DayPhrase(NamedTuple):
    """A phrase that names a day; `day` is None when it settles none. `is_exact`: by its date, not by its weekday."""

    span: Span
    day: date | None
    is_deadline: bool
    is_exact: bool


def iter_days(text: str, today: date) -> Iterator[DayPhrase]:
    """Find the phrases about days in lower-case words without punctuation, past and repeating ones left out."""
    for pattern in (_DAY, _DEADLINE_DAY_OF_MONTH):
        for match in pattern.finditer(text):
            if not _NOT_AHEAD.search(text[: match.start()]):
                span, is_deadline = Span(match.start(), match.end()), match["deadline"] is not None
                is_exact = any(match.groupdict().get(form) for form in _EXACT_FORMS)
                yield DayPhrase(span, _resolve(match, today), is_deadline, is_exact)


def resolve_weekday(name: str, today: date, *, is_next_week: bool) -> date:
    """Answer the first such weekday after `today`, or the one of the following calendar week."""
    number = WEEKDAYS.index(name)
    if is_next_week:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + number)
    return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)


def _resolve(match: re.Match[str], today: date) -> date | None:
    groups = match.groupdict()
    if groups.get("near"):
        return today + timedelta(days=1 if groups["near"] == "tomorrow" else 0)
    if groups.get("overnext"):
        return today + timedelta(days=2)
    if groups.get("weekday"):
        is_next_week = groups["next"] is not None or groups["later"] is not None
        return resolve_weekday(groups["weekday"], today, is_next_week=is_next_week)
    if groups.get("end"):
        return _end_of(groups["end"], today)
    phrase = next(
        (groups[key] for key in ("span", "iso", "day_month", "month_day", "ordinal") if groups.get(key)), None
    )
    return None if phrase is None else _parse_calendar(phrase, today)


def _end_of(what: str, today: date) -> date | None:
    if what == "week":
        return None  # Whether a week ends on Friday or on Sunday is anybody's guess.
    if what == "tomorrow":
        return today + timedelta(days=1)
    if what == "month":
        return (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return today


def _parse_calendar(phrase: str, today: date) -> date | None:
    """Resolve a calendar date or "in two weeks"; without a year it is the next one to come, and never a past one."""
    is_span = phrase.startswith(("in ", "within "))
    # dateparser takes "February 9" on that very day for next year's: dates are looked for from the day before.
    base = today if is_span else today - timedelta(days=1)
    parsed = dateparser.parse(
        alpha2digit(phrase, "en", 0.0).replace("within ", "in ").replace(" the ", " "),
        languages=["en"],
        settings={"RELATIVE_BASE": datetime.combine(base, time()), "PREFER_DATES_FROM": "future"},
    )
    return parsed.date() if parsed is not None and parsed.date() >= today else None
