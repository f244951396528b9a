"""Calls that a sweep makes FAILED: the only place that does, whatever the rule.

Source: pipeline.md, sections 2 (status changes by a sweeper) and 9.
"""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from app.calls.models import CallRecord
from app.pipeline.aftermath import tell_failure
from app.pipeline.claims import failed_values
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.resources import Resources

log = structlog.get_logger()

MAX_PER_ROUND = 200
AT_ONCE = 20
"""How many calls fail in one transaction; a process that dies right after it leaves these untold."""


async def fail_calls(resources: Resources, reason: FailureReason, *which: ColumnElement[bool]) -> int:
    """Make the calls FAILED for which all these conditions hold, longest unchanged first; returns how many.

    Each is told of once, by whoever has failed it, and loses its recording.
    """
    count = 0
    while count < MAX_PER_ROUND:
        async with resources.database.transaction() as session:
            failed = await _fail_some(session, reason, which)
        await asyncio.gather(*(_tell(EventWriter(resources, *ids), reason) for ids in failed))
        count += len(failed)
        if len(failed) < AT_ONCE:
            break
    return count


async def _fail_some(
    session: AsyncSession, reason: FailureReason, which: tuple[ColumnElement[bool], ...]
) -> list[tuple[UUID, UUID]]:
    """Fail a few; returns their ids, each with its user's."""
    # A common table expression is evaluated once, so that its limit is one; a subquery might be once per row. Who
    # holds a lock is changing the call just now: it is nobody else's business until the next round.
    found = (
        select(col(CallRecord.id))
        .where(*which)
        .order_by(col(CallRecord.updated_at))
        .limit(AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
        .cte("found")
    )
    result = await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id).in_(select(found.c.id)))
        .values(**failed_values(reason))
        .returning(col(CallRecord.id), col(CallRecord.user_id))
    )
    return [(row.id, row.user_id) for row in result]


async def _tell(events: EventWriter, reason: FailureReason) -> None:
    log.warning("call_swept", callId=str(events.call_id), reason=reason)
    events.resources.metrics.calls_swept.inc()
    await events.write(Stage.CALL_SWEPT, StageStatus.COMPLETED, extra={"reason": reason})
    await tell_failure(events, reason)
