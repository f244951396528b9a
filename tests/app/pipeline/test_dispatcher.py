"""Every accepted call reaches a worker, whatever happened to its message."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.calls.deletion import delete_call
from app.calls.models import CallRecord, CallStatus
from app.pipeline import dispatcher
from app.pipeline.dispatcher import dispatch, run_dispatcher
from app.resources import Resources
from tests.factories import Factory
from tests.stores import hold_messages, messages

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
DEADLINE_SECONDS = 20


async def test_queued_call_without_a_message_is_sent_once(resources: Resources, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)

    sent = [await dispatch(resources), await dispatch(resources)]

    assert sent == [1, 0]
    assert messages(resources) == [str(call.id)]
    async with resources.database.read() as session:
        row = (await session.execute(select(CallRecord).where(col(CallRecord.id) == call.id))).scalar_one()
    assert (row.dispatch_count, row.status) == (1, CallStatus.QUEUED)


@pytest.mark.parametrize(
    ("values", "is_sent"),
    [
        ({"status": CallStatus.QUEUED, "dispatched_at": LONG_AGO}, True),
        ({"status": CallStatus.QUEUED, "lease_expires_at": FUTURE}, False),
        ({"status": CallStatus.TRANSCRIBING, "lease_expires_at": LONG_AGO, "dispatched_at": LONG_AGO}, True),
        ({"status": CallStatus.TRANSCRIBING, "lease_expires_at": FUTURE, "dispatched_at": LONG_AGO}, False),
        ({"status": CallStatus.TRANSCRIBING, "callback_deadline_at": FUTURE}, False),
        ({"status": CallStatus.ANALYZING, "lease_expires_at": LONG_AGO}, True),
        ({"status": CallStatus.COMPLETED}, False),
    ],
    ids=lambda value: str(value),
)
async def test_what_is_sent_again(
    resources: Resources, factory: Factory, alice: UUID, values: dict[str, object], is_sent: bool
) -> None:
    call = await factory.call(alice, **values)  # type: ignore[arg-type]

    await dispatch(resources)

    assert messages(resources) == ([str(call.id)] if is_sent else [])


async def test_message_under_way_is_given_its_time(resources: Resources, factory: Factory, alice: UUID) -> None:
    just_now = datetime.now(UTC) - timedelta(seconds=5)
    await factory.call(alice, status=CallStatus.QUEUED, dispatched_at=just_now)

    assert await dispatch(resources) == 0


async def test_long_backlog_is_not_sent_twice(resources: Resources, factory: Factory, alice: UUID) -> None:
    for _ in range(3):
        call = await factory.call(alice, status=CallStatus.QUEUED, dispatched_at=LONG_AGO)
        await resources.queue.send_process_call(call.id)

    assert await dispatch(resources) == 0
    assert len(messages(resources)) == 3


async def test_in_flight_call_is_sent_whatever_the_backlog(resources: Resources, factory: Factory, alice: UUID) -> None:
    waiting = await factory.call(alice, status=CallStatus.QUEUED, dispatched_at=LONG_AGO)
    await resources.queue.send_process_call(waiting.id)
    orphan = await factory.call(alice, status=CallStatus.TRANSCRIBING, lease_expires_at=LONG_AGO)

    await dispatch(resources)

    assert messages(resources) == [str(waiting.id), str(orphan.id)]


async def test_call_that_is_deleted_while_it_is_sent_leaves_no_message(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    gone = await factory.call(alice, status=CallStatus.QUEUED)
    waiting = await factory.call(alice, status=CallStatus.QUEUED)

    with hold_messages(resources):
        dispatching = asyncio.create_task(dispatch(resources))
        await wait_until_taken(resources, gone.id)
        await delete_call(resources, user_id=alice, call_id=gone.id)
    await dispatching

    assert messages(resources) == [str(waiting.id)]


async def dispatch_rows(resources: Resources) -> dict[UUID, tuple[bool, int]]:
    """Of each call: whether it counts as sent, and how often that was."""
    statement = select(col(CallRecord.id), col(CallRecord.dispatched_at), col(CallRecord.dispatch_count))
    async with resources.database.read() as session:
        return {row[0]: (row[1] is not None, row[2]) for row in await session.execute(statement)}


async def test_call_whose_message_redis_refuses_counts_as_not_sent(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    """A Redis without memory answers whoever reads; calls must not be given up for messages that never were."""
    waiting = await factory.call(alice, status=CallStatus.QUEUED, dispatched_at=LONG_AGO, dispatch_count=1)
    begun = await factory.call(alice, status=CallStatus.ANALYZING, lease_expires_at=LONG_AGO)

    with full_redis(resources):
        refused = await dispatch(resources)
        rows = await dispatch_rows(resources)
    sent = await dispatch(resources)

    assert (refused, rows) == (0, {waiting.id: (False, 1), begun.id: (False, 0)})
    assert sent == 2
    assert await dispatch_rows(resources) == {waiting.id: (True, 2), begun.id: (True, 1)}
    assert messages(resources) == [str(begun.id), str(waiting.id)]


@contextmanager
def full_redis(resources: Resources) -> Iterator[None]:
    """While the block runs, Redis takes nothing more, and answers those who read."""
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as client:
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


def forget_messages(resources: Resources) -> None:
    """Redis comes back empty."""
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as client:
        client.flushdb()


async def test_bounded_rounds_reach_every_call(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes again does not keep the others back: begun calls first, then who waits longest for a message."""
    monkeypatch.setattr(dispatcher, "MAX_SENDS_PER_ROUND", 2)
    hours = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(6)]

    async def queued(created: int, sent: int | None) -> str:
        dispatched_at = None if sent is None else hours[sent]
        values = {"created_at": hours[created], "dispatched_at": dispatched_at}
        return str((await factory.call(alice, status=CallStatus.QUEUED, **values)).id)

    old_but_just_sent = await queued(0, 5)
    sent_before = await queued(1, 4)
    second, first = await queued(3, None), await queued(2, None)
    begun = await factory.call(alice, status=CallStatus.ANALYZING, created_at=hours[5], dispatched_at=hours[5])

    rounds = []
    for _ in range(4):
        await dispatch(resources)
        rounds.append(messages(resources))
        forget_messages(resources)

    assert rounds == [[str(begun.id), first], [sent_before, second], [old_but_just_sent], []]


async def test_dispatching_goes_on_in_another_process_when_one_hangs(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_LOCK_SILENCE", timedelta(milliseconds=200))
    monkeypatch.setattr(dispatcher, "INTERVAL_SECONDS", 0.05)
    hangs = asyncio.Event()

    async def hang(_resources: Resources, _connection: AsyncConnection) -> None:
        hangs.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(dispatcher, "_dispatch_while_locked", hang)
        hanging = asyncio.create_task(run_dispatcher(resources))
        await hangs.wait()
    call = await factory.call(alice, status=CallStatus.QUEUED)
    other = asyncio.create_task(run_dispatcher(resources))
    await wait_until_taken(resources, call.id)

    for task in (hanging, other):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def wait_until_taken(resources: Resources, call_id: UUID) -> None:
    """Wait until the dispatcher has noted that it sends a call."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        async with resources.database.read() as session:
            if await session.scalar(select(col(CallRecord.dispatched_at)).where(col(CallRecord.id) == call_id)):
                return
    raise AssertionError("the call was not sent in time")


async def test_messages_hold_ids_only(resources: Resources, factory: Factory, alice: UUID) -> None:
    await factory.call(alice, status=CallStatus.QUEUED, title="Secret", contact_name="Zebra", phone_number="+4930123")
    await dispatch(resources)

    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as client:
        dump = b"".join(client.dump(key) for key in client.scan_iter())  # type: ignore
    assert b"Secret" not in dump
    assert b"Zebra" not in dump
    assert b"4930123" not in dump
