"""Runs the API: as its own process on a loopback port, or in this one without sockets."""

import dataclasses
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.auth.firebase import open_firebase
from app.main import create_app
from app.resources import Resources

START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running API: where it listens, its process, its folders and where its log goes."""

    url: str
    pid: int
    data_dir: Path
    temp_dir: Path
    log: Path

    @property
    def stored_files(self) -> list[Path]:
        """What lies in its object store, staged parts included."""
        return [path for path in (self.data_dir / "storage").rglob("*") if path.is_file()]

    def status_kib(self, name: str) -> int:
        """A figure of `/proc/PID/status`, such as `VmRSS`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))

    def open_files(self) -> list[str]:
        """Regular files that the process has open just now."""
        found = []
        for descriptor in Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                target = os.readlink(descriptor)
            except OSError:
                continue
            if target.startswith("/") and not target.startswith(("/dev", "/proc")):
                found.append(target)
        return found


@contextmanager
def run_server(folder: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Start `scryon serve` and stop it when the block ends."""
    data_dir, temp_dir, log = folder / "data", folder / "temp", folder / "log"
    temp_dir.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as output:
        listener.set_inheritable(True)
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--listen-fd", str(listener.fileno())],
            env=_environment(data_dir, temp_dir, environment),
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_until_healthy(process, url, log)
            yield Server(url, process.pid, data_dir, temp_dir, log)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def run_worker(folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Start `scryon worker` and stop it when the block ends; the block gets the file that its log goes to.

    Calls wait until it is there, so nobody has to wait for it.
    """
    data_dir, temp_dir, log = folder / "data", folder / "temp", folder / "log"
    temp_dir.mkdir(parents=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker"],
            env=_environment(data_dir, temp_dir, environment),
            stdout=output,
            stderr=output,
        )
        try:
            yield log
        finally:
            process.terminate()
            process.wait(30)


def _environment(data_dir: Path, temp_dir: Path, environment: Mapping[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "SCRYON_DATA_DIR": str(data_dir),
        "SCRYON_PROFILE": "test",
        # Tests change accounts behind the server's back.
        "SCRYON_ACCOUNT_CACHE_SECONDS": "0",
        "TMPDIR": str(temp_dir),
        **environment,
    }


def _wait_until_healthy(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/health", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{log.read_text()}")


@asynccontextmanager
async def rest_client(resources: Resources, **values: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application with other settings over the same connections, without sockets."""
    settings = resources.settings.model_copy(update=values)
    async with open_firebase(settings) as firebase:
        app = create_app(settings)
        app.state.resources = dataclasses.replace(resources, settings=settings, firebase=firebase)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
