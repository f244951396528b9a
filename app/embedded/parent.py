"""The watchdog's view of the process that it serves: still there, or is it time to stop?"""

import os
import select
import signal
from types import FrameType


class StopRequestedError(Exception):
    """The parent has asked for the end, or has died, or this process got SIGTERM or SIGINT."""


class Parent:
    """The process with this id, which holds the other end of the pipe that is our standard input.

    The pipe tells at once. The comparison of process ids is there for the case that a fork of the parent, which
    inherited the pipe, outlives it.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._signalled = False
        # Whoever started us may have blocked or ignored signals, and that is inherited.
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def pause(self, seconds: float) -> None:
        """Sleep.

        Raises:
            StopRequestedError: it is time to stop; then it returns early.
        """
        readable, _, _ = select.select([0], [], [], seconds)
        if readable or self._signalled or os.getppid() != self._pid:
            raise StopRequestedError

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True
