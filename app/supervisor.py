"""Runs the parts of Scryon as child processes: what `scryon dev`, `scryon demo` and several workers share.

Children inherit a listening socket, and start before it is known where database and queue are: while those come up, a
child loads its code, then waits for the rest of its environment on standard input. Children end with their parent,
however it ends: the kernel tells them (`follow_parent`). A child that ends by itself ends the whole.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

PARENT_VARIABLE = "SCRYON_SUPERVISOR_PID"
STOP_TIMEOUT_SECONDS = 25.0
"""A worker needs 20 s to drain and to let go of its calls (jobs/worker.py); orchestrators kill after 30 s."""

_PR_SET_PDEATHSIG = 1


class PortTakenError(Exception):
    """Somebody else listens there."""


def follow_parent() -> None:
    """In a supervised child: wait for the environment; end with SIGTERM when the supervisor ends, even by SIGKILL."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    environment = sys.stdin.readline()
    if os.getppid() != int(parent) or not environment:
        raise SystemExit("The supervisor is gone.")
    os.environ.update(json.loads(environment))


def has_lost_parent() -> bool:
    """Whether this is a supervised child whose supervisor has ended, and with it the embedded servers, if any."""
    parent = os.environ.get(PARENT_VARIABLE)
    return parent is not None and os.getppid() != int(parent)


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes a free one. The socket is inheritable.

    Raises:
        PortTakenError: the port is taken, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise PortTakenError(f"SERVER_PORT: cannot listen on {host}:{port} ({error.strerror})") from error
    listener.set_inheritable(True)
    return listener


class Supervisor:
    """Child processes that live and end together. Use it in the main thread."""

    def __init__(self) -> None:
        self._environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        self._children: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()
        self._signals = 0

    def start(self, command: Sequence[str], *, pass_fds: Sequence[int] = ()) -> int:
        """Start `scryon COMMAND` as a child, in a session of its own, so that Ctrl-C reaches only the supervisor.

        Returns the id of its process.
        """
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "app.cli", *command],
            env=self._environment,
            stdin=subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        self._children.append(child)
        return child.pid

    def configure(self, environment: Mapping[str, str]) -> None:
        """Tell all children the rest of their environment, once; they wait for it."""
        for child in self._children:
            assert child.stdin is not None
            with suppress(BrokenPipeError), child.stdin:
                child.stdin.write(json.dumps(dict(environment)).encode() + b"\n")

    @contextmanager
    def until_signalled(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as the wish to stop; stop all children when the block ends, whatever ends it."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def find_ended(self) -> int | None:
        """The exit status of a child that has ended by itself, None while all live."""
        for child in self._children:
            status = child.poll()
            if status is not None:
                return status
        return None

    def wait(self) -> int:
        """Wait for a signal (0) or for the end of a child (1)."""
        while not self._stopping.wait(0.2):
            if self.find_ended() is not None:
                return 1
        return 0

    def stop(self) -> None:
        """Ask all children to end, wait, and kill those that do not; a signal meanwhile asks them to hurry."""
        deadline, obeyed = time.monotonic() + STOP_TIMEOUT_SECONDS, self._signals
        self._terminate()
        while self._has_running() and time.monotonic() < deadline:
            time.sleep(0.05)
            if self._signals > obeyed:
                obeyed = self._signals
                self._terminate()
        for child in self._children:
            child.kill()
            child.wait()
        self._children.clear()

    def _terminate(self) -> None:
        for child in self._children:
            child.terminate()

    def _has_running(self) -> bool:
        return any(child.poll() is None for child in self._children)
