"""A real worker tells phones of finished calls, through a double of Google. Source: pipeline.md, section 6 (T3)."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import SkipMessage

from app.calls.models import ArtifactType, CallStatus
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.queue import QueueName
from app.resources import Resources
from app.settings import Settings
from jobs.one_try import OneTry
from jobs.worker import build_broker
from tests.doubles.fcm import CLIENT_EMAIL, Fcm
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.engines import RAW, Script
from tests.factories import Factory
from tests.jobs.working import working

ACCOUNT = {
    "firebase_project_id": PROJECT_ID,
    "firebase_client_email": CLIENT_EMAIL,
    "firebase_private_key": signing_key(0).private_pem,
}
TOKEN = "device-1"


@pytest.fixture
def pushing(resources: Resources) -> Resources:
    """What a process has whose settings name a service account."""
    return replace(resources, settings=resources.settings.model_copy(update=ACCOUNT))


@pytest.fixture
async def meera(factory: Factory) -> UUID:
    """A user with a phone."""
    return await factory.user("meera", fcm_token=TOKEN)


def waiting_pushes(settings: Settings) -> int:
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url) as client:
        return int(client.hlen("dramatiq:push.msgs"))


def taken_pushes(settings: Settings) -> int:
    """How many messages workers have taken that would come back, should these workers die."""
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url) as client:
        return sum(int(client.scard(key)) for key in client.scan_iter("dramatiq:__acks__.*.push"))


def message(call_id: UUID, status: str, title: str, body: str) -> dict[str, Any]:
    return {
        "token": TOKEN,
        "data": {"callId": str(call_id), "status": status, "title": title, "body": body},
        "android": {"priority": "high", "ttl": "3600s"},
    }


async def test_phone_hears_of_each_finished_call_once(
    pushing: Resources, factory: Factory, meera: UUID, fcm: Fcm
) -> None:
    good = await factory.call(meera, status=CallStatus.QUEUED, title="Xylophone", contact_name="Quagmire")
    await factory.document(good, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    await process_call(pushing, Script().engines(), Heartbeat(pushing.database), good.id)
    # Without a recording, which is the worker's to find out.
    bad = await factory.call(meera, status=CallStatus.QUEUED)
    await pushing.queue.send_process_call(bad.id)

    async with working(pushing.settings):
        await asyncio.to_thread(fcm.wait_for_messages, 2)

    assert sorted(fcm.messages, key=lambda sent: str(sent["data"]["status"])) == [
        message(good.id, "COMPLETED", "Call ready", "Transcript and analysis of your call are ready."),
        message(bad.id, "FAILED", "Call not processed", "Your call could not be processed."),
    ]
    assert waiting_pushes(pushing.settings) == 0


async def test_message_that_is_being_sent_is_nobody_elses_any_more(
    pushing: Resources, factory: Factory, meera: UUID, fcm: Fcm
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    await pushing.queue.send_notify_call(call.id, CallStatus.COMPLETED)
    fcm.hold()

    async with working(pushing.settings):
        await asyncio.to_thread(fcm.wait_for_requests, 1)
        # Should this worker die now, Dramatiq would give to another one what it still has of the message.
        left = waiting_pushes(pushing.settings), taken_pushes(pushing.settings)
        fcm.release()
        await asyncio.to_thread(fcm.wait_for_messages, 1)

    assert left == (0, 0)


def test_message_is_not_sent_when_redis_cannot_be_told_so() -> None:
    away = RedisBroker(url="unix:///nowhere/redis.sock", middleware=[])
    message = dramatiq.Message(
        queue_name="push", actor_name="notify_call", args=(), kwargs={}, options={"redis_message_id": "1"}
    )

    with pytest.raises(SkipMessage):
        OneTry({"push"}).before_process_message(away, message)


async def test_message_that_two_workers_have_is_sent_by_one(pushing: Resources) -> None:
    """As after a pause of the first one, which counts as dead for Dramatiq, and has it all the same."""
    await pushing.queue.send_notify_call(uuid4(), CallStatus.COMPLETED)
    broker = RedisBroker(url=pushing.settings.redis_url, middleware=[])
    message = next(broker.consume(QueueName.PUSH, timeout=1))
    one_try = OneTry({QueueName.PUSH})

    one_try.before_process_message(broker, message)
    with pytest.raises(SkipMessage):
        one_try.before_process_message(broker, message)

    assert (waiting_pushes(pushing.settings), taken_pushes(pushing.settings)) == (0, 0)
    broker.close()


def test_messages_to_phones_do_not_wait_for_a_backlog_of_calls(pushing: Resources) -> None:
    """A worker fetches twice as many calls as it has threads, and takes what has the lowest number."""
    broker = build_broker(pushing.settings)

    assert broker.get_actor("notify_call").priority < broker.get_actor("process_call").priority
    broker.close()


async def test_worker_without_a_service_account_drops_what_was_meant_for_phones(
    resources: Resources, factory: Factory, meera: UUID, fcm: Fcm
) -> None:
    call = await factory.call(meera, status=CallStatus.COMPLETED)
    await resources.queue.send_notify_call(call.id, CallStatus.COMPLETED)

    async with working(resources.settings):
        async with asyncio.timeout(10):
            while await asyncio.to_thread(waiting_pushes, resources.settings):  # noqa: ASYNC110  (Redis tells nobody)
                await asyncio.sleep(0.01)

    assert fcm.requests == []
