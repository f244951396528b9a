"""Every statement of the action items feature. Ownership is in each WHERE: a foreign row is a missing row."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, case, delete, func, null, or_, select, type_coerce, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.content import ActionContent
from app.actions.models import ActionItem, ActionSource, ActionStatus
from app.calls.models import CallRecord
from app.cursor import Cursor
from app.db import Database
from app.newest import NewestFirst


class ActionRow(NamedTuple):
    """What answers show of an action item. `contact_id` is the call's present contact, not the one at the time."""

    id: UUID
    call_id: UUID
    title: str
    description: str | None
    due_date: date | None
    priority: str | None
    status: str
    source: str | None
    owner_speaker_id: str | None
    owner_speaker_label: str | None
    owner_display_name: str | None
    owner_role: str | None
    source_segment_ids: list[str]
    source_text: str | None
    intent: str | None
    intent_metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    contact_id: UUID | None


_id = col(ActionItem.id)
_owner = col(ActionItem.user_id)
_created = col(ActionItem.created_at)
_status = col(ActionItem.status)
_newest_first = (_created.desc(), _id.desc())
_columns = (
    _id,
    col(ActionItem.call_record_id),
    col(ActionItem.title),
    col(ActionItem.description),
    col(ActionItem.due_date),
    col(ActionItem.priority),
    _status,
    col(ActionItem.source),
    col(ActionItem.owner_speaker_id),
    col(ActionItem.owner_speaker_label),
    col(ActionItem.owner_display_name),
    col(ActionItem.owner_role),
    col(ActionItem.source_segment_ids_json),
    col(ActionItem.source_text),
    col(ActionItem.intent),
    col(ActionItem.intent_metadata_json),
    _created,
    col(ActionItem.updated_at),
)
_rows = select(*_columns, col(CallRecord.scryon_contact_id)).join(
    CallRecord, col(CallRecord.id) == col(ActionItem.call_record_id)
)
_newest = NewestFirst(
    _rows,
    created_at=_created,
    id=_id,
    columns={"owner": _owner, "status": _status, "call": col(ActionItem.call_record_id)},
)


async def list_actions(
    database: Database,
    user_id: UUID,
    *,
    limit: int,
    after: Cursor | None,
    status: ActionStatus | None,
    call_id: UUID | None,
) -> list[ActionRow]:
    """The newest action items behind the cursor, newest first."""
    rows = await _newest.fetch(database, limit=limit, after=after, owner=user_id, status=status, call=call_id)
    return [ActionRow._make(row) for row in rows]


async def list_actions_of_calls(
    session: AsyncSession, user_id: UUID, call_ids: Sequence[UUID], *, limit: int
) -> dict[UUID, list[ActionRow]]:
    """The newest action items of each of these calls, newest first, at most `limit` each; one statement."""
    wanted = select(func.unnest(type_coerce(list(call_ids), ARRAY(PG_UUID(as_uuid=True)))).label("wanted_id")).subquery(
        "wanted"
    )
    items = (
        select(*_columns)
        .where(col(ActionItem.call_record_id) == wanted.c.wanted_id, _owner == user_id)
        .order_by(*_newest_first)
        .limit(limit)
        .lateral("items")
    )
    statement = (
        select(*items.c, col(CallRecord.scryon_contact_id))
        .select_from(wanted)
        .join(items, onclause=wanted.c.wanted_id.is_not(None))
        .join(CallRecord, col(CallRecord.id) == wanted.c.wanted_id)
        .order_by(items.c.created_at.desc(), items.c.id.desc())
    )
    found: dict[UUID, list[ActionRow]] = {}
    for row in map(ActionRow._make, await session.execute(statement)):
        found.setdefault(row.call_id, []).append(row)
    return found


async def find_action(session: AsyncSession, user_id: UUID, action_id: UUID) -> ActionRow | None:
    """One action item of the user."""
    row = (await session.execute(_rows.where(_id == action_id, _owner == user_id))).one_or_none()
    return None if row is None else ActionRow._make(row)


async def add_manual(session: AsyncSession, user_id: UUID, call_id: UUID, content: ActionContent) -> UUID | None:
    """Write down an item of a call by hand; None when the user has no such call."""
    call = (
        select(col(CallRecord.scryon_contact_id))
        .where(col(CallRecord.id) == call_id, col(CallRecord.user_id) == user_id)
        # So that the call cannot be deleted before the item is there.
        .with_for_update(read=True, key_share=True)
    )
    found = (await session.execute(call)).one_or_none()
    if found is None:
        return None
    item = ActionItem(
        call_record_id=call_id,
        user_id=user_id,
        contact_id=found[0],
        source=ActionSource.MANUAL,
        intent="none",
        completed_at=datetime.now(UTC) if content.status is ActionStatus.DONE else None,
        **dataclasses.asdict(content),
    )
    session.add(item)
    await session.flush()
    return item.id


async def set_status(session: AsyncSession, user_id: UUID, action_id: UUID, status: ActionStatus) -> None:
    """Give an item another status; one that has it already is left alone, `updated_at` included."""
    await _update(session, user_id, action_id, {"status": status})


async def replace_content(session: AsyncSession, user_id: UUID, action_id: UUID, content: ActionContent) -> None:
    """Give an item other content; where it stays the same it is left alone, `updated_at` included."""
    await _update(session, user_id, action_id, dataclasses.asdict(content))


async def _update(session: AsyncSession, user_id: UUID, action_id: UUID, values: Mapping[str, Any]) -> None:
    is_change = or_(*(getattr(ActionItem, name).is_distinct_from(value) for name, value in values.items()))
    await session.execute(
        update(ActionItem)
        .where(_id == action_id, _owner == user_id, is_change)
        .values(**values, completed_at=_completed_at(values["status"]), updated_at=func.now())
    )


def _completed_at(status: ActionStatus) -> ColumnElement[Any]:
    """Set on entering DONE, kept while it stays, cleared on leaving it (analysis.md, section 9)."""
    if status is not ActionStatus.DONE:
        return null()
    return case((_status == ActionStatus.DONE, col(ActionItem.completed_at)), else_=func.now())


async def delete_action(session: AsyncSession, user_id: UUID, action_id: UUID) -> bool:
    """Remove an item; False when the user has no such item."""
    statement = delete(ActionItem).where(_id == action_id, _owner == user_id).returning(_id)
    return (await session.execute(statement)).one_or_none() is not None
