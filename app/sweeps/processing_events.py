"""The history of calls is kept for a while only. Source: pipeline.md, sections 9, "events", and 15."""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlmodel import col

from app.pipeline.models import CallProcessingEvent
from app.resources import Resources

BATCH = 1000
MAX_BATCHES = 100


async def delete_old_events(resources: Resources, age: timedelta) -> int:
    """Delete events older than `age`, a batch per transaction; returns how many."""
    old = (
        select(col(CallProcessingEvent.id))
        .where(col(CallProcessingEvent.created_at) < func.now() - age)
        .limit(BATCH)
        # Nobody is waited for: what somebody else deletes just now is gone in the next round.
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    statement = delete(CallProcessingEvent).where(col(CallProcessingEvent.id).in_(select(old.c.id)))
    deleted = 0
    for _ in range(MAX_BATCHES):
        async with resources.database.engine.begin() as connection:
            count = (await connection.execute(statement)).rowcount
        deleted += count
        if count < BATCH:
            break
    return deleted
