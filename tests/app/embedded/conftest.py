"""Applications that use the embedded servers, as processes that can be killed, and ways to look at what is left."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any

import asyncpg
import psutil
import pytest

from app.embedded.servers import EmbeddedServers

DEADLINE_SECONDS = 30.0

APPLICATION = """
import signal
# Whoever runs the tests in the background has them ignore SIGINT, and their children, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
import json, sys
from pathlib import Path
from app.embedded.servers import EmbeddedServers

with EmbeddedServers.start(Path(sys.argv[1])) as servers:
    {after_start}
    print(json.dumps([servers.database_url, servers.redis_url]), flush=True)
    sys.stdin.read()
"""


@dataclass
class Application:
    """A process in a group of its own, as a shell starts it, that runs the embedded servers until its input ends."""

    process: "subprocess.Popen[str]"
    database_url: str = field(default="", init=False)
    redis_url: str = field(default="", init=False)

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        self.database_url, self.redis_url = json.loads(self.process.stdout.readline())

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def descendant(self, name: str) -> psutil.Process:
        """The oldest process with this word in its command line."""
        found = [process for process in self.descendants() if name in _command_line(process)]
        return min(found, key=lambda process: process.create_time())

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, as a terminal does, and wait for the application's end."""
        os.killpg(self.process.pid, number)
        self.process.wait(DEADLINE_SECONDS)


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # Postgres has short-lived workers.
        return ""


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Look again and again until the condition holds; fail after a deadline."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait


@pytest.fixture
def wait_for_end(wait_until: Callable[[Callable[[], bool]], None]) -> Callable[[Sequence[psutil.Process]], None]:
    """Wait until the processes are gone."""
    return lambda processes: wait_until(lambda: all(map(_has_ended, processes)))


def _has_ended(process: psutil.Process) -> bool:
    try:
        # An orphan that has ended stays in the list until the first process of the machine takes note, if ever.
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def start_application(wait_for_end: Callable[[Sequence[psutil.Process]], None]) -> Iterator[Callable[..., Application]]:
    """Start an application on a data directory; `path` is its PYTHONPATH."""
    applications = []

    def start(
        data_dir: Path,
        *,
        python: str = sys.executable,
        path: Sequence[str] = tuple(sys.path),
        uid: int | None = None,
        before_start: str = "",
        after_start: str = "",
        wait: bool = True,
    ) -> Application:
        code = before_start + APPLICATION.format(after_start=after_start)
        process = subprocess.Popen(
            [python, "-P", "-c", code, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(path)},
            start_new_session=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )
        applications.append(Application(process))
        if wait:
            applications[-1].wait_until_ready()
        return applications[-1]

    yield start
    for application in applications:
        processes = application.descendants() if application.process.poll() is None else []
        with suppress(ProcessLookupError):
            os.killpg(application.process.pid, signal.SIGKILL)
        application.process.communicate(timeout=DEADLINE_SECONDS)
        wait_for_end(processes)


@pytest.fixture(scope="session")
def seed_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory after its first start; making the cluster is the slow part."""
    path = tmp_path_factory.mktemp("embedded") / "seed"
    EmbeddedServers.start(path).stop()
    yield path
    rmtree(path)


@pytest.fixture
def data_dir(seed_dir: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory that has been used before, of this test's own; pytest would keep its 40 MB for days."""
    path = tmp_path / "data"
    yield copytree(seed_dir, path)
    rmtree(path)


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder that every user can enter, unlike those of pytest."""
    path = Path(mkdtemp(prefix="scryon-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    rmtree(path)


@pytest.fixture
def run_sql() -> Callable[[str, str], Any]:
    """Run one statement and return the first value of its first row."""

    async def run(url: str, statement: str) -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    def run_in_own_loop(url: str, statement: str) -> Any:
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(run(url, statement))
        finally:
            loop.close()

    return run_in_own_loop
