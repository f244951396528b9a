"""A real worker in this process: messages become runs, lost messages come again, a shutdown lets go of calls."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import dramatiq
import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col
from structlog.testing import capture_logs

from app.calls.models import CallRecord, CallStatus
from app.resources import Resources
from app.settings import Settings
from jobs.worker import FETCH_MS, build_broker
from tests.counting import counted
from tests.factories import Factory
from tests.running import wait_for

DEADLINE_SECONDS = 30


@pytest.fixture
async def worker(resources: Resources) -> AsyncIterator[dramatiq.Worker]:
    broker = build_broker(resources.settings)
    running = dramatiq.Worker(broker, worker_threads=4)
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.to_thread(running.stop, 10_000)
    await asyncio.to_thread(broker.close)


async def wait_until_failed(resources: Resources, call_id: UUID) -> str | None:
    """The reason why the call failed; raises when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        async with resources.database.read() as session:
            row = (await session.execute(select(CallRecord).where(col(CallRecord.id) == call_id))).scalar_one()
        if row.status == CallStatus.FAILED:
            return row.error_reason
        await asyncio.sleep(0.05)
    raise AssertionError("the call was not worked on in time")


async def test_message_brings_a_call_to_its_end(
    resources: Resources, factory: Factory, alice: UUID, worker: dramatiq.Worker
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)

    await resources.queue.send_process_call(call.id, "request-1")

    assert await wait_until_failed(resources, call.id) == "audio_missing"


async def test_calls_are_fetched_sooner_than_anything_else(worker: dramatiq.Worker) -> None:
    pipeline = worker.consumers["pipeline"]
    await asyncio.to_thread(wait_for, lambda: pipeline.worker_timeout == FETCH_MS, DEADLINE_SECONDS)

    others = {consumer.worker_timeout for name, consumer in worker.consumers.items() if name != "pipeline"}
    assert others == {worker.worker_timeout}


async def test_call_without_a_message_is_found(
    resources: Resources, factory: Factory, alice: UUID, worker: dramatiq.Worker
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)

    assert await wait_until_failed(resources, call.id) == "audio_missing"


async def test_unknown_and_malformed_messages_harm_nobody(
    resources: Resources, factory: Factory, alice: UUID, worker: dramatiq.Worker
) -> None:
    await resources.queue.send_process_call(UUID(int=0))
    await resources.queue.send_process_call("no id at all")  # type: ignore[arg-type]
    call = await factory.call(alice, status=CallStatus.QUEUED)
    await resources.queue.send_process_call(call.id)

    assert await wait_until_failed(resources, call.id) == "audio_missing"


async def test_worker_shows_what_it_has_counted(resources: Resources, factory: Factory, alice: UUID) -> None:
    broker = build_broker(resources.settings.model_copy(update={"worker_metrics_port": 0}))
    worker = dramatiq.Worker(broker, worker_threads=1)
    call = await factory.call(alice, status=CallStatus.QUEUED)

    with capture_logs() as lines:
        await asyncio.to_thread(worker.start)
    [port] = [line["port"] for line in lines if line["event"] == "worker_door_open"]
    await wait_until_failed(resources, call.id)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        health = (await client.get("/actuator/health")).status_code
        metrics = counted((await client.get("/actuator/prometheus")).content)
    await asyncio.to_thread(worker.stop, 10_000)

    assert health == 200
    assert metrics['scryon_calls_failed_total{reason="audio_missing"}'] == 1.0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_worker_deletes_old_leftovers_of_uploads_at_its_start(resources: Resources) -> None:
    old, fresh = (resources.settings.storage_path / name for name in ("audio.wav#1", "audio.wav#2"))
    for path, age in ((old, 7200), (fresh, 60)):
        path.write_bytes(b"half an upload")
        os.utime(path, (time.time() - age, time.time() - age))
    broker = build_broker(resources.settings)
    worker = dramatiq.Worker(broker, worker_threads=1)

    await asyncio.to_thread(worker.start)
    await asyncio.to_thread(wait_for, lambda: not old.exists(), DEADLINE_SECONDS)
    await asyncio.to_thread(worker.stop, 10_000)

    assert fresh.exists()


def test_worker_that_cannot_open_its_storage_ends(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {
        **os.environ,
        "DB_URL": settings.configured_database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "OBJECT_STORAGE_LOCAL_PATH": str(tmp_path / "file" / "storage"),
    }

    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "worker", "--single"],
        env=environment,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert ended.returncode == 1
    assert b"event=worker_not_started" in ended.stderr
