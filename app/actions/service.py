"""Rules of action items. Source: rest.md, sections 2.10, 2.11, 3.5 and 3.6."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.actions import queries
from app.actions.content import ActionContent
from app.actions.models import ActionStatus
from app.actions.queries import ActionRow
from app.cursor import Cursor, Page, cut_page, decode_cursor
from app.db import Database
from app.errors import ActionItemNotFoundError, CallNotFoundError
from app.idempotency.queries import drop_answers


async def list_actions(
    database: Database,
    user_id: UUID,
    *,
    first: int,
    after: str | None,
    status: ActionStatus | None,
    call_id: UUID | None,
) -> Page[ActionRow]:
    """A page of the user's action items, newest first; an unknown or foreign call has none.

    Raises:
        ValidationFailedError: `after` is no cursor.
    """
    cursor = None if after is None else decode_cursor(after)
    rows = await queries.list_actions(database, user_id, limit=first + 1, after=cursor, status=status, call_id=call_id)
    return cut_page(rows, first, lambda row: Cursor(row.created_at, row.id))


async def create_action(session: AsyncSession, user_id: UUID, call_id: UUID, content: ActionContent) -> ActionRow:
    """Write down a MANUAL item of a call, whatever the call's status.

    Raises:
        CallNotFoundError: the user has no such call.
    """
    action_id = await queries.add_manual(session, user_id, call_id, content)
    if action_id is None:
        raise CallNotFoundError
    return await get_action(session, user_id, action_id)


async def replace_action(session: AsyncSession, user_id: UUID, action_id: UUID, content: ActionContent) -> ActionRow:
    """Give an item other content, whoever wrote it; the present one changes nothing.

    Raises:
        ActionItemNotFoundError: the user has no such item.
    """
    await queries.replace_content(session, user_id, action_id, content)
    return await get_action(session, user_id, action_id)


async def delete_action(session: AsyncSession, user_id: UUID, action_id: UUID) -> None:
    """Remove an item, and the answers to earlier requests that name it.

    Raises:
        ActionItemNotFoundError: the user has no such item.
    """
    if not await queries.delete_action(session, user_id, action_id):
        raise ActionItemNotFoundError
    await drop_answers(session, user_id, [action_id])


async def set_status(session: AsyncSession, user_id: UUID, action_id: UUID, status: ActionStatus) -> ActionRow:
    """Move an item to a status, any to any; the present one changes nothing.

    Raises:
        ActionItemNotFoundError: the user has no such item.
    """
    await queries.set_status(session, user_id, action_id, status)
    return await get_action(session, user_id, action_id)


async def get_action(session: AsyncSession, user_id: UUID, action_id: UUID) -> ActionRow:
    """One action item of the user. Raises ActionItemNotFoundError."""
    row = await queries.find_action(session, user_id, action_id)
    if row is None:
        raise ActionItemNotFoundError
    return row
