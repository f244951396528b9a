"""Jobs for the pool: functions that child processes can import."""

import ctypes
import os
from pathlib import Path

from threadpoolctl import threadpool_info  # type: ignore[import-untyped]


def double(number: int) -> int:
    return 2 * number


def refuse(number: int) -> int:
    raise ValueError(number)


def get_pid(_: object) -> int:
    return os.getpid()


def list_thread_limits(_: object) -> set[int]:
    """How many threads each OpenMP that is loaded may have."""
    loaded = [library["filepath"] for library in threadpool_info() if library["user_api"] == "openmp"]
    return {ctypes.CDLL(path).omp_get_thread_limit() for path in loaded}


def die_once(marker: str) -> str:
    """Kill the child process, unless that has happened already."""
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), 9)
    return "alive"


def die(_: object) -> None:
    os.kill(os.getpid(), 9)


def wait_for_end(fifo: str) -> None:
    """Tell through the pipe that the job has begun, and go on for longer than any test."""
    Path(fifo).write_text(str(os.getpid()))
    os.read(os.pipe()[0], 1)
