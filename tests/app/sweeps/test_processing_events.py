"""The history of calls is kept for 30 days at most. Source: pipeline.md, sections 9 and 15."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.resources import Resources
from app.sweeps import processing_events
from app.sweeps.processing_events import delete_old_events
from tests.factories import Factory
from tests.finished import read_events

AGE = timedelta(days=30)
LITTLE = timedelta(seconds=20)


async def test_events_beyond_their_age_go_and_the_others_stay(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice)
    now = datetime.now(UTC)
    await factory.event(call, "CALL_QUEUED", "COMPLETED", created_at=now - AGE - LITTLE)
    await factory.event(call, "TRANSCRIBED", "COMPLETED", created_at=now - AGE + LITTLE)

    deleted = [await delete_old_events(resources, AGE) for _ in range(2)]

    assert deleted == [1, 0]
    assert await read_events(resources, call) == ["TRANSCRIBED COMPLETED"]


async def test_many_events_go_in_bounded_batches(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing_events, "BATCH", 2)
    monkeypatch.setattr(processing_events, "MAX_BATCHES", 3)
    call = await factory.call(alice)
    for _ in range(7):
        await factory.event(call, "TRANSCRIBED", "COMPLETED", created_at=datetime.now(UTC) - 2 * AGE)

    assert [await delete_old_events(resources, AGE) for _ in range(3)] == [6, 1, 0]


async def test_sweeps_at_once_delete_each_event_once(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    for _ in range(20):
        await factory.event(call, "TRANSCRIBED", "COMPLETED", created_at=datetime.now(UTC) - 2 * AGE)

    deleted = await asyncio.gather(*(delete_old_events(resources, AGE) for _ in range(3)))

    assert sum(deleted) == 20
    assert await read_events(resources, call) == []
