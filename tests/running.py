"""A real `scryon dev` in a process of its own, for tests of the whole."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60.0
_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "DATABASE_", "REDIS_"))}


class DevServer:
    """Started by its constructor on a free port; `stop` and `kill` end it, and wait for its whole family."""

    def __init__(self, data_dir: Path) -> None:
        self._log = (data_dir.parent / f"{data_dir.name}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "dev", "--data-dir", str(data_dir), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_CLEAN,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        found = re.search(r"http://[^/]+", line)
        assert found, f"scryon dev did not start: {Path(self._log.name).read_text()[-2000:]}"
        self.http = httpx.Client(base_url=found[0], timeout=30, trust_env=False)

    def upload(self, name: str, content: bytes, metadata: str = "{}") -> str:
        """Submit a recording; returns the call's id."""
        answer = self.http.post("/api/calls/analyze", files={"file": (name, content)}, data={"metadata": metadata})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def call(self, call_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/calls/{call_id}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def wait_until_finished(self, call_id: str, seconds: float = 120) -> dict[str, Any]:
        """The call, when it is COMPLETED or FAILED."""
        wait_for(lambda: self.call(call_id)["status"] in ("COMPLETED", "FAILED"), seconds)
        return self.call(call_id)

    def family(self) -> set[int]:
        """The ids of the process and of all its descendants."""
        parents = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
        family = {self._process.pid}
        while grown := {child for child, parent in parents.items() if parent in family} - family:
            family |= grown
        return family

    def kill(self) -> None:
        """SIGKILL the supervisor, as the kernel would, and wait until nothing of it runs any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        return self._end(signal.SIGINT)

    def _end(self, number: signal.Signals) -> int:
        family = self.family()
        self._process.send_signal(number)
        status = self._process.wait(60)
        wait_for(lambda: not any(is_running(pid) for pid in family), 60)
        self.http.close()
        self._log.close()
        return status


def is_running(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Look every 50 ms until the condition holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)
