"""Child processes of the watchdog: whom they run as, what they inherit, and how they end."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.embedded.accounts import Account, send_signal

_PR_SET_PDEATHSIG = 1
_STOP_LADDER = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""What follows when a server ignores its own stop signal, and how many seconds each gets."""

STOP_SECONDS = 15.0
"""What a server gets for an orderly end: Postgres writes a checkpoint, Redis its file."""

_LOG_BYTES = 65_536
"""How much of a log is searched for a reason; every start begins with an empty log."""

_ERROR_LINE = re.compile(r"\b(?:FATAL|error): +(.+)")
"""How postgres and initdb mark the reason; what follows it are details and hints."""

_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: as `account` (as the caller if None), with `fds` open under the same numbers."""

    argv: Sequence[str]
    account: Account | None
    fds: Sequence[int] = ()


@dataclass(slots=True)
class Server:
    """A server, how to see that it is ready, and which signal ends it in order."""

    name: str
    command: Command
    log_fd: int
    stop_signal: signal.Signals
    is_ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, or start it again; returns at once."""
        self.process = spawn(self.command, output_fd=self.log_fd)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def spawn(
    command: Command, *, output_fd: int = subprocess.DEVNULL, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with an environment of ours, out of reach of the terminal's Ctrl-C."""
    account = command.account
    return subprocess.Popen(  # noqa: S603
        command.argv,
        stdin=stdin,
        stdout=output_fd,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        pass_fds=command.fds,
        start_new_session=True,
        umask=0o077,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        # Safe here: the watchdog has one thread only, which is also the one that the signal is bound to.
        preexec_fn=_end_with_watchdog if sys.platform == "linux" else None,
    )


def stop_all(servers: Sequence[Server]) -> None:
    """End the servers side by side: in order, or by force when that takes too long."""
    for server in servers:
        _signal(server, server.stop_signal)
    _wait(servers, STOP_SECONDS)
    for stronger, seconds in _STOP_LADDER:
        for server in servers:
            _signal(server, stronger)
        _wait(servers, seconds)


def kill(process: subprocess.Popen[bytes], command: Command) -> None:
    """End a program and what it has started, at once; without effect if it has ended."""
    if process.poll() is None:
        send_signal(-process.pid, signal.SIGKILL, command.account)
        process.wait()


def find_reason(log_fd: int) -> str:
    """Return what a log says about the end of its program: the last error, or else the last line."""
    lines = os.pread(log_fd, _LOG_BYTES, 0).decode(errors="replace").splitlines()
    errors = [match[1] for line in lines if (match := _ERROR_LINE.search(line))]
    return (errors or lines or ["it left no message"])[-1]


def _end_with_watchdog() -> None:
    """Ask the kernel for SIGINT (both servers end in order) should somebody kill the watchdog itself."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _signal(server: Server, number: signal.Signals) -> None:
    if server.process is not None and server.process.poll() is None:
        send_signal(server.process.pid, number, server.command.account)


def _wait(servers: Sequence[Server], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(server.is_running() for server in servers) and time.monotonic() < deadline:
        time.sleep(0.01)
