"""A process of Scryon that can be killed and started again, as often as it takes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.supervisor import PARENT_VARIABLE

STOP_SECONDS = 30.0


class Process:
    """`python -m ARGUMENTS` with this environment; its log goes on over all its lives.

    It ends with this process, however that ends (`app/supervisor.py`). Start it from the main thread.
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, pass_fds: Sequence[int] = ()
    ) -> None:
        self.log = log
        self.peak_kib = 0
        self.own_ends = 0
        """How often it has ended by itself."""
        self._arguments = arguments
        self._environment = dict(environment)
        self._pass_fds = tuple(pass_fds)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again after its end; returns at once."""
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                env={**os.environ, PARENT_VARIABLE: str(os.getpid())},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=self._pass_fds,
                start_new_session=True,
            )
        assert self._child.stdin is not None
        with suppress(BrokenPipeError), self._child.stdin as stdin:
            stdin.write(json.dumps(self._environment).encode() + b"\n")

    def look_after(self) -> None:
        """Start it again if it has ended by itself, and take note of that; also of how much memory it has had."""
        assert self._child is not None
        if self._child.poll() is not None:
            self.own_ends += 1
            self.start()
        with suppress(OSError, StopIteration):
            status = Path(f"/proc/{self._child.pid}/status").read_text().splitlines()
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
            self.peak_kib = max(self.peak_kib, peak)

    def restart(self) -> None:
        """SIGKILL, as the kernel's out-of-memory killer would, and a new start, as a supervisor would."""
        self._kill()
        self.start()

    def stop(self) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()

    def _kill(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()
