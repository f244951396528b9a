"""Promises that hold across API processes and their deaths. Source: rest.md, section 1.7 (ID5, ID7, ID8)."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app.calls.models import CallRecord
from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.rest.serving import Server, run_server

HEADERS = {"Idempotency-Key": "one-for-all", "Content-Type": CONTENT_TYPE}
BODY = encode([file(WAV)])
PROCESSES = 4
UPLOADS = 100


@pytest.fixture
def environment(servers: EmbeddedServers, tmp_path: Path) -> dict[str, str]:
    """What API processes share: the database, Redis and the object store."""
    assert servers.database_url is not None
    assert servers.redis_url is not None
    return {
        "DB_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "OBJECT_STORAGE_LOCAL_PATH": str(tmp_path / "objects"),
        "FLYWAY_ENABLED": "false",
    }


@pytest.fixture
def processes(environment: dict[str, str], tmp_path: Path) -> Iterator[list[Server]]:
    """Four API processes."""
    with ExitStack() as stack:
        yield [stack.enter_context(run_server(tmp_path / str(n), environment)) for n in range(PROCESSES)]


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """A Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def stored_objects(environment: dict[str, str]) -> list[Path]:
    return [path for path in Path(environment["OBJECT_STORAGE_LOCAL_PATH"]).rglob("*") if path.is_file()]


async def call_ids(database: Database) -> list[str]:
    async with database.read() as session:
        return [str(call_id) for call_id in (await session.scalars(select(col(CallRecord.id)))).all()]


async def test_hundred_uploads_with_one_key_make_one_call(
    processes: list[Server], environment: dict[str, str], resources: Resources, database: Database
) -> None:
    limits = httpx.Limits(max_connections=UPLOADS)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as client:
        answers = await asyncio.gather(
            *(
                client.post(f"{processes[n % PROCESSES].url}/api/calls/analyze", content=BODY, headers=HEADERS)
                for n in range(UPLOADS)
            )
        )

    [call_id] = await call_ids(database)
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(202, f"/api/calls/{call_id}")}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers].count(None) == 1
    [stored] = stored_objects(environment)
    assert call_id in str(stored)


async def test_retry_after_a_crash_between_row_and_answer_gets_the_same_call(
    server: Server,
    environment: dict[str, str],
    silent_redis: str,
    resources: Resources,
    database: Database,
    tmp_path: Path,
) -> None:
    before = server.stored_files
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        with run_server(tmp_path / "dying", {**environment, "REDIS_URL": silent_redis}) as dying:
            # Between the commit and the answer the workers are told, which this Redis makes take its time.
            lost = asyncio.create_task(client.post(f"{dying.url}/api/calls/analyze", content=BODY, headers=HEADERS))
            async with asyncio.timeout(30):
                while not (ids := await call_ids(database)):
                    await asyncio.wait([lost], timeout=0.01)
            os.kill(dying.pid, signal.SIGKILL)
            with pytest.raises(httpx.HTTPError):
                await lost
        async with database.transaction() as session:
            minute_ago = func.now() - timedelta(seconds=61)
            await session.execute(update(IdempotencyRecord).values(alive_at=minute_ago))

        retry = await client.post(f"{server.url}/api/calls/analyze", content=BODY, headers=HEADERS)
        again = await client.post(f"{server.url}/api/calls/analyze", content=BODY, headers=HEADERS)

    assert (retry.status_code, retry.json()["id"]) == (202, ids[0])
    assert (again.content, again.headers["idempotency-replayed"]) == (retry.content, "true")
    assert await call_ids(database) == ids
    assert len(stored_objects(environment)) == 1
    assert server.stored_files == before
