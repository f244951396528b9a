"""The user's voice profile. Source: pipeline.md, sections 14 (P4) and 17."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.entities import MutableEntity


class VoiceProfile(MutableEntity, table=True):
    """At most one per user; `embedding_json` is opaque to everything but the provider that made it."""

    __tablename__ = "user_voice_profiles"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", unique=True)
    provider: str
    model: str
    model_version: str | None = None
    embedding_json: dict[str, Any] = Field(sa_type=JSONB)
    consent_version: str
    sample_duration_seconds: int
