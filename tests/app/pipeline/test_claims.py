"""One worker at a time: who may take a call, and what a worker that lost its claim can still do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.claims import (
    LEASE,
    Claim,
    ClaimLostError,
    Loss,
    change_status,
    claim_call,
    ensure_held,
    extend_leases,
    fail_call,
    find_loss,
    give_back,
    update_claimed,
)
from app.pipeline.failures import FailureReason
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.pipeline.progress import StoredArtifact, note_progress
from app.resources import Resources
from tests.engines import Script
from tests.factories import Factory

PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
RAW_TRANSCRIPT = StoredArtifact(ArtifactType.RAW_TRANSCRIPT_JSON, "raw.json", "application/json", 2, None)


async def claim(resources: Resources, call_id: UUID) -> Claim | None:
    async with resources.database.transaction() as session:
        return await claim_call(session, call_id)


async def claimed(resources: Resources, factory: Factory, owner: UUID) -> Claim:
    call = await factory.call(owner, status=CallStatus.QUEUED)
    taken = await claim(resources, call.id)
    assert taken is not None
    return taken


async def read_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        return (await session.execute(select(CallRecord).where(col(CallRecord.id) == call_id))).scalar_one()


async def expire(resources: Resources, call_id: UUID) -> None:
    async with resources.database.transaction() as session:
        await session.execute(update(CallRecord).where(col(CallRecord.id) == call_id).values(lease_expires_at=PAST))


async def test_claim_of_a_queued_call_starts_it(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED, dispatch_count=3, callback_deadline_at=PAST)

    taken = await claim(resources, call.id)

    row = await read_call(resources, call.id)
    assert taken is not None
    assert (taken.user_id, taken.status, taken.attempts) == (alice, CallStatus.QUEUED, 1)
    assert (row.status, row.claim_token, row.attempts) == (CallStatus.TRANSCRIBING, taken.token, 1)
    assert (row.dispatch_count, row.callback_deadline_at) == (0, None)


@pytest.mark.parametrize(
    ("values", "is_taken"),
    [
        ({"status": CallStatus.QUEUED, "lease_expires_at": FUTURE}, False),
        ({"status": CallStatus.QUEUED, "lease_expires_at": PAST}, True),
        ({"status": CallStatus.TRANSCRIBING, "lease_expires_at": PAST}, True),
        ({"status": CallStatus.TRANSCRIBING, "lease_expires_at": FUTURE}, False),
        ({"status": CallStatus.TRANSCRIBING, "callback_deadline_at": FUTURE}, False),
        ({"status": CallStatus.ANALYZING, "lease_expires_at": PAST}, True),
        ({"status": CallStatus.COMPLETED}, False),
        ({"status": CallStatus.FAILED, "error_reason": "internal_error"}, False),
        ({"status": CallStatus.PROCESSING}, False),
    ],
    ids=lambda value: str(value),
)
async def test_what_can_be_claimed(
    resources: Resources, factory: Factory, alice: UUID, values: dict[str, object], is_taken: bool
) -> None:
    call = await factory.call(alice, **values)  # type: ignore[arg-type]

    taken = await claim(resources, call.id)

    assert (taken is not None) is is_taken


async def test_of_many_workers_one_gets_the_call(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)

    results = await asyncio.gather(*(claim(resources, call.id) for _ in range(8)))

    assert sum(result is not None for result in results) == 1


async def test_worker_that_lost_its_claim_can_write_nothing(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    first = await claimed(resources, factory, alice)
    await expire(resources, first.call_id)
    second = await claim(resources, first.call_id)

    async with resources.database.transaction() as session:
        for write in (
            update_claimed(session, first, duration_seconds=1),
            change_status(session, first, CallStatus.TRANSCRIBING, CallStatus.ANALYZING),
            fail_call(session, first, FailureReason.INTERNAL_ERROR),
            ensure_held(resources.database, first),
            note_progress(resources.database, first, RAW_TRANSCRIPT, moves_to_analyzing=False),
            note_progress(resources.database, first, RAW_TRANSCRIPT, moves_to_analyzing=True),
        ):
            with pytest.raises(ClaimLostError):
                await write
        await give_back(session, first, rest=timedelta(0))

    row = await read_call(resources, first.call_id)
    assert second is not None
    assert (row.status, row.claim_token, row.duration_seconds) == (CallStatus.TRANSCRIBING, second.token, None)
    assert await read_artifact(resources, first.call_id, ArtifactType.RAW_TRANSCRIPT_JSON) is None


async def test_leases_of_all_runs_are_extended_in_one_statement(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    held = [await claimed(resources, factory, alice) for _ in range(3)]
    lost = await claimed(resources, factory, alice)
    await expire(resources, lost.call_id)
    await claim(resources, lost.call_id)

    async with resources.database.transaction() as session:
        still_held = await extend_leases(session, [*held, lost])

    assert still_held == {c.token for c in held}


async def test_lock_on_one_call_costs_no_lease(resources: Resources, factory: Factory, alice: UUID) -> None:
    locked, free = [await claimed(resources, factory, alice) for _ in range(2)]
    for mine in (locked, free):
        await expire(resources, mine.call_id)

    async with resources.database.transaction() as other:
        await other.execute(select(CallRecord).where(col(CallRecord.id) == locked.call_id).with_for_update())
        async with resources.database.transaction() as session:
            held = await extend_leases(session, [locked, free])

    assert held == {locked.token, free.token}
    assert (await read_call(resources, locked.call_id)).lease_expires_at == PAST
    assert (await read_call(resources, free.call_id)).lease_expires_at > datetime.now(UTC) + LEASE / 2


async def test_call_that_kills_its_worker_each_time_is_given_up(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    """Each worker is killed with its claim in hand; the next one comes when the lease has run out."""
    call = await factory.call(alice, status=CallStatus.QUEUED)
    for attempt in range(1, 6):
        taken = await claim(resources, call.id)
        assert taken is not None
        assert (taken.attempts, await claim(resources, call.id)) == (attempt, None)
        await expire(resources, call.id)

    await process_call(resources, Script().engines(), Heartbeat(resources.database), call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason, row.attempts) == (CallStatus.FAILED, "attempts_exhausted", 0)


async def test_heartbeat_stops_the_run_whose_claim_is_gone(resources: Resources, factory: Factory, alice: UUID) -> None:
    mine = await claimed(resources, factory, alice)
    heartbeat = Heartbeat(resources.database)
    running = asyncio.Event()

    async def work() -> None:
        async with heartbeat.hold(mine):
            running.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await running.wait()
    await heartbeat.beat()
    assert not task.cancelling()
    await expire(resources, mine.call_id)
    await claim(resources, mine.call_id)

    await heartbeat.beat()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert heartbeat.has_lost(mine)


async def test_run_whose_claim_is_gone_is_stopped_once(resources: Resources, factory: Factory, alice: UUID) -> None:
    mine = await claimed(resources, factory, alice)
    heartbeat = Heartbeat(resources.database)
    running, tidied_up = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with heartbeat.hold(mine):
            try:
                running.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await heartbeat.beat()
                await asyncio.sleep(0)
                tidied_up.set()

    task = asyncio.create_task(work())
    await running.wait()
    async with resources.database.transaction() as session:
        await session.execute(delete(CallRecord))

    await heartbeat.beat()
    await task

    assert tidied_up.is_set()


@pytest.mark.parametrize(
    ("changes", "loss"),
    [
        ({"claim_token": None}, Loss.TAKEN),
        ({"claim_token": None, "lease_expires_at": FUTURE}, Loss.TAKEN),
        ({"claim_token": uuid4()}, Loss.TAKEN),
        ({"claim_token": uuid4(), "lease_expires_at": PAST}, Loss.TAKEN),
        ({"claim_token": uuid4(), "lease_expires_at": FUTURE}, Loss.BEING_DELETED),
    ],
    ids=["ended", "resting", "taken", "taken, and left by its worker", "being deleted"],
)
async def test_why_a_claim_is_gone(
    resources: Resources, factory: Factory, alice: UUID, changes: dict[str, Any], loss: Loss
) -> None:
    mine = await claimed(resources, factory, alice)
    async with resources.database.transaction() as session:
        await session.execute(update(CallRecord).values(**changes))

    async with resources.database.read() as session:
        assert await find_loss(session, mine.call_id) is loss
        assert await find_loss(session, uuid4()) is Loss.DELETED


async def test_call_that_was_given_back_rests(resources: Resources, factory: Factory, alice: UUID) -> None:
    mine = await claimed(resources, factory, alice)

    async with resources.database.transaction() as session:
        await give_back(session, mine, rest=timedelta(seconds=60))

    assert await claim(resources, mine.call_id) is None
    await expire(resources, mine.call_id)
    again = await claim(resources, mine.call_id)
    assert again is not None
    assert (again.status, again.attempts) == (CallStatus.TRANSCRIBING, 2)


async def test_shutdown_of_a_worker_costs_no_attempt(resources: Resources, factory: Factory, alice: UUID) -> None:
    mine = await claimed(resources, factory, alice)

    async with resources.database.transaction() as session:
        await give_back(session, mine, rest=timedelta(0), refund_attempt=True)

    again = await claim(resources, mine.call_id)
    assert again is not None
    assert again.attempts == 1


async def test_terminal_status_ends_the_claim(resources: Resources, factory: Factory, alice: UUID) -> None:
    mine = await claimed(resources, factory, alice)

    async with resources.database.transaction() as session:
        await fail_call(session, mine, FailureReason.AUDIO_UNDECODABLE)

    row = await read_call(resources, mine.call_id)
    assert (row.status, row.error_reason) == (CallStatus.FAILED, "audio_undecodable")
    assert (row.claim_token, row.lease_expires_at) == (None, None)
    assert row.completed_at is not None
