"""The end of a call becomes one message to the queue of pushes. Source: pipeline.md, section 6 (T3)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
import redis
import structlog

from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.calls.reanalysis import reanalyze_call
from app.db import Database
from app.pipeline.aftermath import announce
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from tests.doubles.fcm import CLIENT_EMAIL
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.engines import RAW, Script
from tests.factories import Factory
from tests.finished import finished_call
from tests.holding import HeldQueue, Hold

DEADLINE_SECONDS = 30


@pytest.fixture
def pushing(resources: Resources) -> Resources:
    """What a process has whose settings name a service account."""
    account = {
        "firebase_project_id": PROJECT_ID,
        "firebase_client_email": CLIENT_EMAIL,
        "firebase_private_key": signing_key(0).private_pem,
    }
    return replace(resources, settings=resources.settings.model_copy(update=account))


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def client(resources: Resources) -> Iterator["redis.Redis"]:
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as opened:
        yield opened


def messages(client: "redis.Redis") -> list[dict[str, Any]]:
    """What waits for the actor of pushes, without what every message of Dramatiq's has."""
    found = [orjson.loads(content) for content in client.hvals("dramatiq:push.msgs")]
    return [{name: content[name] for name in ("actor_name", "args", "kwargs")} for content in found]


async def transcribed(factory: Factory, owner: UUID) -> CallRecord:
    """A call that waits, and of which only the engines' answers are left."""
    call = await factory.call(owner, status=CallStatus.QUEUED, title="Xylophone", contact_name="Quagmire")
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    return call


async def work(resources: Resources, script: Script, call_id: UUID) -> None:
    with structlog.contextvars.bound_contextvars(reqId="request-1"):
        await process_call(resources, script.engines(), Heartbeat(resources.database), call_id)


async def test_completed_call_is_told_of_once(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)

    await work(pushing, script, call.id)
    await work(pushing, script, call.id)

    assert messages(client) == [
        {"actor_name": "notify_call", "args": [str(call.id), "COMPLETED"], "kwargs": {"req_id": "request-1"}}
    ]
    assert await pushing.queue.count_waiting() == 0


async def test_failed_call_is_told_of_once(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)
    script.analyst.errors = [HardFailureError(FailureReason.ANALYSIS_TIMEOUT)]

    await work(pushing, script, call.id)
    await work(pushing, script, call.id)

    assert messages(client) == [
        {"actor_name": "notify_call", "args": [str(call.id), "FAILED"], "kwargs": {"req_id": "request-1"}}
    ]


async def test_call_that_rests_before_its_next_attempt_is_not_told_of(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)
    script.analyst.errors = [RuntimeError("unexpected")]

    await work(pushing, script, call.id)

    assert messages(client) == []


async def test_call_that_is_deleted_while_it_runs_is_not_told_of(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)

    script.analyst.gate = asyncio.Event()
    run = asyncio.create_task(work(pushing, script, call.id))
    await asyncio.wait_for(script.analyst.entered.wait(), DEADLINE_SECONDS)

    await delete_call(pushing, user_id=alice, call_id=call.id)
    script.analyst.gate.set()
    await run

    assert messages(client) == []


async def test_message_of_a_deleted_call_goes_with_it(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)
    await work(pushing, script, call.id)

    await delete_call(pushing, user_id=alice, call_id=call.id)

    assert messages(client) == []


async def test_message_that_is_sent_after_the_deletion_does_not_stay(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)
    assert pushing.settings.redis_url is not None
    hold = Hold()
    queue = HeldQueue(pushing.settings.redis_url, hold, "send_notify_call")
    run = asyncio.create_task(work(replace(pushing, queue=queue), script, call.id))
    await hold.wait_for(run)

    await delete_call(pushing, user_id=alice, call_id=call.id)
    hold.release()
    await run
    await queue.close()

    assert messages(client) == []


async def test_outage_after_the_commit_breaks_nothing(
    pushing: Resources, factory: Factory, alice: UUID, client: "redis.Redis"
) -> None:
    """What follows the news would be left to the sweeps: the recording above all."""
    call = await factory.call(alice)
    away = Database("postgresql://127.0.0.1:1/nowhere", pool_size=1)

    await announce(replace(pushing, database=away), call.id, CallStatus.COMPLETED)

    assert [message["args"] for message in messages(client)] == [[str(call.id), "COMPLETED"]]
    await away.close()


async def test_call_that_is_analysed_again_is_not_told_of(
    pushing: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await finished_call(factory, alice)

    await reanalyze_call(replace(pushing, analyst=script.analyst), user_id=alice, call_id=call.id)

    assert messages(client) == []


async def test_nobody_is_told_without_a_service_account(
    resources: Resources, factory: Factory, alice: UUID, script: Script, client: "redis.Redis"
) -> None:
    call = await transcribed(factory, alice)

    await work(resources, script, call.id)

    assert messages(client) == []
