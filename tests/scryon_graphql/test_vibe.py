"""`vibe`. Source: rest.md, section 3.7."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.analysis.models import CallSentimentSummary
from app.resources import Resources
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

VIBE = """
query GetVibe($days: Int! = 30) {
  vibe(days: $days) {
    sentimentDistribution userSentimentDistribution contactSentimentDistribution
    sentimentTrend { week counts } toneProfile { formality energy pace }
  }
}
"""


async def analysed(factory: Factory, resources: Resources, owner: UUID, recorded_at: datetime, **words: str) -> None:
    call = await factory.call(owner)
    async with resources.database.transaction() as session:
        session.add(CallSentimentSummary(call_record_id=call.id, user_id=owner, recorded_at=recorded_at, **words))


async def test_figures_of_nothing_are_empty(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    await analysed(factory, resources, alice, datetime.now(UTC), sentiment_overall="positive")

    assert await stranger.get(VIBE) == {
        "vibe": {
            "sentimentDistribution": {},
            "userSentimentDistribution": {},
            "contactSentimentDistribution": {},
            "sentimentTrend": [],
            "toneProfile": {"formality": {}, "energy": {}, "pace": {}},
        }
    }


async def test_window_is_thirty_days_unless_said_otherwise(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    now = datetime.now(UTC)
    for days in (1, 29, 31, 364, 366):
        await analysed(factory, resources, alice, now - timedelta(days=days), sentiment_overall="mixed")

    answers = [await client.get(VIBE), await client.get(VIBE, days=365)]

    assert [answer["vibe"]["sentimentDistribution"] for answer in answers] == [{"mixed": 2}, {"mixed": 4}]


@pytest.mark.parametrize("count", [1, 50])
async def test_figures_take_one_statement(
    client: Client, factory: Factory, resources: Resources, alice: UUID, statements: Counter, count: int
) -> None:
    for _ in range(count):
        await analysed(factory, resources, alice, datetime.now(UTC), sentiment_overall="neutral", tone_pace="slow")

    async with statements() as found:
        data = await client.get(VIBE)

    assert data["vibe"]["toneProfile"]["pace"] == {"slow": count}
    assert len(found) == 1


@pytest.mark.parametrize("days", [0, 366, -1])
async def test_other_windows_are_refused(client: Client, days: int) -> None:
    assert await client.refused(VIBE, days=days) == {
        "code": "validation_failed",
        "status": 400,
        "details": {"fields": [{"field": "days", "message": "must be between 1 and 365"}]},
    }
