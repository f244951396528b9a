"""How conversations went over time. Source: rest.md, section 3.7."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import UTC, date, datetime
from typing import Annotated, Self

import strawberry

from app.analysis import vibe
from scryon_graphql.context import Context
from scryon_graphql.limits import MAX_VIBE_DAYS, check_range
from scryon_graphql.scalars import LabelCounts

DEFAULT_DAYS = 30


@strawberry.type(description="Sentiments of one week.")
class WeeklySentiment:
    week: date = strawberry.field(description="The Monday of the ISO week (UTC).")
    counts: LabelCounts = strawberry.field(description="Every label of `sentimentDistribution`, 0 included.")


@strawberry.type(description="Calls by tone.")
class ToneProfile:
    formality: LabelCounts = strawberry.field(description="`formal`, `semi-formal`, `informal`.")
    energy: LabelCounts = strawberry.field(description="`low`, `medium`, `high`.")
    pace: LabelCounts = strawberry.field(description="`slow`, `normal`, `fast`.")


@strawberry.type(description="Calls by sentiment and tone, of those that were analysed.")
class Vibe:
    sentiment_distribution: LabelCounts = strawberry.field(
        description="Overall: `positive`, `neutral`, `negative`, `mixed`, `unclear`."
    )
    user_sentiment_distribution: LabelCounts = strawberry.field(description="The user's.")
    contact_sentiment_distribution: LabelCounts = strawberry.field(description="The other party's.")
    sentiment_trend: list[WeeklySentiment] = strawberry.field(
        description="Every week that touches the window, ascending; empty without any sentiment."
    )
    tone_profile: ToneProfile = strawberry.field(description="Calls by tone.")

    @classmethod
    def from_figures(cls, figures: vibe.Vibe) -> Self:
        return cls(
            sentiment_distribution=LabelCounts(figures.sentiments),
            user_sentiment_distribution=LabelCounts(figures.user_sentiments),
            contact_sentiment_distribution=LabelCounts(figures.contact_sentiments),
            sentiment_trend=[
                WeeklySentiment(week=week.week, counts=LabelCounts(week.counts)) for week in figures.sentiment_trend
            ],
            tone_profile=ToneProfile(
                formality=LabelCounts(figures.formality),
                energy=LabelCounts(figures.energy),
                pace=LabelCounts(figures.pace),
            ),
        )


@strawberry.type
class VibeQuery:
    @strawberry.field(description="How the calls of the last days went. Errors: `validation_failed`.")
    async def vibe(
        self,
        info: strawberry.Info[Context],
        days: Annotated[
            int, strawberry.argument(description="Calls recorded in the last so many times 24 hours, 1 to 365.")
        ] = DEFAULT_DAYS,
    ) -> Vibe:
        check_range(days, "days", 1, MAX_VIBE_DAYS)
        async with info.context.resources.database.read() as session:
            figures = await vibe.get_vibe(session, info.context.user_id, days=days, now=datetime.now(UTC))
        return Vibe.from_figures(figures)
