"""What benchmarks of the API share: a server of their own, and how its answers are timed."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.client.api import ScryonClient
from app.db import migrate_now
from app.embedded.servers import EmbeddedServers
from app.supervisor import Supervisor, bind
from bench.load import wait_until_open

WARM_UP = 20
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Served:
    """A running API, its database and a folder for the benchmark; the ids are those of the processes."""

    base_url: str
    database_url: str
    folder: Path
    api_id: int
    worker_id: int | None


@contextmanager
def serve(environment: Mapping[str, str], *, with_worker: bool = False) -> Iterator[Served]:
    """Start embedded servers and one API process in a temporary folder, and one worker process if asked for.

    `environment` goes to both on top of what they need.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers = EmbeddedServers.start(folder)
        try:
            assert servers.database_url is not None
            assert servers.redis_url is not None
            migrate_now(servers.database_url)
            supervisor = Supervisor()
            with bind("127.0.0.1", 0) as listener, supervisor.until_signalled():
                command = ["serve", "--listen-fd", str(listener.fileno())]
                api_id = supervisor.start(command, pass_fds=[listener.fileno()])
                worker_id = supervisor.start(["worker"]) if with_worker else None
                supervisor.configure(
                    {
                        "DB_URL": servers.database_url,
                        "REDIS_URL": servers.redis_url,
                        "SCRYON_DATA_DIR": str(folder / "data"),
                        "LOGGING_LEVEL_COM_SCRYON": "WARNING",
                        **environment,
                    }
                )
                base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                client = ScryonClient(base_url)
                while not client.is_healthy() and supervisor.find_ended() is None:
                    time.sleep(0.05)
                client.close()
                yield Served(base_url, servers.database_url, folder, api_id, worker_id)
        finally:
            servers.stop()


@contextmanager
def run_baseline(module: str, database_url: str) -> Iterator[int]:
    """Serve a module of `bench.baselines` with uvicorn, as one process; gives its port."""
    # Not `--fd`: uvicorn takes such a socket for a local one and leaves Nagle's algorithm on, at 40 ms an answer.
    with bind("127.0.0.1", 0) as listener:
        port = int(listener.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", f"bench.baselines.{module}:app", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "warning", "--no-access-log"], env={**os.environ, "DB_URL": database_url}
    )
    try:
        asyncio.run(wait_until_open(port))
        yield port
    finally:
        process.terminate()
        process.wait(20)


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


def print_head() -> None:
    """Print what the columns of `report` are."""
    print(f"{'milliseconds':<34}{'median':>9}{'p95':>9}{'max':>9}")


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds."""

    median: float
    p95: float


def report(name: str, took: list[float]) -> Timing:
    """Print one row and return what counts of it."""
    ordered = sorted(took)
    timing = Timing(statistics.median(ordered), ordered[int(len(ordered) * 0.95)])
    print(f"{name:<34}{timing.median:9.2f}{timing.p95:9.2f}{ordered[-1]:9.2f}")
    return timing
