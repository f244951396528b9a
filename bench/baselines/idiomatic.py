"""The endpoints of reading as a good engineer writes them directly: FastAPI, SQLModel, response models.

A session per request, one statement per answer, whole entities read where they are shown, Pydantic on the way out.
Answers the same bodies as Scryon does; run it with uvicorn, with `DB_URL` set.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict, PlainSerializer
from sqlalchemy import func, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.users.models import User

engine = create_async_engine(make_url(os.environ["DB_URL"]).set(drivername="postgresql+asyncpg"), pool_size=10)
sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


def _write_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")[:-6] + "Z"


Timestamp = Annotated[datetime, PlainSerializer(_write_time)]


class CallOut(BaseModel):
    """A call in a list."""

    model_config = ConfigDict(from_attributes=True)

    callId: UUID
    id: UUID
    title: str | None
    originalFileName: str | None
    contactName: str | None
    direction: str
    status: str
    durationSeconds: int | None
    recordedAt: Timestamp
    createdAt: Timestamp
    shortSummary: str | None
    tags: list[str]
    scryonContactId: UUID | None
    actionItemCount: int
    firstActionTitle: str | None
    errorReason: str | None


class CallDetailOut(CallOut):
    """One call."""

    contactId: str | None
    phoneNumber: str | None
    organization: str | None
    notes: str | None
    updatedAt: Timestamp


class CallPage(BaseModel):
    """A page of calls."""

    items: list[CallOut]
    nextCursor: str | None


class StatusOut(BaseModel):
    """Where a call stands."""

    callId: UUID
    id: UUID
    status: str


class StatusesOut(BaseModel):
    """Where calls stand."""

    items: list[StatusOut]
    nextPollMs: int


class ActionOut(BaseModel):
    """An action item."""

    id: UUID
    callRecordId: UUID
    title: str
    description: str | None
    dueDate: date | None
    status: str
    priority: str | None
    source: str | None
    contactId: UUID | None
    sourceText: str | None
    ownerSpeakerId: str | None
    ownerSpeakerLabel: str | None
    ownerDisplayName: str | None
    ownerRole: str
    sourceSegmentIds: list[str]
    intent: str | None
    intentMetadata: dict[str, Any] | None
    createdAt: Timestamp
    updatedAt: Timestamp


class ActionPage(BaseModel):
    """A page of action items."""

    items: list[ActionOut]
    nextCursor: str | None


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_user(session: Session, x_local_user_id: Annotated[str, Header()] = "local-dev") -> User:
    user = (await session.exec(select(User).where(User.external_user_id == x_local_user_id))).one_or_none()
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(get_user)]

_open = col(ActionItem.status) != "DISMISSED"
_of_call = col(ActionItem.call_record_id) == col(CallRecord.id)
_count = select(func.count()).where(_of_call, _open).correlate(CallRecord).scalar_subquery()
_first = (
    select(ActionItem.title)
    .where(_of_call, _open)
    .order_by(col(ActionItem.created_at), col(ActionItem.id))
    .limit(1)
    .correlate(CallRecord)
    .scalar_subquery()
)


def _call_values(call: CallRecord, action_count: int, first_title: str | None) -> dict[str, Any]:
    return {
        "callId": call.id,
        "id": call.id,
        "title": call.title,
        "originalFileName": call.original_file_name,
        "contactName": call.contact_name,
        "contactId": call.contact_id,
        "phoneNumber": call.phone_number,
        "organization": call.organization,
        "direction": call.direction,
        "status": call.status,
        "durationSeconds": call.duration_seconds,
        "recordedAt": call.recorded_at or call.created_at,
        "createdAt": call.created_at,
        "updatedAt": call.updated_at,
        "shortSummary": call.short_summary,
        "notes": call.notes,
        "tags": call.tags_json,
        "scryonContactId": call.scryon_contact_id,
        "actionItemCount": action_count,
        "firstActionTitle": first_title,
        "errorReason": call.error_reason,
    }


@app.get("/api/calls", response_model_exclude_none=True)
async def list_calls(session: Session, user: CurrentUser, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> CallPage:
    """The newest calls."""
    rows = await session.exec(
        select(CallRecord, _count, _first)
        .where(CallRecord.user_id == user.id)
        .order_by(col(CallRecord.created_at).desc(), col(CallRecord.id).desc())
        .limit(limit + 1)
    )
    items = [CallOut(**_call_values(*row)) for row in rows]
    return CallPage(items=items[:limit], nextCursor="more" if len(items) > limit else None)


@app.get("/api/calls/status")
async def get_statuses(session: Session, user: CurrentUser, ids: str) -> StatusesOut:
    """Where calls stand."""
    wanted = [UUID(text) for text in ids.split(",")]
    statement = select(CallRecord.id, CallRecord.status).where(
        CallRecord.user_id == user.id, col(CallRecord.id).in_(wanted)
    )
    found = {row[0]: row[1] for row in await session.exec(statement)}
    items = [StatusOut(callId=id, id=id, status=found[id]) for id in wanted if id in found]
    is_idle = all(item.status in ("COMPLETED", "FAILED") for item in items)
    return StatusesOut(items=items, nextPollMs=15000 if is_idle else 3000)


@app.get("/api/calls/{call_id}", response_model_exclude_none=True)
async def get_call(session: Session, user: CurrentUser, call_id: UUID) -> CallDetailOut:
    """One call."""
    statement = select(CallRecord, _count, _first).where(CallRecord.id == call_id, CallRecord.user_id == user.id)
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        raise HTTPException(404)
    return CallDetailOut(**_call_values(*row))


@app.get("/api/actions", response_model_exclude_none=True)
async def list_actions(
    session: Session, user: CurrentUser, limit: Annotated[int, Query(ge=1, le=100)] = 50
) -> ActionPage:
    """The newest action items."""
    rows = await session.exec(
        select(ActionItem, CallRecord.scryon_contact_id)
        .join(CallRecord, col(CallRecord.id) == col(ActionItem.call_record_id))
        .where(ActionItem.user_id == user.id)
        .order_by(col(ActionItem.created_at).desc(), col(ActionItem.id).desc())
        .limit(limit + 1)
    )
    items = [
        ActionOut(
            id=item.id,
            callRecordId=item.call_record_id,
            title=item.title,
            description=item.description,
            dueDate=item.due_date,
            status=item.status,
            priority=item.priority,
            source=item.source,
            contactId=contact_id,
            sourceText=item.source_text,
            ownerSpeakerId=item.owner_speaker_id,
            ownerSpeakerLabel=item.owner_speaker_label,
            ownerDisplayName=item.owner_display_name,
            ownerRole=item.owner_role or "UNKNOWN",
            sourceSegmentIds=item.source_segment_ids_json or [],
            intent=item.intent,
            intentMetadata=item.intent_metadata_json,
            createdAt=item.created_at,
            updatedAt=item.updated_at,
        )
        for item, contact_id in rows
    ]
    return ActionPage(items=items[:limit], nextCursor="more" if len(items) > limit else None)
