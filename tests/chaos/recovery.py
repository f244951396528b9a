"""How long it takes until every call moves again after a worker has died, or Redis has come back empty.

Source: pipeline.md, section 9: within 30 s. A call in a back-off waits for its end, and one that somebody works on
needs no repair.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text

from app.db import Database
from tests.chaos.plan import FaultKind

log = structlog.get_logger()

LIMIT_SECONDS = 30.0
LOOK_SECONDS = 0.25
_CALLS = text("""
    SELECT id, claim_token, lease_expires_at, dispatched_at, now() FROM call_records
    WHERE status IN ('QUEUED', 'TRANSCRIBING', 'ANALYZING') AND callback_deadline_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Seen:
    """A call that has not ended, as its row says it."""

    token: UUID | None
    lease_expires_at: datetime | None
    dispatched_at: datetime | None

    def rests(self, now: datetime) -> bool:
        """Whether it was given back and may not be taken yet."""
        return self.token is None and self.lease_expires_at is not None and self.lease_expires_at > now


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that a fault may have stopped. `since` is a reading of the monotonic clock."""

    kind: FaultKind
    since: float
    since_time: datetime
    before: Seen


@dataclass(frozen=True, slots=True)
class Recovery:
    """A call that a fault had stopped, and how long it took to move again."""

    kind: FaultKind
    call_id: str
    seconds: float


class RecoveryWatch:
    """Looks at the calls all the time; `recoveries` has every stopped call that moves again.

    `leave_out` tells the ids of calls that somebody deletes, now or later.
    """

    def __init__(self, database: Database, leave_out: Callable[[], Collection[str | None]] = tuple) -> None:
        self.recoveries: list[Recovery] = []
        self._database = database
        self._leave_out = leave_out
        self._waiting: dict[UUID, Waiting] = {}
        self._faults: list[tuple[FaultKind, float]] = []

    def note(self, kind: FaultKind) -> None:
        """A fault has just happened: whatever has not ended is waited for from now on."""
        self._faults.append((kind, time.monotonic()))

    @property
    def stuck(self) -> list[Recovery]:
        """The calls that have not moved yet, and for how long by now."""
        now = time.monotonic()
        return [Recovery(wait.kind, str(call_id), now - wait.since) for call_id, wait in self._waiting.items()]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:
                # Postgres is away: so is everybody else.
                log.info("recovery_not_seen", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once."""
        faults = list(self._faults)
        async with self._database.read() as session:
            rows = (await session.execute(_CALLS)).all()
        left_out = self._leave_out()
        calls = {row[0]: Seen(row[1], row[2], row[3]) for row in rows if str(row[0]) not in left_out}
        self._waiting = {call_id: wait for call_id, wait in self._waiting.items() if str(call_id) not in left_out}
        self._settle(calls)
        for kind, since in faults:
            self._faults.remove((kind, since))
            if rows:
                self._begin(kind, since, calls, rows[0][4])

    def _settle(self, calls: Mapping[UUID, Seen]) -> None:
        for call_id, waiting in list(self._waiting.items()):
            seen = calls.get(call_id)
            if seen is not None and seen.token == waiting.before.token:
                if not was_extended(waiting.before, seen):
                    continue
                # Whoever works on it lives: it was not stopped at all.
                del self._waiting[call_id]
                continue
            self.recoveries.append(Recovery(waiting.kind, str(call_id), time.monotonic() - waiting.since))
            del self._waiting[call_id]

    def _begin(self, kind: FaultKind, since: float, calls: Mapping[UUID, Seen], now: datetime) -> None:
        for call_id, seen in calls.items():
            earlier = self._waiting.get(call_id)
            if earlier is None:
                if not seen.rests(now):
                    self._waiting[call_id] = Waiting(kind, since, now, seen)
            elif seen.dispatched_at is not None and seen.dispatched_at > earlier.since_time:
                # It was sent again already, and this fault has taken the message: the repair begins anew.
                self._waiting[call_id] = replace(earlier, kind=kind, since=since, since_time=now)


def was_extended(before: Seen, after: Seen) -> bool:
    """Whether somebody has extended the lease meanwhile."""
    if before.lease_expires_at is None or after.lease_expires_at is None:
        return False
    return after.lease_expires_at > before.lease_expires_at
