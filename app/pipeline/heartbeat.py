"""Keeps the leases of all runs of one process alive, and stops runs whose claim is gone.

One UPDATE every 4 s for all of them (pipeline.md, section 2, "Lease").
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog

from app.db import Database
from app.pipeline.claims import Claim, extend_leases

log = structlog.get_logger()

INTERVAL_SECONDS = 4.0
BEAT_SECONDS = 3.0
"""How long a beat may take: the lease has to outlive one that meets a connection which is dead without a word."""


class Heartbeat:
    """The runs of this process, by claim token. Use it within one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs: dict[UUID, tuple[Claim, asyncio.Task[None]]] = {}
        self._lost: set[UUID] = set()
        self._stopped = asyncio.Event()

    @asynccontextmanager
    async def hold(self, claim: Claim) -> AsyncIterator[None]:
        """Extend the claim while the block runs; the current task is cancelled when the claim is lost."""
        task = asyncio.current_task()
        assert task is not None
        self._runs[claim.token] = claim, task
        if self.is_stopping:
            task.cancel()
        try:
            yield
        finally:
            self.release(claim)

    def release(self, claim: Claim) -> None:
        """Leave the run alone from now on: it is about to end its claim itself, and to tidy up after that."""
        self._runs.pop(claim.token, None)

    def has_lost(self, claim: Claim) -> bool:
        """Whether the run was cancelled because its claim is gone, rather than by a shutdown."""
        return claim.token in self._lost

    @property
    def is_stopping(self) -> bool:
        """Whether the process shuts down."""
        return self._stopped.is_set()

    def cancel_all(self) -> None:
        """Stop every run, and those that begin later: the process shuts down."""
        self._stopped.set()
        for _, task in self._runs.values():
            task.cancel()

    async def drain(self, seconds: float) -> None:
        """Let every run go on for some time, then stop those that have not ended; `cancel_all` cuts it short."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        log.info("runs_handed_over", count=len(self._runs))
        self.cancel_all()

    async def run(self) -> None:
        """Extend leases until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await self.beat()
            except Exception as error:
                # The next beat may work; if none does, the leases run out and the writes of the runs are refused.
                log.warning("heartbeat_failed", error=type(error).__name__)

    async def beat(self) -> None:
        """Extend all leases once, and cancel the runs whose claim did not come back."""
        claims = {token: claim for token, (claim, _) in self._runs.items()}
        if not claims:
            return
        async with asyncio.timeout(BEAT_SECONDS), self._database.transaction() as session:
            held = await extend_leases(session, claims.values())
        for token in claims.keys() - held:
            # A run is stopped once: it tidies up after that, and the next beat must not disturb it.
            _, task = self._runs.pop(token, (None, None))
            if task is not None:
                log.info("claim_lost")
                self._lost.add(token)
                task.cancel()
