"""What happened to a call, stage by stage. Source: pipeline.md, sections 11.1 and 17."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.entities import Entity


class Stage(StrEnum):
    """The stages that events name, in the order of a run; the last one begins another run of a finished call."""

    CALL_QUEUED = "CALL_QUEUED"
    AUDIO_PREPROCESSED = "AUDIO_PREPROCESSED"
    PYANNOTE_STARTED = "PYANNOTE_STARTED"
    PYANNOTE_FAILED_FALLBACK = "PYANNOTE_FAILED_FALLBACK"
    DIARIZED = "DIARIZED"
    LEMONFOX_SUBMITTED = "LEMONFOX_SUBMITTED"
    TRANSCRIBED = "TRANSCRIBED"
    TRANSCRIPT_ALIGNED = "TRANSCRIPT_ALIGNED"
    TRANSCRIPT_NORMALIZED = "TRANSCRIPT_NORMALIZED"
    VOICE_MATCH_STARTED = "VOICE_MATCH_STARTED"
    SPEAKER_REFINED = "SPEAKER_REFINED"
    SPEAKER_NAMING_LLM = "SPEAKER_NAMING_LLM"
    ANALYZED = "ANALYZED"
    ACTION_ITEMS_EXTRACTED = "ACTION_ITEMS_EXTRACTED"
    CALL_COMPLETED = "CALL_COMPLETED"
    CALL_FAILED = "CALL_FAILED"
    CALL_CANCELLED = "CALL_CANCELLED"
    CALL_SWEPT = "CALL_SWEPT"
    TEMP_AUDIO_DELETED = "TEMP_AUDIO_DELETED"
    REANALYZE_STARTED = "REANALYZE_STARTED"


class StageStatus(StrEnum):
    """How a stage went."""

    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class CallProcessingEvent(Entity, table=True):
    """One line of a call's history; goes with the call."""

    __tablename__ = "call_processing_events"

    call_id: UUID = Field(foreign_key="call_records.id", ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    stage: str
    status: str
    provider: str | None = None
    duration_ms: int | None = Field(default=None, sa_type=BigInteger)
    error_code: str | None = None
    error_message: str | None = None
