"""How conversations went over time: counts of sentiments and tones. Source: rest.md, section 3.7."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.analysis.sentiment import ENERGIES, FORMALITIES, PACES, SENTIMENTS
from app.analysis.vibe_queries import WordCount, count_words

WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class WeekCounts:
    """How often each sentiment of the window occurs in a week, 0 included; `week` is its Monday."""

    week: date
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Vibe:
    """Calls by sentiment and tone. A map holds the words that occur, in the order of their list; calls without a word
    are left out of it. `sentiment_trend` has every week that touches the window, ascending; it is empty without any
    sentiment.
    """

    sentiments: dict[str, int]
    user_sentiments: dict[str, int]
    contact_sentiments: dict[str, int]
    sentiment_trend: list[WeekCounts]
    formality: dict[str, int]
    energy: dict[str, int]
    pace: dict[str, int]


async def get_vibe(session: AsyncSession, user_id: UUID, *, days: int, now: datetime) -> Vibe:
    """The figures of calls that were recorded in the last `days` times 24 hours."""
    start = now - timedelta(days=days)
    counts = await count_words(session, user_id, start, now)
    sentiments = _distribute(counts, "sentiment_overall", SENTIMENTS)
    return Vibe(
        sentiments=sentiments,
        user_sentiments=_distribute(counts, "user_sentiment", SENTIMENTS),
        contact_sentiments=_distribute(counts, "contact_sentiment", SENTIMENTS),
        sentiment_trend=_follow(counts, sentiments, _iter_weeks(start, now)) if sentiments else [],
        formality=_distribute(counts, "tone_formality", FORMALITIES),
        energy=_distribute(counts, "tone_energy", ENERGIES),
        pace=_distribute(counts, "tone_pace", PACES),
    )


def _distribute(counts: Iterable[WordCount], column: str, words: Sequence[str]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for count in counts:
        if count.column == column:
            totals[count.word] += count.calls
    return {word: totals[word] for word in words if word in totals}


def _follow(counts: Iterable[WordCount], words: Iterable[str], weeks: Iterable[date]) -> list[WeekCounts]:
    calls = {(count.week, count.word): count.calls for count in counts if count.column == "sentiment_overall"}
    return [WeekCounts(week, {word: calls.get((week, word), 0) for word in words}) for week in weeks]


def _iter_weeks(first: datetime, last: datetime) -> Iterator[date]:
    """Mondays of the ISO weeks (UTC) from one time to another, both included."""
    monday = _monday_of(first)
    while monday <= _monday_of(last):
        yield monday
        monday += WEEK


def _monday_of(moment: datetime) -> date:
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
