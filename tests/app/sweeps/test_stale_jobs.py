"""Calls that nobody takes fail; those that only wait do not. Source: pipeline.md, section 9, "stale job"."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker

from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.claims import claim_call
from app.queue import STATUS_CHANNEL, QueueName, open_queue
from app.resources import Resources
from app.sweeps.stale_jobs import fail_stale_jobs
from tests.factories import Factory
from tests.finished import read_events, read_stored

AGE = timedelta(minutes=15)
LITTLE = timedelta(seconds=20)
"""More than a test takes until it sweeps."""

NOWHERE = "redis://127.0.0.1:1/0"


async def stale(factory: Factory, owner: UUID, **values: Any) -> CallRecord:
    past = datetime.now(UTC) - AGE - LITTLE
    defaults = {"status": CallStatus.TRANSCRIBING, "lease_expires_at": past, "dispatch_count": 3, "updated_at": past}
    return await factory.call(owner, **{**defaults, **values})


async def test_call_that_nobody_takes_fails_once_and_everybody_is_told(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await stale(factory, alice, claim_token=uuid4(), attempts=2)
    await factory.audio(call, b"RIFF")
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, {})
    assert resources.settings.redis_url is not None

    with redis.Redis.from_url(resources.settings.redis_url) as client, client.pubsub() as news:
        news.subscribe(STATUS_CHANNEL)
        failed = [await fail_stale_jobs(resources, AGE) for _ in range(2)]
        told = [message for _ in range(3) if (message := news.get_message(timeout=0.2)) is not None]

    stored = await read_stored(resources, call)
    assert failed == [1, 0]
    assert (stored.call["status"], stored.call["error_reason"]) == (CallStatus.FAILED, "stale_timeout")
    assert (stored.call["claim_token"], stored.call["lease_expires_at"]) == (None, None)
    assert stored.objects.keys() == {"raw.json"}
    assert await read_events(resources, call) == [
        "CALL_SWEPT COMPLETED",
        "CALL_FAILED FAILED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]
    assert [orjson.loads(message["data"]) for message in told if message["type"] == "message"] == [
        {"callId": str(call.id), "status": "FAILED"}
    ]


@pytest.mark.parametrize(
    ("values", "is_failed"),
    [
        ({"lease_expires_at": timedelta(0)}, True),
        ({"lease_expires_at": -LITTLE}, True),
        ({"lease_expires_at": 2 * LITTLE}, False),
        ({"lease_expires_at": AGE + LITTLE}, False),
        ({"lease_expires_at": None}, True),
        ({"lease_expires_at": None, "updated_at": 2 * LITTLE}, False),
        ({"lease_expires_at": timedelta(0), "updated_at": 2 * LITTLE}, True),
        ({"status": CallStatus.ANALYZING}, True),
        ({"status": CallStatus.QUEUED}, False),
        ({"status": CallStatus.PROCESSING}, False),
        ({"status": CallStatus.COMPLETED}, False),
        ({"dispatch_count": 2}, False),
        ({"dispatch_count": 40}, True),
        ({"callback_deadline_at": timedelta(0)}, False),
    ],
    ids=lambda value: str(value),
)
async def test_which_calls_are_stale(
    resources: Resources, factory: Factory, alice: UUID, values: dict[str, Any], is_failed: bool
) -> None:
    """Times are counted from just beyond the age: by how much the moment is later than that."""
    limit = datetime.now(UTC) - AGE - LITTLE
    moments = {name: limit + value if isinstance(value, timedelta) else value for name, value in values.items()}
    call = await stale(factory, alice, **moments)
    before = await read_stored(resources, call)

    assert await fail_stale_jobs(resources, AGE) == is_failed

    after = await read_stored(resources, call)
    assert after.call["error_reason"] == ("stale_timeout" if is_failed else None)
    assert is_failed or after == before


async def test_two_sweeps_at_once_tell_of_a_call_once(resources: Resources, factory: Factory, alice: UUID) -> None:
    calls = [await stale(factory, alice) for _ in range(25)]

    failed = await asyncio.gather(*(fail_stale_jobs(resources, AGE) for _ in range(3)))

    assert sum(failed) == 25
    for call in calls:
        assert await read_events(resources, call) == ["CALL_SWEPT COMPLETED", "CALL_FAILED FAILED"]


async def test_nothing_fails_while_messages_wait(resources: Resources, factory: Factory, alice: UUID) -> None:
    await stale(factory, alice)
    await resources.queue.send_process_call(uuid4())

    assert await fail_stale_jobs(resources, AGE) == 0


async def test_call_whose_message_a_busy_worker_has_fetched_waits(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    waiting, lost = await stale(factory, alice), await stale(factory, alice)
    await resources.queue.send_process_call(waiting.id)
    broker = RedisBroker(url=resources.settings.redis_url, middleware=[])  # type: ignore[no-untyped-call]
    consumer = broker.consume(QueueName.PIPELINE, prefetch=5, timeout=1)
    assert next(consumer) is not None

    failed = await fail_stale_jobs(resources, AGE)

    broker.close()
    assert failed == 1
    assert (await read_stored(resources, waiting)).call["status"] == CallStatus.TRANSCRIBING
    assert (await read_stored(resources, lost)).call["status"] == CallStatus.FAILED


async def test_nothing_fails_while_redis_is_away(resources: Resources, factory: Factory, alice: UUID) -> None:
    await stale(factory, alice)

    async with open_queue(NOWHERE) as queue:
        assert await fail_stale_jobs(dataclasses.replace(resources, queue=queue), AGE) == 0


async def test_call_that_is_being_claimed_is_left_to_its_worker(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await stale(factory, alice)

    async with resources.database.transaction() as session:
        claim = await claim_call(session, call.id)
        during = await fail_stale_jobs(resources, AGE)

    assert claim is not None
    assert (during, await fail_stale_jobs(resources, AGE)) == (0, 0)


async def test_call_is_swept_although_its_recording_cannot_be_deleted(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    calls = [await stale(factory, alice) for _ in range(2)]
    for call in calls:
        path = resources.settings.storage_path / await factory.audio(call, b"RIFF")
        # A folder cannot be deleted as a file is.
        path.unlink()
        path.mkdir()

    assert await fail_stale_jobs(resources, AGE) == 2

    for call in calls:
        assert await read_events(resources, call) == ["CALL_SWEPT COMPLETED", "CALL_FAILED FAILED"]
