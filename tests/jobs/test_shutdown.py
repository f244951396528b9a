"""A worker process that has to stop lets its calls end, or hands them over. Source: pipeline.md, section 9."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.resources import Resources
from tests.app.pipeline.test_orchestrator import queued
from tests.doubles import lemonfox as lemonfox_double
from tests.doubles import openai as openai_double
from tests.doubles.lemonfox import Lemonfox
from tests.doubles.openai import Completion, OpenAi
from tests.engines import ANALYSIS, RAW
from tests.factories import Factory
from tests.running import wait_for

DEADLINE_SECONDS = 60


class WorkerProcess:
    """`scryon worker`, whose log goes to a file."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker", "--single"], env=environment, stderr=output
            )

    def stop(self, number: signal.Signals, *, until: str | None = None) -> None:
        """Send a signal, and wait for what it writes to its log."""
        self.process.send_signal(number)
        if until is not None:
            wait_for(lambda: until in self._log.read_text(), DEADLINE_SECONDS)


@pytest.fixture
def analyst() -> Iterator[OpenAi]:
    """A model that keeps everybody waiting."""
    with OpenAi() as double:
        double.completion = Completion(json.dumps(ANALYSIS))
        double.hold()
        yield double


@pytest.fixture
def worker(resources: Resources, analyst: OpenAi, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker with providers beside it."""
    settings = resources.settings
    with Lemonfox() as transcriber, ExitStack() as stack:
        transcriber.document = orjson.loads(RAW)
        running = WorkerProcess(
            {
                **os.environ,
                "DB_URL": settings.configured_database_url or "",
                "REDIS_URL": settings.redis_url or "",
                "OBJECT_STORAGE_LOCAL_PATH": str(settings.storage_path),
                "LEMONFOX_API_KEY": lemonfox_double.KEY,
                "LEMONFOX_BASE_URL": transcriber.base_url,
                "LLM_API_KEY": openai_double.API_KEY,
                "LLM_BASE_URL": analyst.base_url,
                "LLM_MODEL": openai_double.MODEL,
            },
            tmp_path / "log",
        )
        stack.callback(running.process.kill)
        yield running


async def read_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        return (await session.execute(select(CallRecord).where(col(CallRecord.id) == call_id))).scalar_one()


async def test_call_that_is_nearly_done_is_done(
    resources: Resources, factory: Factory, alice: UUID, analyst: OpenAi, worker: WorkerProcess
) -> None:
    call = await queued(factory, alice)
    await asyncio.to_thread(analyst.wait_for_requests, 1, DEADLINE_SECONDS)

    await asyncio.to_thread(worker.stop, signal.SIGTERM, until="worker_stopping")
    analyst.release()
    status = await asyncio.to_thread(worker.process.wait, DEADLINE_SECONDS)

    assert (status, (await read_call(resources, call.id)).status) == (0, CallStatus.COMPLETED)
    assert len(analyst.requests) == 1


async def test_second_signal_hands_the_call_over_without_delay(
    resources: Resources, factory: Factory, alice: UUID, analyst: OpenAi, worker: WorkerProcess
) -> None:
    call = await queued(factory, alice)
    await asyncio.to_thread(analyst.wait_for_requests, 1, DEADLINE_SECONDS)

    await asyncio.to_thread(worker.stop, signal.SIGTERM, until="worker_stopping")
    worker.stop(signal.SIGINT)
    status = await asyncio.to_thread(worker.process.wait, DEADLINE_SECONDS)

    row = await read_call(resources, call.id)
    assert (status, row.status, row.claim_token, row.attempts) == (0, CallStatus.ANALYZING, None, 0)
