"""Answers kept for 24 h, so that a repeated request is not done twice. Source: rest.md 1.7; pipeline.md, section 17."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.entities import UTC_TIME, Entity


class IdempotencyState(StrEnum):
    """Whether the first request has been answered."""

    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"


class IdempotencyRecord(Entity, table=True):
    """One key of one user on one path; `path_digest` keeps no id of anything that may be deleted."""

    __tablename__ = "idempotency_records"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    method: str
    path_digest: str
    key: str
    request_hash: str
    state: str = IdempotencyState.IN_PROGRESS
    owner_token: UUID
    alive_at: datetime = Field(sa_type=UTC_TIME)
    resource_id: UUID | None = None
    response_status: int | None = None
    response_headers: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    response_body: str | None = None
