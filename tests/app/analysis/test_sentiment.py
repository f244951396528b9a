"""The row of statistics, analysis.md 10."""

from typing import Any

import pytest

from app.analysis.sentiment import SentimentValues, sentiment_values


def test_words_of_the_lists_are_taken_in_lower_case() -> None:
    document = {
        "sentiment": {
            "overall": "Positive",
            "userSentiment": {"overall": "mixed"},
            "contactSentiment": {"overall": "furious"},
        },
        "tone": {"overall": " formal-business ", "formality": "semi-formal", "energy": "LOW", "pace": "brisk"},
    }

    assert sentiment_values(document) == SentimentValues(
        sentiment_overall="positive",
        user_sentiment="mixed",
        contact_sentiment=None,
        tone_overall="formal-business",
        tone_formality="semi-formal",
        tone_energy="low",
        tone_pace=None,
    )


def test_first_version_has_its_overall_word_only() -> None:
    values = sentiment_values({"sentiment": {"overall": "neutral", "reason": "B"}})

    assert values is not None
    assert values.columns() == {
        "sentiment_overall": "neutral",
        "user_sentiment": None,
        "contact_sentiment": None,
        "tone_overall": None,
        "tone_formality": None,
        "tone_energy": None,
        "tone_pace": None,
    }


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"sentiment": None, "tone": "friendly"},
        {"sentiment": {"overall": 5, "userSentiment": "positive"}, "tone": {"overall": ["friendly"]}},
        {"sentiment": {"overall": "happy"}},
    ],
)
def test_nothing_readable_is_no_row(document: dict[str, Any]) -> None:
    assert sentiment_values(document) is None
