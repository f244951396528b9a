"""Everything that a run breaks: embedded servers, API and worker processes, a bucket, providers."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.db import migrate_now
from app.embedded.servers import EmbeddedServers
from app.settings import Settings, load_settings
from app.supervisor import bind
from tests.chaos.doubles import Doubles, open_doubles
from tests.chaos.processes import Process
from tests.doubles.s3 import Bucket, S3Double

START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A running Scryon. `settings` lead to its stores; `servers_folder` is the data directory of Postgres and Redis."""

    settings: Settings
    folder: Path
    urls: tuple[str, ...]
    apis: tuple[Process, ...]
    workers: tuple[Process, ...]
    bucket: Bucket
    doubles: Doubles

    @property
    def servers_folder(self) -> Path:
        return self.folder / "servers"

    @property
    def processes(self) -> tuple[Process, ...]:
        return (*self.apis, *self.workers)


@contextmanager
def run_stack(*, apis: int, workers: int) -> Iterator[Stack]:
    """Start everything, and stop it in reverse when the block ends; all APIs answer when it begins.

    The logs of the processes lie in its folder, which stays.
    """
    folder = Path(tempfile.mkdtemp(prefix="scryon-chaos-"))
    with ExitStack() as stack:
        servers = stack.enter_context(EmbeddedServers.start(folder / "servers"))
        assert servers.database_url is not None
        assert servers.redis_url is not None
        migrate_now(servers.database_url)
        doubles, s3 = stack.enter_context(open_doubles()), stack.enter_context(S3Double())
        bucket = s3.make_bucket()
        values = {"db_url": servers.database_url, "redis_url": servers.redis_url, **bucket.settings()}
        environment = {
            **{name.upper(): value for name, value in values.items()},
            **doubles.environment,
            "FLYWAY_ENABLED": "false",
            "SCRYON_PROFILE": "test",
            "SCRYON_DATA_DIR": str(folder / "data"),
        }
        listeners = [stack.enter_context(bind("127.0.0.1", 0)) for _ in range(apis)]
        running = Stack(
            load_settings(**values, configured_profile="test"),
            folder,
            tuple(f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners),
            tuple(
                _api(listener.fileno(), environment, folder / f"api-{number}.log")
                for number, listener in enumerate(listeners)
            ),
            tuple(_worker(doubles, environment, folder / f"worker-{number}.log") for number in range(workers)),
            bucket,
            doubles,
        )
        for process in running.processes:
            stack.callback(process.stop)
            process.start()
        _wait_until_healthy(running)
        yield running


def _api(descriptor: int, environment: Mapping[str, str], log: Path) -> Process:
    arguments = ["app.cli", "serve", "--listen-fd", str(descriptor)]
    return Process(arguments, environment, log, pass_fds=[descriptor])


def _worker(doubles: Doubles, environment: Mapping[str, str], log: Path) -> Process:
    arguments = ["tests.chaos.worker", doubles.fcm.fcm_url, doubles.fcm.token_url]
    return Process(arguments, {**environment, **doubles.push_environment}, log)


def _wait_until_healthy(stack: Stack) -> None:
    deadline = time.monotonic() + START_SECONDS
    for url in stack.urls:
        while not _is_healthy(url):
            if time.monotonic() > deadline:
                raise SystemExit(f"The stack did not start; see {stack.folder}.")
            time.sleep(0.05)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=1, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
