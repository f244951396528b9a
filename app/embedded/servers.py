"""PostgreSQL 18 and Redis for `scryon dev` and the tests, from the wheels of the extra `embedded`."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from app.embedded.errors import EmbeddedServersError
from app.embedded.watchdog import Order, Report

_STOP_SECONDS = 40.0
"""The watchdog forces servers to end after 25 s."""


class EmbeddedServers:
    """Running servers. They stop with `stop`, at the end of a `with` block, or when this process ends in any way.

    `database_url` and `redis_url` are None for a server that was not asked for. Both lead to sockets in a folder that
    only this user can enter; there is no network port.
    """

    def __init__(self, watchdog: "subprocess.Popen[str]", report: Report) -> None:
        self._watchdog = watchdog
        self.database_url = report.database_url
        self.redis_url = report.redis_url

    @classmethod
    def start(cls, data_dir: Path, *, postgres: bool = True, redis: bool = True) -> Self:
        """Start the servers on their data in `data_dir` and wait until they take connections; blocks.

        The first start makes the directory, the role and the database `scryon`.

        Raises:
            EmbeddedServersError: a package is missing, the directory is in use or not writable, or a server fails.
        """
        order = Order(str(Path(data_dir).absolute()), postgres=postgres, redis=redis, parent_pid=os.getpid())
        watchdog = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "app.embedded.watchdog", json.dumps(asdict(order))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path)},
            start_new_session=True,
        )
        try:
            report = _read_report(watchdog)
        except BaseException:
            _stop(watchdog)
            raise
        return cls(watchdog, report)

    def stop(self) -> None:
        """Stop the servers in order and wait for their end; a second call does nothing."""
        _stop(self._watchdog)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _read_report(watchdog: "subprocess.Popen[str]") -> Report:
    assert watchdog.stdout is not None
    line = watchdog.stdout.readline()
    if not line:
        raise EmbeddedServersError("The embedded servers did not start: their watchdog has ended")
    report = Report(**json.loads(line))
    if report.error is not None:
        raise EmbeddedServersError(report.error)
    return report


def _stop(watchdog: "subprocess.Popen[str]") -> None:
    """Close the pipe, which tells the watchdog to end the servers and itself."""
    for pipe in (watchdog.stdin, watchdog.stdout):
        if pipe is not None:
            pipe.close()
    try:
        watchdog.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        watchdog.kill()
        watchdog.wait()
