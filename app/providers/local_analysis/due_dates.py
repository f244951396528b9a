"""Find when something is due: a day, a clock time, or the two side by side.

An hour counts only with morning, afternoon, evening, am, pm, or in 24-hour form: "at ten" alone settles no time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from app.providers.local_analysis.days import DAYPART, DayPhrase, Span, iter_days

_HOUR_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MINUTE_WORDS = {"o'clock": 0, "fifteen": 15, "thirty": 30, "forty five": 45, "forty-five": 45}
_FRACTIONS = {"quarter past": 15, "half past": 30, "quarter to": -15}
_FIXED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_NOT_AN_HOUR = r"(?! (?:percent|dollars|euros|pounds|rupees|hundred|thousand|(?:day|week|month|year|hour|minute)s?))"

_CLOCK = (
    rf"(?:(?P<fraction>{'|'.join(_FRACTIONS)}) )?"
    rf"(?P<hour>\d{{1,2}}(?:[:.]\d{{2}})?(?:am|pm)?|{'|'.join([*_HOUR_WORDS, *_FIXED])})"
    rf"(?: (?P<minutes>{'|'.join(_MINUTE_WORDS)}))?{_NOT_AN_HOUR}"
)
_PART = rf"am|pm|a\.m|p\.m|in the (?:{DAYPART})|at night|this (?:{DAYPART})|tonight"
_LEAD = "at|by|before|after|around|about|from|until|till|for"
_PATTERNS = (
    re.compile(rf"(?<![^ ])(?P<range>between|from) (?:{_CLOCK}) (?:and|to|until) [^ ]+(?: (?:{_PART}))?(?![^ ])"),
    re.compile(rf"(?<![^ ])(?:{_LEAD}) (?:{_CLOCK})(?: (?:{_PART}))?(?![^ ])"),
    re.compile(rf"(?<![^ ])(?:{_CLOCK}) (?:{_PART})(?![^ ])"),
)
# Recognisers often get the hour wrong and the rest right ("at him in the morning"): a phrase, but no time.
_LOST_HOUR = re.compile(rf"(?<![^ ])at [^ ]+ in the (?:{DAYPART})(?![^ ])")
_MORNING = re.compile(r"(?<![^ ])(?:morning|am|a\.m)(?![^ ])|\dam(?![^ ])")
_LATER = re.compile(r"(?<![^ ])(?:afternoon|evening|tonight|night|pm|p\.m)(?![^ ])|\dpm(?![^ ])")
_TODAY = re.compile(rf"(?<![^ ])(?:this (?:{DAYPART})|tonight)(?![^ ])")


@dataclass(frozen=True, slots=True)
class When:
    """A phrase of time and its place in the text. `day` and `clock` are None when the words do not settle them.

    `told` is the phrase without an hour that was misheard. `has_clock` tells that an hour is named, settled or not;
    `is_deadline` that it was "by", "before" or "until".
    """

    text: str
    told: str
    span: Span
    day: date | None
    clock: time | None
    has_clock: bool
    is_deadline: bool

    def moment(self, recorded_at: datetime) -> datetime | None:
        """Answer day and clock together in the offset of the recording; None while one of them is open."""
        if self.day is None or self.clock is None:
            return None
        return datetime.combine(self.day, self.clock, tzinfo=recorded_at.tzinfo)


def find_when(text: str, recorded_at: datetime) -> When | None:
    """Answer the phrase that says when: one with a date first, among these a deadline first, then the earliest.

    `text` is lower case without punctuation; dates count from the day of `recorded_at` in its own offset.
    Source: analysis.md, sections 3.4 and 6.2 (R8).
    """
    phrases = iter_whens(text, recorded_at)
    return min(phrases, key=lambda when: (when.day is None, not when.is_deadline, when.span), default=None)


def iter_whens(text: str, recorded_at: datetime) -> Iterator[When]:
    """Answer all phrases of time in order; a day and an hour that stand side by side are one."""
    days: list[DayPhrase | Span] = list(iter_days(text, recorded_at.date()))
    pieces = sorted([*days, *_iter_clocks(text)], key=_span)
    group: list[DayPhrase | Span] = []
    for piece in pieces:
        if group and _span(piece).start < _span(group[-1]).end:
            continue
        if group and not _are_side_by_side(group, piece):
            yield _read_phrase(group, text, recorded_at.date())
            group = []
        group.append(piece)
    if group:
        yield _read_phrase(group, text, recorded_at.date())


def _span(piece: DayPhrase | Span) -> Span:
    return piece.span if isinstance(piece, DayPhrase) else piece


def _are_side_by_side(group: list[DayPhrase | Span], piece: DayPhrase | Span) -> bool:
    """Whether `piece` follows at once and adds a day, an hour, or the date of a weekday ("Friday, March 6th")."""
    if _span(piece).start != _span(group[-1]).end + 1:
        return False
    days = [other for other in group if isinstance(other, DayPhrase)]
    if isinstance(piece, DayPhrase):
        return not days or (len(days) == 1 and days[0].is_exact != piece.is_exact)
    return len(days) == len(group)


def _iter_clocks(text: str) -> Iterator[Span]:
    """Find the clock times, longer readings before shorter ones at the same place."""
    taken: list[Span] = []
    for pattern in (*_PATTERNS, _LOST_HOUR):
        for match in pattern.finditer(text):
            span = Span(match.start(), match.end())
            if all(span.end <= other.start or other.end <= span.start for other in taken):
                taken.append(span)
                yield span


def _read_phrase(group: list[DayPhrase | Span], text: str, today: date) -> When:
    span = Span(_span(group[0]).start, _span(group[-1]).end)
    phrase = text[span.start : span.end]
    days = sorted((piece for piece in group if isinstance(piece, DayPhrase)), key=lambda piece: not piece.is_exact)
    day_phrase = days[0] if days else None
    clock_span = next((piece for piece in group if not isinstance(piece, DayPhrase)), None)
    day = today if day_phrase is None and _TODAY.search(phrase) else None
    is_misheard = clock_span is not None and _match_clock(text[clock_span.start : clock_span.end]) is None
    return When(
        text=phrase,
        told=text[day_phrase.span.start : day_phrase.span.end] if is_misheard and day_phrase else phrase,
        span=span,
        day=day_phrase.day if day_phrase else day,
        clock=None if clock_span is None else _resolve_clock(text[clock_span.start : clock_span.end], phrase),
        has_clock=clock_span is not None,
        is_deadline=any(piece.is_deadline for piece in days),
    )


def _resolve_clock(clock_text: str, phrase: str) -> time | None:
    """Answer the time, or None for a range, a lost hour or an hour that could be before or after noon."""
    match = _match_clock(clock_text)
    if match is None or match.groupdict().get("range"):
        return None
    if match["hour"] in _FIXED:
        return _FIXED[match["hour"]]
    hour, minute = _read_hour(match["hour"])
    minute += _MINUTE_WORDS.get(match["minutes"] or "", 0) + _FRACTIONS.get(match["fraction"] or "", 0)
    if hour <= 12:
        if _LATER.search(phrase):
            hour = hour % 12 + 12
        elif _MORNING.search(phrase):
            hour %= 12
        else:
            return None
    total = hour * 60 + minute
    return time(total // 60, total % 60) if 0 <= total < 24 * 60 else None


def _match_clock(text: str) -> re.Match[str] | None:
    return next((found for pattern in _PATTERNS if (found := pattern.fullmatch(text))), None)


def _read_hour(text: str) -> tuple[int, int]:
    if text in _HOUR_WORDS:
        return _HOUR_WORDS.index(text) + 1, 0
    hour, _, minute = re.sub(r"[ap]m$", "", text).replace(".", ":").partition(":")
    return int(hour), int(minute or 0)
