"""Figures, which the document shows of busier accounts: rest.md, sections 2.15 and 3.7."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from app.actions.models import ActionStatus
from app.calls.models import CallRecord
from tests.factories import Factory
from tests.golden.answers import assert_answer, example

LONG_AGO = datetime(2025, 12, 1, tzinfo=UTC)


async def test_stats(rest: httpx.AsyncClient, factory: Factory, meera: UUID) -> None:
    calls = [await factory.call(meera, duration_seconds=204 + number % 3 - 1) for number in range(6)]
    for number in range(36):
        await factory.call(meera, duration_seconds=None if number else 204, created_at=LONG_AGO)
    await _make_items(factory, calls[0], 6, status=ActionStatus.OPEN)
    await _make_items(factory, calls[0], 2, status=ActionStatus.IN_PROGRESS, due_date=date(2099, 1, 1))
    await _make_items(factory, calls[1], 3, status=ActionStatus.IN_PROGRESS, due_date=date(2026, 2, 1))
    await _make_items(factory, calls[2], 27, status=ActionStatus.DONE, due_date=date(2026, 2, 1))
    await _make_items(factory, calls[3], 1, status=ActionStatus.DISMISSED, due_date=date(2026, 2, 1))

    response = await rest.get("/api/users/me/stats")

    assert_answer(response, 200, example("getStats", "figures"))


async def test_vibe(rest: httpx.AsyncClient, factory: Factory, meera: UUID, bob: UUID) -> None:
    shown = example("getVibe", "figures")
    now = datetime.now(UTC)
    mondays = _mondays(now)
    for owner in (meera, bob):
        await _make_sentiments(factory, owner, shown, _middles(now, mondays))

    response = await rest.get("/api/analytics/vibe?days=14")

    trend = zip(mondays, shown["sentimentTrend"], strict=True)
    weeks = [{**entry, "week": f"{monday:%Y-%m-%d}"} for monday, entry in trend]
    expected = {**shown, "sentimentTrend": weeks}
    assert_answer(response, 200, expected)
    # The order of labels is a rule, too.
    assert response.content == orjson.dumps(expected)


async def _make_items(factory: Factory, call: CallRecord, count: int, **values: Any) -> None:
    for _ in range(count):
        await factory.action_item(call, **values)


def _mondays(now: datetime) -> list[datetime]:
    """The Mondays of the weeks that the last 14 days touch."""
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return [monday - timedelta(days=days) for days in (14, 7, 0)]


def _middles(now: datetime, mondays: list[datetime]) -> list[datetime]:
    """The middle of what the last 14 days have of each week."""
    start = now - timedelta(days=14)
    return [start + (mondays[1] - start) / 2, mondays[1] + timedelta(days=3.5), mondays[2] + (now - mondays[2]) / 2]


async def _make_sentiments(factory: Factory, owner: UUID, shown: dict[str, Any], whens: list[datetime]) -> None:
    """Twelve calls that come to these figures."""
    trend = zip(whens, shown["sentimentTrend"], strict=True)
    overall = [(when, word) for when, entry in trend for word in _spread(entry["counts"])]
    columns = zip(
        overall,
        _spread(shown["userSentimentDistribution"]),
        _spread(shown["contactSentimentDistribution"]),
        *map(_spread, shown["toneProfile"].values()),
        strict=True,
    )
    for (when, sentiment), user, contact, formality, energy, pace in columns:
        await factory.sentiment(
            await factory.call(owner, recorded_at=when),
            sentiment_overall=sentiment,
            user_sentiment=user,
            contact_sentiment=contact,
            tone_formality=formality,
            tone_energy=energy,
            tone_pace=pace,
        )


def _spread(counts: dict[str, int]) -> list[str]:
    return [word for word, count in counts.items() for _ in range(count)]
