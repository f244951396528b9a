"""Running ffmpeg on memory: recordings reach it and leave it as anonymous memory files, never as paths on disk.

A memory file can be seeked, so containers whose index stands at the end (m4a, mp4, 3gp) decode too.
Source: pipeline.md, sections 3.2 and 14 (P2).
"""

import asyncio
import functools
import mmap
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

import structlog

from app.audio.recording import SAMPLE_RATE_HZ
from app.cancellation import bring_to_its_end

log = structlog.get_logger()

PCM_FORMAT = ("-f", "s16le", "-ar", str(SAMPLE_RATE_HZ))
"""How ffmpeg is told what the PCM of a recording is; its channels are another option."""

LARGE_FRAMES = "asetnsamples=n=16000:p=0"
"""The end of a chain of filters; it changes no sample.

Three threads of ffmpeg hand on each frame that a chain gives. Some filters give eighty for a second of sound, and then
the threads take nearly as long to wake each other as the filters to work.
"""

_LOG_HEAD_BYTES = 1024 * 1024
"""Stream descriptions follow the tags of a file, which may hold lyrics or pictures: so much is kept of the start."""

_LOG_TAIL_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024

MAX_DATA_BYTES = 2 * 1024**3
"""Memory of a run, apart from the files that it is given: decoding takes 50 MB, whatever a file says about itself."""

# One run per core, whoever asks: ffmpeg is bounded apart from the number of calls in work (pipeline.md, section 16).
_slots = asyncio.Semaphore(os.cpu_count() or 1)


class FfmpegMissingError(Exception):
    """No ffmpeg anywhere: neither where the settings point, nor on the PATH, nor bundled."""


class MemoryFile:
    """An anonymous file in memory that a child process can open by `path` while it inherits `descriptor`."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("audio", os.MFD_CLOEXEC)

    @property
    def path(self) -> str:
        return f"/proc/self/fd/{self.descriptor}"

    @property
    def size_bytes(self) -> int:
        return os.fstat(self.descriptor).st_size

    def append(self, data: bytes) -> None:
        """Write at the end of what was written so far."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]

    def view(self) -> memoryview:
        """The whole content without a copy; it outlives `close`."""
        size = self.size_bytes
        return memoryview(mmap.mmap(self.descriptor, size, prot=mmap.PROT_READ) if size else b"")

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class FfmpegRun:
    """How a run ended. `log` is the start and the end of what ffmpeg said; it holds tags of the file: never log it."""

    exit_code: int
    log: str


@functools.cache
def find_ffmpeg(configured: str) -> str:
    """Where ffmpeg is: as configured (a name or a path), else on the PATH, else the bundled binary if installed.

    Blocks: the bundled binary is tried once.

    Raises:
        FfmpegMissingError: there is none; warned once per process, looked for again at the next call.
    """
    found = shutil.which(configured) or shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # part of the extra `local`

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        _warn_missing()
        raise FfmpegMissingError from error


@functools.cache
def _warn_missing() -> None:
    log.warning("ffmpeg_missing")


async def run_ffmpeg(
    binary: str, arguments: Sequence[str], files: Sequence[MemoryFile], *, timeout_seconds: float
) -> FfmpegRun:
    """Run ffmpeg with `files` inherited; the deadline counts from when a core is free for it.

    The process is dead and collected when this returns or raises, also on cancellation.

    Raises:
        TimeoutError: the deadline passed.
    """
    command = (binary, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", *arguments)
    child = _Child(command, [file.descriptor for file in files])
    async with _slots, asyncio.timeout(timeout_seconds):
        try:
            return await asyncio.shield(running := asyncio.ensure_future(asyncio.to_thread(child.run)))
        except asyncio.CancelledError:
            child.kill()
            # Waited for, whatever comes in between, so that no zombie is left behind.
            await bring_to_its_end(_wait(running))
            raise


async def _wait(running: asyncio.Future[FfmpegRun]) -> None:
    with suppress(_KilledError):
        await running


class _KilledError(Exception):
    """The process was killed before it had begun."""


class _Child:
    """A process that one thread runs and another one may kill at any time.

    In a thread, since an event loop that starts processes by itself stands still while it is copied.
    """

    def __init__(self, command: Sequence[str], descriptors: Sequence[int]) -> None:
        self._command = command
        self._descriptors = descriptors
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_killed = False

    def run(self) -> FfmpegRun:
        """Start the process and wait for its end. Raises _KilledError when `kill` came first."""
        with self._start() as process:
            assert process.stderr is not None
            text = _read_log(process.stderr)
            return FfmpegRun(process.wait(), text)

    def kill(self) -> None:
        with self._lock:
            self._is_killed = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_killed:
                raise _KilledError
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=self._descriptors,
            )
            # It may have ended already.
            with suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (MAX_DATA_BYTES, MAX_DATA_BYTES))
            return self._process


def _read_log(stream: IO[bytes]) -> str:
    """Read all that ffmpeg says, keeping the start and the end: a broken file gets a line per frame."""
    head, tail = b"", b""
    while chunk := stream.read(_READ_BYTES):
        room = _LOG_HEAD_BYTES - len(head)
        head += chunk[:room]
        tail = (tail + chunk[room:])[-_LOG_TAIL_BYTES:]
    return (head + tail).decode(errors="replace")
