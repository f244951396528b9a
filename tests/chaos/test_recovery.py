"""When a call counts as stopped, and when as moving again: on real rows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.resources import Resources
from tests.chaos.plan import FaultKind
from tests.chaos.recovery import RecoveryWatch
from tests.factories import Factory

SOON = timedelta(seconds=10)


async def change(resources: Resources, call: CallRecord, **values: Any) -> None:
    async with resources.database.transaction() as session:
        await session.execute(update(CallRecord).where(col(CallRecord.id) == call.id).values(**values))


async def watched(
    resources: Resources, factory: Factory, owner: UUID, **values: Any
) -> tuple[RecoveryWatch, CallRecord]:
    """A call in flight, and a watch that has seen it when a worker died."""
    values = {"status": CallStatus.TRANSCRIBING, "claim_token": uuid4(), **values}
    call = await factory.call(owner, **values)
    watch = RecoveryWatch(resources.database)
    watch.note(FaultKind.WORKER_KILLED)
    await watch.look()
    return watch, call


async def test_a_call_of_the_dead_is_stuck_until_somebody_claims_it(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    watch, call = await watched(resources, factory, alice, lease_expires_at=datetime.now(UTC) + SOON)

    await watch.look()
    before = [stuck.call_id for stuck in watch.stuck]
    await change(resources, call, claim_token=uuid4(), lease_expires_at=func.now() + SOON)
    await watch.look()

    assert before == [str(call.id)]
    assert watch.stuck == []
    assert [recovery.kind for recovery in watch.recoveries] == [FaultKind.WORKER_KILLED]


@pytest.mark.parametrize("status", [CallStatus.COMPLETED, CallStatus.FAILED])
async def test_a_call_that_has_ended_moves(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    watch, call = await watched(resources, factory, alice)

    await change(resources, call, status=status, claim_token=None)
    await watch.look()

    assert watch.stuck == []


async def test_a_call_of_a_living_worker_was_never_stopped(resources: Resources, factory: Factory, alice: UUID) -> None:
    watch, call = await watched(resources, factory, alice, lease_expires_at=datetime.now(UTC))

    await change(resources, call, lease_expires_at=func.now() + SOON)
    await watch.look()

    assert (watch.stuck, watch.recoveries) == ([], [])


async def test_a_call_that_rests_waits_for_nobody(resources: Resources, factory: Factory, alice: UUID) -> None:
    resting = {"claim_token": None, "lease_expires_at": datetime.now(UTC) + SOON}
    watch, _ = await watched(resources, factory, alice, **resting)

    assert watch.stuck == []


@pytest.mark.parametrize(("sent_again", "kind"), [(True, FaultKind.REDIS_EMPTIED), (False, FaultKind.WORKER_KILLED)])
async def test_a_second_fault_counts_only_when_it_undoes_the_repair(
    resources: Resources, factory: Factory, alice: UUID, sent_again: bool, kind: FaultKind
) -> None:
    watch, call = await watched(resources, factory, alice)
    if sent_again:
        await change(resources, call, dispatched_at=func.now())

    watch.note(FaultKind.REDIS_EMPTIED)
    await watch.look()
    await change(resources, call, claim_token=uuid4())
    await watch.look()

    assert [recovery.kind for recovery in watch.recoveries] == [kind]
