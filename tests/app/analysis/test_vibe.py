"""Counts of sentiments and tones. Whole figures are from rest.md, 3.7."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.analysis.models import CallSentimentSummary
from app.analysis.vibe import Vibe, WeekCounts, get_vibe
from app.resources import Resources
from tests.factories import Factory

NOW = datetime(2026, 2, 12, 10, 0, tzinfo=UTC)
NOTHING = Vibe({}, {}, {}, [], {}, {}, {})


async def analysed(
    factory: Factory, resources: Resources, owner: UUID, recorded_at: datetime, count: int = 1, **words: str
) -> None:
    """Calls with these words in their rows of statistics."""
    for _ in range(count):
        call = await factory.call(owner)
        row = CallSentimentSummary(call_record_id=call.id, user_id=owner, recorded_at=recorded_at, **words)
        async with resources.database.transaction() as session:
            session.add(row)


async def read(resources: Resources, owner: UUID, days: int, now: datetime = NOW) -> Vibe:
    async with resources.database.read() as session:
        return await get_vibe(session, owner, days=days, now=now)


async def test_figures_of_the_example(factory: Factory, resources: Resources, alice: UUID) -> None:
    january, early, late = (datetime(2026, *day, 12, tzinfo=UTC) for day in ((1, 30), (2, 3), (2, 11)))
    calls: list[tuple[datetime, int, dict[str, str]]] = [
        (january, 1, {"sentiment_overall": "positive", "user_sentiment": "positive", "tone_pace": "fast"}),
        (early, 4, {"sentiment_overall": "positive", "user_sentiment": "positive", "tone_energy": "medium"}),
        (early, 3, {"sentiment_overall": "neutral", "user_sentiment": "positive", "tone_energy": "medium"}),
        (early, 1, {"sentiment_overall": "mixed", "user_sentiment": "neutral", "tone_formality": "informal"}),
        (late, 2, {"sentiment_overall": "positive", "contact_sentiment": "negative", "tone_energy": "high"}),
        (late, 1, {"sentiment_overall": "neutral", "contact_sentiment": "neutral", "tone_formality": "formal"}),
    ]
    for recorded_at, count, words in calls:
        await analysed(factory, resources, alice, recorded_at, count, **words)

    assert await read(resources, alice, days=14) == Vibe(
        sentiments={"positive": 7, "neutral": 4, "mixed": 1},
        user_sentiments={"positive": 8, "neutral": 1},
        contact_sentiments={"neutral": 1, "negative": 2},
        sentiment_trend=[
            WeekCounts(date(2026, 1, 26), {"positive": 1, "neutral": 0, "mixed": 0}),
            WeekCounts(date(2026, 2, 2), {"positive": 4, "neutral": 3, "mixed": 1}),
            WeekCounts(date(2026, 2, 9), {"positive": 2, "neutral": 1, "mixed": 0}),
        ],
        formality={"formal": 1, "informal": 1},
        energy={"medium": 7, "high": 2},
        pace={"fast": 1},
    )


async def test_maps_keep_the_order_of_their_lists(factory: Factory, resources: Resources, alice: UUID) -> None:
    words: dict[str, list[str]] = {
        "sentiment_overall": ["unclear", "mixed", "negative", "neutral", "positive"],
        "tone_formality": ["informal", "semi-formal", "formal"],
        "tone_energy": ["high", "medium", "low"],
        "tone_pace": ["fast", "normal", "slow"],
    }
    for column, values in words.items():
        for count, value in enumerate(values, start=1):
            await analysed(factory, resources, alice, NOW, count, **{column: value})

    vibe = await read(resources, alice, days=1)

    assert list(vibe.sentiments.items()) == [
        ("positive", 5), ("neutral", 4), ("negative", 3), ("mixed", 2), ("unclear", 1),
    ]  # fmt: skip
    assert list(vibe.sentiment_trend[-1].counts) == list(vibe.sentiments)
    assert [list(tone) for tone in (vibe.formality, vibe.energy, vibe.pace)] == [
        ["formal", "semi-formal", "informal"],
        ["low", "medium", "high"],
        ["slow", "normal", "fast"],
    ]


async def test_window_has_both_ends(factory: Factory, resources: Resources, alice: UUID) -> None:
    start = NOW - timedelta(days=2)
    moment = timedelta(microseconds=1)
    await analysed(factory, resources, alice, start, sentiment_overall="neutral")
    await analysed(factory, resources, alice, start - moment, sentiment_overall="negative")
    await analysed(factory, resources, alice, NOW, sentiment_overall="positive")
    await analysed(factory, resources, alice, NOW + moment, sentiment_overall="mixed")

    assert (await read(resources, alice, days=2)).sentiments == {"positive": 1, "neutral": 1}


async def test_weeks_begin_on_monday_in_utc(factory: Factory, resources: Resources, alice: UUID) -> None:
    sunday = datetime.fromisoformat("2026-02-09T00:59:59+01:00")
    monday = datetime.fromisoformat("2026-02-08T23:00:00-01:00")
    await analysed(factory, resources, alice, sunday, sentiment_overall="neutral")
    await analysed(factory, resources, alice, monday, sentiment_overall="positive")

    assert (await read(resources, alice, days=7)).sentiment_trend == [
        WeekCounts(date(2026, 2, 2), {"positive": 0, "neutral": 1}),
        WeekCounts(date(2026, 2, 9), {"positive": 1, "neutral": 0}),
    ]


@pytest.mark.parametrize(
    ("now", "days", "weeks"),
    [
        ("2026-02-09T00:00:00+00:00", 7, ["2026-02-02", "2026-02-09"]),
        ("2026-02-09T00:00:01+00:00", 1, ["2026-02-02", "2026-02-09"]),
        ("2026-02-10T00:00:00+00:00", 1, ["2026-02-09"]),
        ("2026-01-02T12:00:00+00:00", 7, ["2025-12-22", "2025-12-29"]),
    ],
)
async def test_every_week_that_touches_the_window_is_there(
    factory: Factory, resources: Resources, alice: UUID, now: str, days: int, weeks: list[str]
) -> None:
    moment = datetime.fromisoformat(now)
    await analysed(factory, resources, alice, moment, sentiment_overall="positive")

    trend = (await read(resources, alice, days, moment)).sentiment_trend

    assert [week.week.isoformat() for week in trend] == weeks
    assert [week.counts["positive"] for week in trend] == [0] * (len(weeks) - 1) + [1]


async def test_year_has_all_its_weeks(factory: Factory, resources: Resources, alice: UUID) -> None:
    await analysed(factory, resources, alice, NOW, sentiment_overall="positive")

    trend = (await read(resources, alice, days=365)).sentiment_trend

    assert (len(trend), trend[0].week, trend[-1].week) == (53, date(2025, 2, 10), date(2026, 2, 9))


async def test_trend_is_empty_without_any_overall_sentiment(
    factory: Factory, resources: Resources, alice: UUID
) -> None:
    await analysed(factory, resources, alice, NOW, user_sentiment="positive", tone_pace="slow")

    vibe = await read(resources, alice, days=30)

    assert vibe == Vibe({}, {"positive": 1}, {}, [], {}, {}, {"slow": 1})


async def test_nothing_and_the_calls_of_others_give_empty_figures(
    factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    values: dict[str, Any] = {"sentiment_overall": "positive", "tone_energy": "low"}
    await analysed(factory, resources, bob, NOW, **values)

    assert await read(resources, alice, days=365) == NOTHING
