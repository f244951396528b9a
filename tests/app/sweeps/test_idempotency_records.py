"""Answers to keyed requests are kept for a day. Source: pipeline.md, section 9; rest.md, section 1.7."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlmodel import col

from app.idempotency.models import IdempotencyRecord, IdempotencyState
from app.resources import Resources
from app.sweeps.idempotency_records import delete_old_records
from tests.factories import Factory

AGE = timedelta(hours=24)
LITTLE = timedelta(seconds=20)


async def add_record(resources: Resources, owner: UUID, key: str, age: timedelta, state: IdempotencyState) -> None:
    created = datetime.now(UTC) - age
    record = IdempotencyRecord(
        user_id=owner,
        method="POST",
        path_digest="0" * 64,
        key=key,
        request_hash="1" * 64,
        state=state,
        owner_token=uuid4(),
        alive_at=created,
        created_at=created,
    )
    async with resources.database.transaction() as session:
        session.add(record)


async def read_keys(resources: Resources) -> list[str]:
    async with resources.database.read() as session:
        return sorted((await session.scalars(select(col(IdempotencyRecord.key)))).all())


async def test_records_of_everybody_go_after_a_day(
    resources: Resources, factory: Factory, alice: UUID, bob: UUID
) -> None:
    await add_record(resources, alice, "old", AGE + LITTLE, IdempotencyState.DONE)
    await add_record(resources, bob, "old, and its process died", AGE + LITTLE, IdempotencyState.IN_PROGRESS)
    await add_record(resources, alice, "fresh", AGE - LITTLE, IdempotencyState.DONE)
    await add_record(resources, bob, "runs", timedelta(0), IdempotencyState.IN_PROGRESS)

    deleted = [await delete_old_records(resources, AGE) for _ in range(2)]

    assert deleted == [2, 0]
    assert await read_keys(resources) == ["fresh", "runs"]


async def test_sweeps_at_once_delete_each_record_once(resources: Resources, alice: UUID) -> None:
    for number in range(20):
        await add_record(resources, alice, str(number), 2 * AGE, IdempotencyState.DONE)

    deleted = await asyncio.gather(*(delete_old_records(resources, AGE) for _ in range(3)))

    assert sum(deleted) == 20
    assert await read_keys(resources) == []
