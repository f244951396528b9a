"""How long the API takes to accept a recording, and to list calls, beside the least that the same work can cost.

Starts embedded servers and one API process in a temporary folder, without a worker, so that nothing else uses the
processors. The floor of an upload is what it promises: the same bytes stored and synced, and a committed row.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy import text

from app.client.api import ScryonClient
from app.db import Database, migrate_now
from app.embedded.servers import EmbeddedServers
from app.settings import load_settings
from app.storage.store import open_store
from app.supervisor import Supervisor, bind

WARM_UP = 20
ROUNDS = 200
MIB = 1024**2
TARGET_ACCEPT_MS = 50.0
INSERT = text("INSERT INTO users (id, external_user_id) VALUES (:id, CAST(CAST(:id AS uuid) AS text))")


def wave(size: int) -> bytes:
    """A WAV header in front of noise: what the API looks at is the first bytes only."""
    return b"RIFF" + (size - 8).to_bytes(4, "little") + b"WAVEfmt " + os.urandom(size - 16)


async def measure(work: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds of each round, after a warm-up."""
    for _ in range(WARM_UP):
        await work()
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return took


def report(name: str, took: list[float]) -> float:
    """Print one row and return its median."""
    ordered = sorted(took)
    median = statistics.median(ordered)
    print(f"{name:<34}{median:9.2f}{ordered[int(len(ordered) * 0.95)]:9.2f}{ordered[-1]:9.2f}")
    return median


async def run(base_url: str, database_url: str, folder: Path) -> float:
    recording = wave(MIB)
    database = Database(database_url)
    store = open_store(load_settings(data_dir=folder / "floor"))

    async def floor() -> None:
        await store.put(f"users/u/calls/{uuid4()}/temp/audio.wav", recording)
        async with database.transaction() as session:
            await session.execute(INSERT, {"id": uuid4()})

    async with httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False) as client:

        async def accept() -> None:
            answer = await client.post("/api/calls/analyze", files={"file": ("call.wav", recording, "audio/wav")})
            assert answer.status_code == 202, answer.text

        async def health() -> None:
            assert (await client.get("/api/health")).status_code == 200

        async def page() -> None:
            assert len((await client.get("/api/calls?limit=100")).json()["items"]) == 100

        print(f"{'milliseconds':<34}{'median':>9}{'p95':>9}{'max':>9}")
        report("floor: 1 MB synced, a row", await measure(floor))
        median = report("POST /api/calls/analyze, 1 MB", await measure(accept))
        report("GET /api/health", await measure(health))
        report("GET /api/calls?limit=100", await measure(page))
    await database.close()
    return median


def main() -> None:
    """Run everything; exit with 1 when an upload is not accepted within its target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers = EmbeddedServers.start(folder)
        try:
            assert servers.database_url is not None
            assert servers.redis_url is not None
            migrate_now(servers.database_url)
            environment = {
                "DB_URL": servers.database_url,
                "REDIS_URL": servers.redis_url,
                "SCRYON_DATA_DIR": str(folder / "data"),
                "LOGGING_LEVEL_COM_SCRYON": "WARNING",
            }
            supervisor = Supervisor()
            with bind("127.0.0.1", 0) as listener, supervisor.until_signalled():
                supervisor.start(["serve", "--listen-fd", str(listener.fileno())], pass_fds=[listener.fileno()])
                supervisor.configure(environment)
                base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                client = ScryonClient(base_url)
                while not client.is_healthy() and supervisor.find_ended() is None:
                    time.sleep(0.05)
                median = asyncio.run(run(base_url, servers.database_url, folder))
        finally:
            servers.stop()
    if median > TARGET_ACCEPT_MS:
        raise SystemExit(f"An upload takes {median:.1f} ms to accept; the target is {TARGET_ACCEPT_MS:.0f} ms.")


if __name__ == "__main__":
    main()
