"""Objects that belong to no call: of uploads that never became one, of calls and accounts that are gone.

Nothing is deleted whose key is not one of a call. Parts of broken uploads go, too, in a local store; a bucket has a
rule for them. Source: pipeline.md, sections 3.1 (A6), 8 (D6) and 9, "orphans"; providers.md, section 5.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord
from app.deadline import ANSWER_SECONDS
from app.errors import StorageUnavailableError
from app.resources import Resources
from app.storage.keys import call_prefix, parse_call_prefix, user_prefix
from app.storage.store import ObjectStore, StoredObject

log = structlog.get_logger()

ROOT = "users/"
MAX_OBJECTS_PER_ROUND = 100_000
MAX_ORPHANS_PER_ROUND = 500
PREFIXES_PER_STATEMENT = 500

SETTLING = timedelta(seconds=ANSWER_SECONDS + 30)
"""How long after its last byte an upload may become a call. A bucket dates a recording by its first byte, so that one
from a slow phone is old when it is complete."""

Ids = tuple[UUID, UUID]
"""Of a user and of a call: what a prefix is made of."""

Sleep = Callable[[float], Awaitable[object]]


async def delete_orphans(
    resources: Resources, grace: timedelta, *, start: UUID | None = None, sleep: Sleep = asyncio.sleep
) -> int:
    """Delete prefixes without a call whose newest object is older than `grace`, and staged parts as old.

    A round looks at a bounded number of objects, from the folder of the user `start` on and around; a random one by
    default, so that each has its turn. Returns how many prefixes and parts were deleted.

    Raises:
        StorageUnavailableError: the store lists nothing. A prefix that cannot be deleted is left to the next round.
    """
    parts = await resources.storage.delete_leftovers(grace)
    orphans = await _find_orphans(resources, grace, user_prefix(start or uuid4()))
    if orphans:
        await sleep(SETTLING.total_seconds() if grace else 0)
        orphans = await _without_call(resources, orphans)
    deleted = 0
    for ids in orphans:
        try:
            deleted += await _delete(resources.storage, call_prefix(*ids), grace)
        except StorageUnavailableError:
            log.warning("orphan_not_deleted", callId=str(ids[1]))
    return parts + deleted


async def _find_orphans(resources: Resources, grace: timedelta, start: str) -> list[Ids]:
    """Prefixes without a call, as far as the listing shows old enough; no more than a round may delete."""
    orphans: list[Ids] = []
    async for seen in _iter_prefixes(resources.storage, start):
        limit = datetime.now(UTC) - grace
        orphans += await _without_call(resources, [ids for ids, newest in seen.items() if newest <= limit])
        if len(orphans) >= MAX_ORPHANS_PER_ROUND:
            break
    return orphans[:MAX_ORPHANS_PER_ROUND]


async def _iter_prefixes(storage: ObjectStore, start: str) -> AsyncIterator[dict[Ids, datetime]]:
    """Prefixes of calls with the time of the newest object that was seen of each, some at a time.

    Two batches may share a prefix.
    """
    newest: dict[Ids, datetime] = {}
    async for page in _iter_pages(storage, start):
        for found in page:
            ids = parse_call_prefix(found.key)
            if ids is not None:
                newest[ids] = max(found.modified_at, newest.get(ids, found.modified_at))
        if len(newest) >= PREFIXES_PER_STATEMENT:
            yield newest
            newest = {}
    yield newest


async def _iter_pages(storage: ObjectStore, start: str) -> AsyncIterator[list[StoredObject]]:
    """A round's objects: those behind `start`, then those before it."""
    seen = 0
    async for page in storage.iter_pages(ROOT, after=start):
        yield page
        seen += len(page)
        if seen >= MAX_OBJECTS_PER_ROUND:
            return
    async for page in storage.iter_pages(ROOT):
        yield [found for found in page if found.key <= start]
        seen += len(page)
        if seen >= MAX_OBJECTS_PER_ROUND:
            return


async def _without_call(resources: Resources, prefixes: Iterable[Ids]) -> list[Ids]:
    """Those that no call of that user has."""
    call, distinct = CallRecord, list(dict.fromkeys(prefixes))
    if not distinct:
        return []
    statement = select(col(call.user_id), col(call.id)).where(col(call.id).in_({call_id for _, call_id in distinct}))
    async with resources.database.read() as session:
        known = {(row[0], row[1]) for row in await session.execute(statement)}
    return [ids for ids in distinct if ids not in known]


async def _delete(storage: ObjectStore, prefix: str, grace: timedelta) -> bool:
    """Delete a prefix unless something new has come to it. Raises StorageUnavailableError."""
    limit = datetime.now(UTC) - grace
    async for page in storage.iter_pages(prefix):
        if any(found.modified_at > limit for found in page):
            return False
    await storage.delete_prefix(prefix)
    log.warning("orphan_deleted", callId=prefix.split("/")[-2])
    return True
