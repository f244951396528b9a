"""`/api/analytics/vibe`. The body is the one of rest.md, 3.7, moved to the present."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import orjson
import pytest

from app.analysis.models import CallSentimentSummary
from app.resources import Resources
from tests.factories import Factory

SENTIMENTS = {
    "sentimentDistribution": {"positive": 7, "neutral": 4, "mixed": 1},
    "userSentimentDistribution": {"positive": 8, "neutral": 4},
    "contactSentimentDistribution": {"positive": 5, "neutral": 5, "negative": 2},
}
TREND = [
    {"positive": 1, "neutral": 0, "mixed": 0},
    {"positive": 4, "neutral": 3, "mixed": 1},
    {"positive": 2, "neutral": 1, "mixed": 0},
]
TONES = {
    "formality": {"formal": 2, "semi-formal": 8, "informal": 2},
    "energy": {"low": 1, "medium": 9, "high": 2},
    "pace": {"normal": 11, "fast": 1},
}


async def _make_calls(factory: Factory, resources: Resources, owner: UUID, middles: list[datetime]) -> None:
    """The twelve calls of the example, each week's in the middle of that week."""

    def spread(counts: dict[str, int]) -> list[str]:
        return [word for word, count in counts.items() for _ in range(count)]

    overall = [(when, word) for when, counts in zip(middles, TREND, strict=True) for word in spread(counts)]
    columns = zip(
        overall,
        spread(SENTIMENTS["userSentimentDistribution"]),
        spread(SENTIMENTS["contactSentimentDistribution"]),
        spread(TONES["formality"]),
        spread(TONES["energy"]),
        spread(TONES["pace"]),
        strict=True,
    )
    for (recorded_at, sentiment), user, contact, formality, energy, pace in columns:
        call = await factory.call(owner)
        row = CallSentimentSummary(
            call_record_id=call.id,
            user_id=owner,
            recorded_at=recorded_at,
            sentiment_overall=sentiment,
            user_sentiment=user,
            contact_sentiment=contact,
            tone_formality=formality,
            tone_energy=energy,
            tone_pace=pace,
        )
        async with resources.database.transaction() as session:
            session.add(row)


async def test_counts_of_two_weeks(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID, bob: UUID
) -> None:
    now = datetime.now(UTC)
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    mondays = [monday - timedelta(days=days) for days in (14, 7, 0)]
    start = now - timedelta(days=14)
    middles = [start + (mondays[1] - start) / 2, mondays[1] + timedelta(days=3.5), monday + (now - monday) / 2]
    await _make_calls(factory, resources, owner, middles)
    await _make_calls(factory, resources, bob, middles)

    response = await rest.get("/api/analytics/vibe?days=14")

    weeks = [{"week": f"{day:%Y-%m-%d}", "counts": counts} for day, counts in zip(mondays, TREND, strict=True)]
    expected = {**SENTIMENTS, "sentimentTrend": weeks, "toneProfile": TONES}
    assert response.status_code == 200
    assert response.content == orjson.dumps(expected)


async def test_nothing_gives_empty_maps(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/analytics/vibe")

    assert response.json() == {
        "sentimentDistribution": {},
        "userSentimentDistribution": {},
        "contactSentimentDistribution": {},
        "sentimentTrend": [],
        "toneProfile": {"formality": {}, "energy": {}, "pace": {}},
    }


@pytest.mark.parametrize("query", ["days=0", "days=366", "days=", "days=x", "days=1.0", "days=%201", "days=7&days=0"])
async def test_bad_windows_are_named(rest: httpx.AsyncClient, query: str) -> None:
    response = await rest.get(f"/api/analytics/vibe?{query}")

    assert response.status_code == 400
    assert [problem["field"] for problem in response.json()["error"]["details"]["fields"]] == ["days"]


@pytest.mark.parametrize("query", ["days=1", "days=365", "days=0&days=7", "unknown=x"])
async def test_good_windows_pass(rest: httpx.AsyncClient, query: str) -> None:
    assert (await rest.get(f"/api/analytics/vibe?{query}")).status_code == 200
