"""Answers to keyed requests are kept for a day. Source: rest.md, section 1.7; pipeline.md, section 9, "idempotency"."""

from datetime import timedelta

from app.idempotency.queries import delete_older
from app.resources import Resources

BATCH = 1000
MAX_BATCHES = 100


async def delete_old_records(resources: Resources, age: timedelta) -> int:
    """Delete records older than `age`, a batch per transaction; returns how many."""
    deleted = 0
    for _ in range(MAX_BATCHES):
        async with resources.database.transaction() as session:
            count = await delete_older(session, age, limit=BATCH)
        deleted += count
        if count < BATCH:
            break
    return deleted
