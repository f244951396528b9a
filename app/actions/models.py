"""Action items. Source: pipeline.md, section 17; analysis.md, section 9."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.entities import UTC_TIME, MutableEntity


class ActionStatus(StrEnum):
    """How far a task is."""

    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    DISMISSED = "DISMISSED"


class ActionPriority(StrEnum):
    """How urgent a task is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class ActionSource(StrEnum):
    """Who wrote a task down."""

    AI = "AI"
    MANUAL = "MANUAL"


class ActionItem(MutableEntity, table=True):
    """A task of one call. AI rows are replaced by every analysis, MANUAL rows never."""

    __tablename__ = "action_items"

    call_record_id: UUID = Field(foreign_key="call_records.id", ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    title: str
    description: str | None = None
    due_date: date | None = None
    priority: str | None = None
    status: str = ActionStatus.OPEN
    source: str | None = None
    contact_id: UUID | None = None
    owner_speaker_id: str | None = None
    owner_speaker_label: str | None = None
    owner_display_name: str | None = None
    owner_role: str | None = None
    owner_speaker_raw: str | None = None
    source_segment_ids_json: list[str] = Field(default_factory=list, sa_type=JSONB)
    source_text: str | None = None
    intent: str | None = None
    intent_metadata_json: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    completed_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
