"""Calls in flight that no worker takes, however often they are sent.

A call that only waits for a worker is never failed: while one of its messages is with the broker or in the hands of a
worker process, it waits. Neither is one whose worker keeps its lease, however long that takes.
Source: pipeline.md, section 9, "stale job".
"""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.pipeline.failures import FailureReason
from app.resources import Resources
from app.sweeps.failing import MAX_PER_ROUND, fail_calls

MIN_SENDS = 3
"""How many messages have to be lost on a call before it is given up."""


async def fail_stale_jobs(resources: Resources, age: timedelta) -> int:
    """Fail the calls whose last lease ended longer ago than `age`, with nobody to take them; returns how many."""
    if await resources.queue.count_waiting() != 0:
        return 0
    statement = select(col(CallRecord.id)).where(*_is_stale(age)).order_by(col(CallRecord.updated_at))
    async with resources.database.read() as session:
        found = set((await session.scalars(statement.limit(MAX_PER_ROUND))).all())
    # Workers fetch more messages than they have threads, which leaves a queue that only looks empty.
    under_way = await resources.queue.find_sent(found)
    if under_way is None or found <= under_way:
        return 0
    lost = col(CallRecord.id).in_(found - under_way)
    return await fail_calls(resources, FailureReason.STALE_TIMEOUT, lost, *_is_stale(age))


def _is_stale(age: timedelta) -> tuple[ColumnElement[bool], ...]:
    call = CallRecord
    return (
        col(call.status).in_((CallStatus.TRANSCRIBING, CallStatus.ANALYZING)),
        col(call.callback_deadline_at).is_(None),
        func.coalesce(col(call.lease_expires_at), col(call.updated_at)) < func.now() - age,
        col(call.dispatch_count) >= MIN_SENDS,
    )
