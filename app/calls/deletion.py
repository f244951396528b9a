"""Deleting a call in any state, while a worker may be on it. Source: pipeline.md, section 8, D1 to D6."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.errors import StorageUnavailableError
from app.idempotency.keyed import KeyedRequest
from app.idempotency.queries import drop_answers
from app.resources import Resources
from app.storage.keys import call_prefix, user_prefix
from app.users.models import User

log = structlog.get_logger()

DELETE_LEASE = timedelta(seconds=60)
"""How long nobody else may claim a call that is being deleted; if the delete fails, the call goes on after it."""


async def delete_call(resources: Resources, *, user_id: UUID, call_id: UUID, keyed: KeyedRequest | None = None) -> bool:
    """Delete a call with everything that hangs on it, messages to workers too; False when the user has no such call.

    The answer to a `keyed` request is kept in the transaction that removes the row.

    Raises:
        StorageUnavailableError: as `delete_stored_call`.
    """
    is_deleted = await delete_stored_call(resources, user_id=user_id, call_id=call_id, keyed=keyed)
    if is_deleted:
        await resources.queue.forget_calls([call_id])
    return is_deleted


async def delete_stored_call(
    resources: Resources, *, user_id: UUID, call_id: UUID, keyed: KeyedRequest | None = None
) -> bool:
    """The same but for messages, for those who delete many calls and look through the queue once.

    The worker is fenced first, then objects go, then the row with its children, then objects that a worker wrote in
    between.

    Raises:
        StorageUnavailableError: objects could not be deleted; the row stays, so that the user can try again.
    """
    async with resources.database.transaction() as session:
        if not await _take_claim_away(session, user_id, call_id):
            return False
    prefix = call_prefix(user_id, call_id)
    await resources.storage.delete_prefix(prefix)
    async with resources.database.transaction() as session:
        await _delete_rows(session, user_id, call_id)
        if keyed is not None:
            await keyed.finish_deletion(session)
    await _try_to_delete(resources, prefix, call_id)
    return True


async def delete_late_objects(resources: Resources, user_id: UUID, call_id: UUID) -> None:
    """Delete, as well as it goes, what was written of a call after its row was gone.

    When its owner is gone, too, everything of theirs goes: a local store has folders that are named after them.
    """
    async with resources.database.read() as session:
        owner = (await session.scalars(select(col(User.id)).where(col(User.id) == user_id))).one_or_none()
    await _try_to_delete(resources, call_prefix(user_id, call_id) if owner else user_prefix(user_id), call_id)


async def _try_to_delete(resources: Resources, prefix: str, call_id: UUID) -> None:
    try:
        await resources.storage.delete_prefix(prefix)
    except StorageUnavailableError:
        # The row is gone and the answer stands; a prefix without a row is the orphan sweeper's.
        log.warning("call_leftovers_not_deleted", callId=str(call_id))


async def forget_deleted_calls(resources: Resources, call_ids: Sequence[UUID]) -> None:
    """Take back messages that were sent while their calls were being deleted."""
    async with resources.database.read() as session:
        found = await session.scalars(select(col(CallRecord.id)).where(col(CallRecord.id).in_(call_ids)))
        gone = set(call_ids).difference(found)
    if gone:
        await resources.queue.forget_calls(gone)


async def _take_claim_away(session: AsyncSession, user_id: UUID, call_id: UUID) -> bool:
    result = await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id) == call_id, col(CallRecord.user_id) == user_id)
        .values(claim_token=func.gen_random_uuid(), lease_expires_at=func.now() + DELETE_LEASE)
        .returning(col(CallRecord.id))
    )
    return result.one_or_none() is not None


async def _delete_rows(session: AsyncSession, user_id: UUID, call_id: UUID) -> None:
    mine = (col(CallRecord.id) == call_id, col(CallRecord.user_id) == user_id)
    # Nobody adds an item to a locked call.
    await session.execute(select(col(CallRecord.id)).where(*mine).with_for_update())
    items = await session.scalars(
        delete(ActionItem).where(col(ActionItem.call_record_id) == call_id).returning(col(ActionItem.id))
    )
    item_ids = items.all()
    await session.execute(delete(CallRecord).where(*mine))
    await drop_answers(session, user_id, [call_id, *item_ids])
