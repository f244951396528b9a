"""What is stored in the end, read from outside: rows, objects, keys of Redis."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.resources import Resources
from tests.privacy.contents import REDIS, Contents, read_redis, read_tables

_CALLS = text("""
    SELECT id::text, title, status, error_reason, claim_token IS NOT NULL OR lease_expires_at > now(), created_at,
        completed_at
    FROM call_records
""")
_ITEMS = text("SELECT call_record_id::text, title FROM action_items ORDER BY created_at, id")
_ARTIFACTS = text("""
    SELECT call_id::text, artifact_type, storage_key, byte_size, extract(epoch FROM created_at)::float
    FROM call_artifacts
""")
_ENDS = text("""
    SELECT call_id::text, stage, count(*) FROM call_processing_events
    WHERE stage IN ('CALL_COMPLETED', 'CALL_FAILED') GROUP BY call_id, stage
""")


@dataclass(frozen=True, slots=True)
class CallRow:
    """A row of `call_records`; `is_held`: it names a claim, or a lease that has not run out."""

    call_id: str
    title: str | None
    status: str
    error_reason: str | None
    is_held: bool
    created_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A row of `call_artifacts`; `created_at` in seconds since 1970."""

    call_id: str
    artifact_type: str
    key: str
    byte_size: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Books:
    """Everything at one moment.

    `items` are the call and the title of each action item. `contents` has every row of every table and every entry of
    Redis as text, `objects` what is in the store, by key. `ends` is as in `count_ends`, from before the sweeps.
    """

    calls: tuple[CallRow, ...]
    artifacts: tuple[ArtifactRow, ...]
    items: tuple[tuple[str, str], ...]
    contents: Contents
    objects: Mapping[str, bytes]
    ends: Mapping[tuple[str, str], int]


async def count_ends(resources: Resources) -> dict[tuple[str, str], int]:
    """How many events tell the end of a call, by the call and the stage."""
    async with resources.database.read() as session:
        return {(call_id, stage): count for call_id, stage, count in await session.execute(_ENDS)}


async def read_books(resources: Resources, objects: Mapping[str, bytes], ends: Mapping[tuple[str, str], int]) -> Books:
    """Read the rest: `objects` only the owner of the store can list, and the sweeps delete the events."""
    async with resources.database.read() as session:
        calls = tuple(CallRow(*row) for row in await session.execute(_CALLS))
        artifacts = tuple(ArtifactRow(*row) for row in await session.execute(_ARTIFACTS))
        items = tuple((call_id, title) for call_id, title in await session.execute(_ITEMS))
    contents = {**await read_tables(resources), REDIS: read_redis(resources)}
    return Books(calls, artifacts, items, contents, objects, ends)
