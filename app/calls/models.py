"""Calls and their artifacts. Source: pipeline.md, sections 2, 3.1 and 17."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.entities import UTC_TIME, MutableEntity


class CallStatus(StrEnum):
    """Where a call stands. PROCESSING is legacy: read, never written, counts as in flight."""

    QUEUED = "QUEUED"
    TRANSCRIBING = "TRANSCRIBING"
    ANALYZING = "ANALYZING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    PROCESSING = "PROCESSING"

    @property
    def is_terminal(self) -> bool:
        return self in (CallStatus.COMPLETED, CallStatus.FAILED)


class Direction(StrEnum):
    """Who called whom."""

    INCOMING = "INCOMING"
    OUTGOING = "OUTGOING"
    UNKNOWN = "UNKNOWN"


class ArtifactType(StrEnum):
    """What is kept of a call in object storage."""

    TEMP_AUDIO = "TEMP_AUDIO"
    DIARIZATION_JSON = "DIARIZATION_JSON"
    DIARIZATION_RESULT_STATE = "DIARIZATION_RESULT_STATE"
    RAW_TRANSCRIPT_JSON = "RAW_TRANSCRIPT_JSON"
    NORMALIZED_TRANSCRIPT_JSON = "NORMALIZED_TRANSCRIPT_JSON"
    ANALYSIS_JSON = "ANALYSIS_JSON"


class CallRecord(MutableEntity, table=True):
    """One recorded call of one user. `error_reason` is set exactly while `status` is FAILED."""

    __tablename__ = "call_records"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    title: str | None = None
    title_edited_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    short_summary: str | None = None
    summary_edited_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    notes: str | None = None
    tags_json: list[str] = Field(default_factory=list, sa_type=JSONB)
    original_file_name: str | None = None
    contact_name: str | None = None
    contact_id: str | None = None
    phone_number: str | None = None
    organization: str | None = None
    scryon_contact_id: UUID | None = None
    direction: str = Direction.UNKNOWN
    recorded_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    recorded_at_offset_minutes: int | None = Field(default=None, sa_type=SmallInteger)
    duration_seconds: int | None = None
    byte_size: int | None = Field(default=None, sa_type=BigInteger)
    status: str = CallStatus.QUEUED
    error_reason: str | None = None

    # The worker's columns: dispatch, claim, lease.
    dispatched_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    dispatch_count: int = 0
    claim_token: UUID | None = None
    lease_expires_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    attempts: int = 0
    transcription_submitted_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    callback_deadline_at: datetime | None = Field(default=None, sa_type=UTC_TIME)
    completed_at: datetime | None = Field(default=None, sa_type=UTC_TIME)


class CallArtifact(MutableEntity, table=True):
    """A pointer to one stored object; at most one per call and type."""

    __tablename__ = "call_artifacts"

    call_id: UUID = Field(foreign_key="call_records.id", ondelete="CASCADE")
    artifact_type: str
    storage_key: str
    content_type: str
    byte_size: int = Field(sa_type=BigInteger)
    schema_version: int | None = None
