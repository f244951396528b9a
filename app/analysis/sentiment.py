"""The words of sentiment and tone that statistics count. Source: analysis.md, sections 3.6, 3.7 and 10."""

from dataclasses import asdict, dataclass
from typing import Any

from app.analysis.values import read_object, read_word

TONES = (
    "professional", "friendly", "tense", "urgent", "supportive", "transactional", "escalated", "empathetic",
    "terse", "playful", "confrontational", "informational", "casual", "formal-business", "conversational",
)  # fmt: skip

SENTIMENTS = ("positive", "neutral", "negative", "mixed", "unclear")
FORMALITIES = ("formal", "semi-formal", "informal")
ENERGIES = ("low", "medium", "high")
PACES = ("slow", "normal", "fast")
"""In the order in which statistics show them."""


@dataclass(frozen=True, slots=True)
class SentimentValues:
    """The words of one call, lower case, as the columns of `call_sentiment_summary`; None where none is known."""

    sentiment_overall: str | None
    user_sentiment: str | None
    contact_sentiment: str | None
    tone_overall: str | None
    tone_formality: str | None
    tone_energy: str | None
    tone_pace: str | None

    def columns(self) -> dict[str, str | None]:
        """The values by column name."""
        return asdict(self)


def sentiment_values(document: dict[str, Any]) -> SentimentValues | None:
    """What an analysis says about sentiment and tone in words of the lists; None when it says nothing."""
    sentiment, tone = read_object(document.get("sentiment")), read_object(document.get("tone"))
    values = SentimentValues(
        sentiment_overall=read_word(sentiment.get("overall"), SENTIMENTS),
        user_sentiment=read_word(read_object(sentiment.get("userSentiment")).get("overall"), SENTIMENTS),
        contact_sentiment=read_word(read_object(sentiment.get("contactSentiment")).get("overall"), SENTIMENTS),
        tone_overall=read_word(tone.get("overall"), TONES),
        tone_formality=read_word(tone.get("formality"), FORMALITIES),
        tone_energy=read_word(tone.get("energy"), ENERGIES),
        tone_pace=read_word(tone.get("pace"), PACES),
    )
    return values if any(values.columns().values()) else None
