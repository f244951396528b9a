"""What becomes of a run when its worker has to stop. Source: pipeline.md, sections 2 and 9."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.pipeline.dispatcher import dispatch
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from tests.app.pipeline.test_orchestrator import queued, read_call
from tests.engines import Script
from tests.factories import Factory
from tests.stores import messages

LONG_SECONDS = 3600.0


@pytest.fixture
def script() -> Script:
    """Engines, of which the analyst waits for the test."""
    script = Script()
    script.analyst.gate = asyncio.Event()
    return script


async def begin(resources: Resources, script: Script, heartbeat: Heartbeat, call_id: UUID) -> "asyncio.Task[None]":
    """A run that has come to the analyst."""
    run = asyncio.create_task(process_call(resources, script.engines(), heartbeat, call_id))
    await asyncio.wait_for(script.analyst.entered.wait(), 30)
    return run


async def test_run_that_ends_meanwhile_completes_its_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    heartbeat = Heartbeat(resources.database)
    run = await begin(resources, script, heartbeat, call.id)

    draining = asyncio.create_task(heartbeat.drain(LONG_SECONDS))
    assert script.analyst.gate is not None
    script.analyst.gate.set()
    await run

    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    draining.cancel()


@pytest.mark.parametrize("is_hurried", [False, True], ids=["time is over", "second signal"])
async def test_run_that_does_not_end_is_handed_over_at_once(
    resources: Resources, factory: Factory, alice: UUID, script: Script, is_hurried: bool
) -> None:
    call = await queued(factory, alice)
    # The message has just been sent: one that got lost would be given its time.
    await dispatch(resources)
    heartbeat = Heartbeat(resources.database)
    run = await begin(resources, script, heartbeat, call.id)

    draining = asyncio.create_task(heartbeat.drain(LONG_SECONDS if is_hurried else 0))
    if is_hurried:
        heartbeat.cancel_all()
    await run
    await draining

    row = await read_call(resources, call.id)
    assert (row.status, row.claim_token, row.attempts) == (CallStatus.ANALYZING, None, 0)
    assert await dispatch(resources) == 1
    assert messages(resources) == [str(call.id)] * 2


async def test_second_signal_does_not_stop_the_handing_over(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    heartbeat = Heartbeat(resources.database)
    run = await begin(resources, script, heartbeat, call.id)

    async with locked(resources, call.id):
        heartbeat.cancel_all()
        await wait_for_lock(resources)
        heartbeat.cancel_all()
    await run

    row = await read_call(resources, call.id)
    assert (row.status, row.claim_token, row.attempts) == (CallStatus.ANALYZING, None, 0)


async def test_run_beyond_its_time_limit_has_used_up_an_attempt(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    """Else a call that hangs each time would be tried for ever."""
    call = await queued(factory, alice)
    first = await begin(resources, script, Heartbeat(resources.database), call.id)
    first.cancel()
    await first
    script.analyst.entered.clear()

    second = await begin(resources, script, Heartbeat(resources.database), call.id)
    second.cancel()
    await second

    row = await read_call(resources, call.id)
    assert (row.status, row.claim_token, row.attempts) == (CallStatus.ANALYZING, None, 1)


@asynccontextmanager
async def locked(resources: Resources, call_id: UUID) -> AsyncIterator[None]:
    """While the block runs, nobody else can write to the call."""
    async with resources.database.transaction() as session:
        await session.execute(select(CallRecord).where(col(CallRecord.id) == call_id).with_for_update())
        yield


async def wait_for_lock(resources: Resources) -> None:
    """Wait until somebody waits for a lock in this database."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(30), resources.database.engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while not await connection.scalar(waiting):  # noqa: ASYNC110  (Postgres tells nobody)
            await asyncio.sleep(0.01)
