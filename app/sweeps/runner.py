"""When the sweeps run: again and again in every worker process, of which one at a time does a round.

A task of its own, beside the dispatcher: a store that hangs delays no message. Source: pipeline.md, section 9.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from app.observability.error_tracking import report_bug
from app.resources import Resources, open_resources
from app.settings import Settings
from app.sweeps.ages import Ages
from app.sweeps.callbacks import fail_overdue_callbacks
from app.sweeps.idempotency_records import delete_old_records
from app.sweeps.orphans import delete_orphans
from app.sweeps.processing_events import delete_old_events
from app.sweeps.stale_jobs import fail_stale_jobs
from app.sweeps.temp_audio import delete_temp_audio

log = structlog.get_logger()

Sweep = Callable[[Resources, Ages], Awaitable[int]]

SWEEPS: Mapping[str, Sweep] = {
    # Those first that need no storage.
    "stale_jobs": lambda resources, ages: fail_stale_jobs(resources, ages.stale_job),
    "callbacks": lambda resources, ages: fail_overdue_callbacks(resources),
    "processing_events": lambda resources, ages: delete_old_events(resources, ages.processing_event),
    "idempotency_records": lambda resources, ages: delete_old_records(resources, ages.idempotency_record),
    "temp_audio": lambda resources, ages: delete_temp_audio(resources, ages.temp_audio, ages.ended_call),
    "orphans": lambda resources, ages: delete_orphans(resources, ages.orphan),
}
SWEEP_SECONDS = 300.0
"""How long one of them may take; the next round goes on with what is left."""

_LOCK = 0x5C4E_0003
_LOCK_SILENCE = timedelta(seconds=(len(SWEEPS) + 1) * SWEEP_SECONDS)
"""Longer than a round can take."""


async def run_sweeper(resources: Resources) -> None:
    """Sweep until cancelled."""
    settings = resources.settings
    await asyncio.sleep(settings.sweep_initial_delay_ms / 1000)
    while True:
        try:
            await sweep_in_turn(resources)
        except Exception as error:
            log.warning("sweeper_failed", error=type(error).__name__)
            report_bug(error, "sweeper")
        await asyncio.sleep(settings.sweep_interval_ms / 1000)


async def sweep_now(settings: Settings) -> dict[str, int] | None:
    """Open what a round needs, and do it as `sweep_in_turn`."""
    async with open_resources(settings) as resources:
        return await sweep_in_turn(resources)


async def sweep_in_turn(resources: Resources) -> dict[str, int] | None:
    """Do a round as `sweep_everything`, with the ages of the settings; None when another process is at it."""
    async with resources.database.try_lock(_LOCK, silence=_LOCK_SILENCE) as connection:
        if connection is None:
            return None
        return await sweep_everything(resources, Ages.from_settings(resources.settings))


async def sweep_everything(resources: Resources, ages: Ages) -> dict[str, int]:
    """Run every sweep once; returns what each has found, by name. One that fails is logged and left out.

    Whoever calls it beside another round does no harm.
    """
    found: dict[str, int] = {}
    for name, sweep in SWEEPS.items():
        try:
            async with asyncio.timeout(SWEEP_SECONDS):
                found[name] = await sweep(resources, ages)
        except Exception as error:
            log.warning("sweep_failed", sweep=name, error=type(error).__name__)
            report_bug(error, name)
    log.info("swept", **found)
    return found
