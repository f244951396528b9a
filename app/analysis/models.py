"""The one row per call that statistics read. Source: pipeline.md, section 17; analysis.md, section 10."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Field, SQLModel

from app.entities import UTC_TIME


class CallSentimentSummary(SQLModel, table=True):
    """Sentiment and tone words of one analysed call; each is null when the analysis did not say."""

    __tablename__ = "call_sentiment_summary"

    call_record_id: UUID = Field(primary_key=True, foreign_key="call_records.id", ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    recorded_at: datetime = Field(sa_type=UTC_TIME)
    sentiment_overall: str | None = None
    user_sentiment: str | None = None
    contact_sentiment: str | None = None
    tone_overall: str | None = None
    tone_formality: str | None = None
    tone_energy: str | None = None
    tone_pace: str | None = None
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now()}, nullable=False
    )
