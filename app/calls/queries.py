"""Every statement of the calls feature. Ownership is in each WHERE: a foreign row is a missing row.

Lists select the columns that an answer can show and nothing of the worker's. `notes` can be long, so that lists leave
them out; `list_notes` fetches them for the few who ask.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    any_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text
from sqlmodel import col

from app.actions.models import ActionItem, ActionStatus
from app.calls.artifacts import ArtifactRef
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.cursor import Cursor
from app.db import Database
from app.newest import NewestFirst
from app.pipeline.failures import failure_message
from app.pipeline.models import CallProcessingEvent
from app.prepared import Prepared

HOUR, MONTH = timedelta(hours=1), timedelta(days=30)
ACTIVE = (CallStatus.QUEUED, CallStatus.PROCESSING, CallStatus.TRANSCRIBING, CallStatus.ANALYZING)
"""Statuses of calls in flight."""


class CallRow(NamedTuple):
    """What answers show of a call. `action_item_count` leaves DISMISSED items out, `first_action_title` too."""

    id: UUID
    title: str | None
    original_file_name: str | None
    contact_name: str | None
    contact_id: str | None
    phone_number: str | None
    organization: str | None
    scryon_contact_id: UUID | None
    direction: str
    status: str
    duration_seconds: int | None
    recorded_at: datetime
    created_at: datetime
    updated_at: datetime
    short_summary: str | None
    tags: list[str]
    error_reason: str | None
    action_item_count: int
    first_action_title: str | None

    @property
    def error_message(self) -> str | None:
        """A sentence for the reason."""
        return failure_message(self.error_reason)


class CallState(NamedTuple):
    """Where a call stands; `error_reason` is set exactly while it has failed."""

    status: str
    error_reason: str | None


class UploadFigures(NamedTuple):
    """What a user has uploaded lately; `until_oldest_leaves` is None when nothing within the hour."""

    uploads_this_hour: int
    until_oldest_leaves: timedelta | None
    active_calls: int
    bytes_this_month: int


class EventRow(NamedTuple):
    """One line of a call's history."""

    stage: str
    status: str
    provider: str | None
    duration_ms: int | None
    error_code: str | None
    error_message: str | None
    created_at: datetime


_id = col(CallRecord.id)
_owner = col(CallRecord.user_id)
_created = col(CallRecord.created_at)
_status = col(CallRecord.status)
_contact = col(CallRecord.scryon_contact_id)
_newest_first = (_created.desc(), _id.desc())


def _select_rows() -> "Select[*tuple[Any, ...]]":
    """Calls with the two figures about their action items, in one statement.

    The lateral join runs once per call of the page, each time on the index over `call_record_id`.
    """
    title = aggregate_order_by(col(ActionItem.title), col(ActionItem.created_at), col(ActionItem.id))
    items = (
        select(
            func.count().label("item_count"),
            type_coerce(func.array_agg(title), ARRAY(Text))[1].label("first_title"),
        )
        .where(col(ActionItem.call_record_id) == _id, col(ActionItem.status) != ActionStatus.DISMISSED)
        .lateral("items")
    )
    return (
        select(
            _id,
            col(CallRecord.title),
            col(CallRecord.original_file_name),
            col(CallRecord.contact_name),
            col(CallRecord.contact_id),
            col(CallRecord.phone_number),
            col(CallRecord.organization),
            _contact,
            col(CallRecord.direction),
            _status,
            col(CallRecord.duration_seconds),
            func.coalesce(col(CallRecord.recorded_at), _created),
            _created,
            col(CallRecord.updated_at),
            col(CallRecord.short_summary),
            col(CallRecord.tags_json),
            col(CallRecord.error_reason),
            items.c.item_count,
            items.c.first_title,
        )
        .select_from(CallRecord)
        .join(items, onclause=_id.is_not(None))
    )


_rows = _select_rows()
_newest = NewestFirst(
    _rows, created_at=_created, id=_id, columns={"owner": _owner, "status": _status, "contact": _contact}
)


_ONE = Prepared(_rows.add_columns(col(CallRecord.notes)).where(_id == bindparam("id"), _owner == bindparam("owner")))


async def find_call(session: AsyncSession, user_id: UUID, call_id: UUID) -> tuple[CallRow, str | None] | None:
    """One call of the user, and its notes, as the transaction of the session sees it."""
    row = (await session.execute(_ONE.statement, {"id": call_id, "owner": user_id})).one_or_none()
    return None if row is None else (CallRow._make(row[:-1]), row[-1])


async def read_call(database: Database, user_id: UUID, call_id: UUID) -> tuple[CallRow, str | None] | None:
    """One call of the user, and its notes."""
    rows = await _ONE.fetch(database, id=call_id, owner=user_id)
    return (CallRow._make(rows[0][:-1]), rows[0][-1]) if rows else None


async def list_calls(
    database: Database,
    user_id: UUID,
    *,
    limit: int,
    after: Cursor | None,
    status: CallStatus | None,
    contact_id: UUID | None,
) -> list[CallRow]:
    """The newest calls behind the cursor, newest first."""
    rows = await _newest.fetch(database, limit=limit, after=after, owner=user_id, status=status, contact=contact_id)
    return [CallRow._make(row) for row in rows]


async def list_calls_from(
    session: AsyncSession, user_id: UUID, *, offset: int, limit: int, status: CallStatus | None
) -> list[CallRow]:
    """The same list by position, which shifts when calls arrive; for the legacy page form."""
    # The page is cut first, or the figures would be made for every call that is skipped.
    page = select(_id).where(*_filters(user_id, status)).order_by(*_newest_first).limit(limit).offset(offset)
    statement = _rows.where(_id.in_(page)).order_by(*_newest_first)
    return [CallRow._make(row) for row in await session.execute(statement)]


def _filters(user_id: UUID, status: CallStatus | None) -> list[ColumnElement[bool]]:
    return [_owner == user_id] if status is None else [_owner == user_id, _status == status]


async def update_texts(
    session: AsyncSession, user_id: UUID, call_id: UUID, *, title: str | None, summary: str | None, notes: str | None
) -> None:
    """Give a call other texts: None leaves one alone, an empty one clears it. `updated_at` moves on a change only.

    Title and summary are stamped as edited even where they stay the same: the user wants these, whatever an analysis
    may suggest.
    """
    texts = {"title": title, "short_summary": summary, "notes": notes}
    stamps = {"title_edited_at": title, "summary_edited_at": summary}
    values = {name: text or None for name, text in texts.items() if text is not None}
    if not values:
        return
    is_change = or_(*(getattr(CallRecord, name).is_distinct_from(value) for name, value in values.items()))
    await session.execute(
        update(CallRecord)
        .where(_id == call_id, _owner == user_id)
        .values(
            **values,
            **{name: func.now() for name, text in stamps.items() if text is not None},
            updated_at=case((is_change, func.now()), else_=col(CallRecord.updated_at)),
        )
    )


_STATUSES = Prepared(
    select(_id, _status).where(_id == any_(bindparam("ids", type_=ARRAY(PG_UUID()))), _owner == bindparam("owner"))
)


async def list_statuses(database: Database, user_id: UUID, call_ids: Sequence[UUID]) -> dict[UUID, CallStatus]:
    """The status of each of these calls that belongs to the user; one indexed statement."""
    rows = await _STATUSES.fetch(database, ids=call_ids, owner=user_id)
    return {call_id: CallStatus(status) for call_id, status in rows}


async def find_state(session: AsyncSession, user_id: UUID, call_id: UUID) -> CallState | None:
    """Status and reason of failure of one call of the user."""
    statement = select(_status, col(CallRecord.error_reason)).where(_id == call_id, _owner == user_id)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else CallState._make(row)


async def set_contact(session: AsyncSession, user_id: UUID, call_id: UUID, contact_id: UUID | None) -> None:
    """Link a call to a contact, or to none; one that is linked so already is left alone, `updated_at` included."""
    await session.execute(
        update(CallRecord)
        .where(_id == call_id, _owner == user_id, _contact.is_distinct_from(contact_id))
        .values(scryon_contact_id=contact_id, updated_at=func.now())
    )


async def get_upload_figures(session: AsyncSession, user_id: UUID) -> UploadFigures:
    """Uploads of the last 60 minutes and 30 days, deleted calls left out, and calls in flight; one statement."""
    in_hour, in_month = _created > func.now() - HOUR, _created > func.now() - MONTH
    statement = select(
        func.count().filter(in_hour),
        func.min(_created).filter(in_hour) + HOUR - func.now(),
        func.count().filter(_status.in_(ACTIVE)),
        func.coalesce(cast(func.sum(col(CallRecord.byte_size)).filter(in_month), BigInteger), 0),
    ).where(_owner == user_id, or_(in_month, _status.in_(ACTIVE)))
    return UploadFigures._make((await session.execute(statement)).one())


async def list_call_ids(session: AsyncSession, user_id: UUID, *, limit: int) -> list[UUID]:
    """Ids of some calls of the user, in no particular order."""
    return list((await session.scalars(select(_id).where(_owner == user_id).limit(limit))).all())


async def list_notes(session: AsyncSession, user_id: UUID, call_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """The notes of these calls."""
    statement = select(_id, col(CallRecord.notes)).where(_id.in_(call_ids), _owner == user_id)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def list_documents(
    session: AsyncSession, user_id: UUID, call_ids: Sequence[UUID], artifact_type: ArtifactType
) -> dict[UUID, ArtifactRef]:
    """Pointers to one document of each of these calls; only of those that are COMPLETED and have it."""
    statement = (
        select(
            col(CallArtifact.call_id),
            col(CallArtifact.storage_key),
            col(CallArtifact.content_type),
            col(CallArtifact.schema_version),
        )
        .join(CallRecord, _id == col(CallArtifact.call_id))
        .where(_id.in_(call_ids), _owner == user_id, _status == CallStatus.COMPLETED)
        .where(col(CallArtifact.artifact_type) == artifact_type)
    )
    return {row[0]: ArtifactRef(row[1], row[2], row[3]) for row in await session.execute(statement)}


async def list_events(
    session: AsyncSession, user_id: UUID, call_ids: Sequence[UUID], *, limit: int
) -> dict[UUID, list[EventRow]]:
    """The history of each of these calls, oldest first, at most `limit` lines each."""
    wanted = select(func.unnest(type_coerce(list(call_ids), ARRAY(PG_UUID(as_uuid=True)))).label("call_id")).subquery(
        "wanted"
    )
    event = CallProcessingEvent
    lines = (
        select(
            col(event.stage),
            col(event.status),
            col(event.provider),
            col(event.duration_ms),
            col(event.error_code),
            col(event.error_message),
            col(event.created_at),
            col(event.id),
        )
        .where(col(event.call_id) == wanted.c.call_id, col(event.user_id) == user_id)
        .order_by(col(event.created_at), col(event.id))
        .limit(limit)
        .lateral("lines")
    )
    statement = (
        select(wanted.c.call_id, *(column for column in lines.c if column.name != "id"))
        .select_from(wanted)
        .join(lines, onclause=wanted.c.call_id.is_not(None))
        .order_by(lines.c.created_at, lines.c.id)
    )
    found: dict[UUID, list[EventRow]] = {}
    for row in await session.execute(statement):
        found.setdefault(row[0], []).append(EventRow._make(row[1:]))
    return found
