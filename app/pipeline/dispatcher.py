"""Sends every call that waits and that nobody has taken: what makes an accepted call safe from a lost message.

Runs every 2 s in whichever worker process holds the advisory lock. Each send is noted on the row before it goes out,
and the note is taken back when Redis does not take the message. What else may be wrong with a call is looked for in
`app/sweeps/`. Source: pipeline.md, section 9, "queue repair" and "lease repair".
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, null, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from app.calls.deletion import forget_deleted_calls
from app.calls.models import CallRecord, CallStatus
from app.observability.error_tracking import report_bug
from app.pipeline.claims import is_claimable
from app.resources import Resources

log = structlog.get_logger()

INTERVAL_SECONDS = 2.0
RESEND_AFTER = timedelta(seconds=15)
"""How long a message may be under way before it counts as lost."""

MAX_SENDS_PER_ROUND = 500
_LOCK = 0x5C4E_0002
_LOCK_SILENCE = timedelta(seconds=15)
"""How long the process with the lock may be silent before another one takes over; it should say something every 2 s."""


async def run_dispatcher(resources: Resources) -> None:
    """Dispatch until cancelled; only one process of all does it at a time."""
    while True:
        try:
            async with resources.database.try_lock(_LOCK, silence=_LOCK_SILENCE) as connection:
                if connection is not None:
                    await _dispatch_while_locked(resources, connection)
        except Exception as error:
            log.warning("dispatcher_failed", error=type(error).__name__)
            report_bug(error, "dispatcher")
        await asyncio.sleep(INTERVAL_SECONDS)


async def _dispatch_while_locked(resources: Resources, connection: AsyncConnection) -> None:
    """Dispatch as long as the connection lives."""
    while True:
        await dispatch(resources)
        await asyncio.sleep(INTERVAL_SECONDS)
        await connection.execute(text("SELECT 1"))
        await connection.commit()


async def dispatch(resources: Resources) -> int:
    """Send all calls that wait for a worker and have no message under way; returns how many were sent.

    QUEUED calls are left alone while the broker's queue is at least as long as their number: they are in it.
    """
    waiting = await resources.queue.count_waiting()
    if waiting is None:
        return 0
    async with resources.database.transaction() as session:
        call_ids = await _take_due(session, include_queued=waiting < await _count_due_queued(session))
    sent = await _send(resources, call_ids)
    if sent < len(call_ids):
        async with resources.database.transaction() as session:
            await _take_back(session, call_ids[sent:])
    if sent:
        await forget_deleted_calls(resources, call_ids[:sent])
    return sent


async def _send(resources: Resources, call_ids: Sequence[UUID]) -> int:
    """Send one after the other until Redis takes no more; returns how many it took."""
    for number, call_id in enumerate(call_ids):
        if not await resources.queue.send_process_call(call_id):
            return number
    return len(call_ids)


async def _count_due_queued(session: AsyncSession) -> int:
    statement = select(func.count()).where(*_due(), col(CallRecord.status) == CallStatus.QUEUED)
    return (await session.execute(statement)).scalar_one()


async def _take_due(session: AsyncSession, *, include_queued: bool) -> list[UUID]:
    due = select(col(CallRecord.id)).where(*_due())
    if not include_queued:
        due = due.where(col(CallRecord.status) != CallStatus.QUEUED)
    # Calls that were begun go first, since the work of others has already been paid for; then who has waited longest
    # for a message, so that no round sends the same ones again while others had none.
    due = due.order_by(
        col(CallRecord.status) == CallStatus.QUEUED,
        col(CallRecord.dispatched_at).nulls_first(),
        col(CallRecord.created_at),
    )
    # A common table expression is evaluated once, so that its limit is one.
    taken = due.limit(MAX_SENDS_PER_ROUND).with_for_update(key_share=True, skip_locked=True).cte("taken")
    result = await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id).in_(select(taken.c.id)))
        .values(dispatched_at=func.now(), dispatch_count=col(CallRecord.dispatch_count) + 1)
        .returning(col(CallRecord.id), col(CallRecord.status), col(CallRecord.created_at))
    )
    # They come back in no order.
    rows = sorted(result, key=lambda row: (row.status == CallStatus.QUEUED, row.created_at))
    return [row.id for row in rows]


async def _take_back(session: AsyncSession, call_ids: Sequence[UUID]) -> None:
    """Note that these were not sent after all: the next round sends them, and none of them counts as lost."""
    await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id).in_(call_ids))
        .values(dispatched_at=null(), dispatch_count=func.greatest(col(CallRecord.dispatch_count) - 1, 0))
    )


def _due() -> tuple[ColumnElement[bool], ...]:
    dispatched_at = col(CallRecord.dispatched_at)
    return is_claimable(), or_(dispatched_at.is_(None), dispatched_at <= func.now() - RESEND_AFTER)
