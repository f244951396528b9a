"""The statement behind the figures of `app/analysis/vibe.py`. Ownership is in its WHERE."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Date, cast, func, literal, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.analysis.models import CallSentimentSummary as Summary

_COLUMNS = (
    "sentiment_overall",
    "user_sentiment",
    "contact_sentiment",
    "tone_formality",
    "tone_energy",
    "tone_pace",
)


class WordCount(NamedTuple):
    """How many calls have a word in a column; `week` is the Monday of their ISO week (UTC)."""

    column: str
    word: str
    week: date
    calls: int


async def count_words(session: AsyncSession, user_id: UUID, first: datetime, last: datetime) -> list[WordCount]:
    """Count the words of calls that were recorded between the two, inclusive; in no particular order.

    At most one row per column, word and week, however many calls there are.
    """
    words = (
        func.unnest(array([literal(name) for name in _COLUMNS]), array([getattr(Summary, name) for name in _COLUMNS]))
        .table_valued("column", "word", name="words")
        .render_derived()
    )
    monday = cast(func.date_trunc("week", func.timezone("UTC", col(Summary.recorded_at))), Date)
    found = (
        select(words.c.column, words.c.word, monday.label("week"))
        .select_from(Summary)
        .join(words, onclause=words.c.word.is_not(None))
        .where(col(Summary.user_id) == user_id, col(Summary.recorded_at).between(first, last))
        .subquery("found")
    )
    statement = select(*found.c, func.count()).group_by(*found.c)
    return [WordCount._make(row) for row in await session.execute(statement)]
