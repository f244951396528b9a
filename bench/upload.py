"""How long an upload of 50 MB takes, how much memory it needs, and whether it leaves anything outside of storage.

Scryon stores the recording, synced, and commits a row; `baselines/streaming.py` hashes the same form and drops it. The
rounds are interleaved; the ratio is the median of the ratios of its rounds. Memory is the worst round's: the most that
the API process has had during an upload, over what it had before. One more upload, which is not timed, is watched:
nothing may come or go in the folder of temporary files, and no file be open but the recording.

    python -m bench.upload [ROUNDS]        (default: 9)
"""

import hashlib
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np

from bench.processes import forget_most_memory, memory_mib
from bench.serving import Served, run_baseline, serve

MIB = 1024**2
FILE_BYTES = 50 * MIB
TARGET_RATIO = 1.5
TARGET_MIB = 16
LOOK_SECONDS = 0.002
BOUNDARY = b"a1b2c3d4e5f6a7b8c9d0"
OPENING = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n'
CLOSING = b"\r\n--" + BOUNDARY + b"--\r\n"


class Recordings:
    """Makes recordings of 50 MB: a WAV header in front of noise, no two alike. What the API looks at is the header."""

    def __init__(self) -> None:
        noise = np.random.default_rng(1).bytes(FILE_BYTES)
        self._noise = memoryview(noise)

    def make(self) -> tuple[bytes, memoryview]:
        """The beginning and the rest."""
        head = b"RIFF" + (FILE_BYTES - 8).to_bytes(4, "little") + b"WAVEfmt " + uuid4().bytes
        return head, self._noise[len(head) :]


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer to an upload, whose recording had that SHA-256, and how long it took, the connecting included."""

    milliseconds: float
    answer: dict[str, str]
    sha256: str


def send(port: int, path: str, recordings: Recordings) -> Sent:
    """Upload a new recording over a new connection. Raises AssertionError when it is not accepted."""
    recording = recordings.make()
    digest = hashlib.sha256(recording[0])
    digest.update(recording[1])
    pieces: list[bytes | memoryview] = [OPENING, *recording, CLOSING]
    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}",
        "Content-Length": str(sum(map(len, pieces))),
    }
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, pieces, headers)
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - started) * 1000
    connection.close()
    assert answer.status in (200, 202), body[:500]
    return Sent(took, json.loads(body), digest.hexdigest())


class Api:
    """Scryon's process, whose recordings are looked at and deleted again."""

    def __init__(self, served: Served, recordings: Recordings) -> None:
        self._served = served
        self._recordings = recordings
        self.port = int(served.base_url.rpartition(":")[2])

    def upload(self) -> float:
        """Milliseconds of an upload. Raises AssertionError when something else is stored than was sent."""
        sent = send(self.port, "/api/calls/analyze", self._recordings)
        [stored] = self._served.folder.glob(f"data/**/{sent.answer['id']}/**/audio.wav")
        with stored.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == sent.sha256, "Not what was sent."
        self._delete(sent.answer["id"])
        return sent.milliseconds

    def _delete(self, call_id: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("DELETE", f"/api/calls/{call_id}")
        assert connection.getresponse().status == 204
        connection.close()

    def measure_memory(self, work: Callable[[], float]) -> tuple[float, float]:
        """What some work returns, and how many MiB the process has had more at a time than before it."""
        forget_most_memory(self._served.api_id)
        before = memory_mib(self._served.api_id)
        result = work()
        return result, memory_mib(self._served.api_id, most=True) - before

    def list_open_files(self) -> set[str]:
        """The files that the process has open, unlinked ones included; sockets and devices are none."""
        paths = set()
        for entry in Path(f"/proc/{self._served.api_id}/fd").iterdir():
            try:
                path = str(entry.readlink())
            except FileNotFoundError:
                continue
            if path.startswith("/") and not path.startswith("/dev/"):
                paths.add(path)
        return paths

    @contextmanager
    def watched(self) -> Iterator[set[str]]:
        """Collect the files that are open at some time while the block runs, and were not before."""
        before, seen, end = self.list_open_files(), set[str](), threading.Event()

        def watch() -> None:
            while not end.wait(LOOK_SECONDS):
                seen.update(self.list_open_files() - before)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            end.set()
            watcher.join()


def find_temporary_files(api: Api, served: Served, temporary: Path) -> list[str]:
    """Watch an upload: the files that are open meanwhile and are not in storage, and the folder if it changes."""
    before = temporary.stat().st_mtime_ns
    with api.watched() as seen:
        api.upload()
    storage = f"{served.folder / 'data'}/"
    assert any(path.startswith(storage) for path in seen), "Not even the recording was seen."
    found = sorted(path for path in seen if not path.startswith(storage))
    return found + ([str(temporary)] if temporary.stat().st_mtime_ns != before else [])


@dataclass(slots=True)
class Rounds:
    """What each round took, in milliseconds, and how many MiB on top of what the process had."""

    stored: list[float] = field(default_factory=list)
    dropped: list[float] = field(default_factory=list)
    grown: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(one / other for one, other in zip(self.stored, self.dropped, strict=True))


def measure(api: Api, baseline: int, recordings: Recordings, rounds: int) -> Rounds:
    """Let both take turns."""
    measured = Rounds()
    for _ in range(rounds):
        took, mib = api.measure_memory(api.upload)
        measured.stored.append(took)
        measured.grown.append(mib)
        sent = send(baseline, "/", recordings)
        assert sent.answer["sha256"] == sent.sha256, "The baseline has hashed something else."
        measured.dropped.append(sent.milliseconds)
    return measured


def report(measured: Rounds, strange: list[str]) -> list[str]:
    """Print a table and a JSON line; returns which targets are missed."""
    print(f"{'50 MB':<34}{'median':>9}{'best':>9}{'worst':>9}")
    for name, values in (
        ("stored, milliseconds", measured.stored),
        ("hashed and dropped, milliseconds", measured.dropped),
        ("memory on top, MiB", measured.grown),
    ):
        print(f"{name:<34}{statistics.median(values):9.1f}{min(values):9.1f}{max(values):9.1f}")
    print(f"{'ratio':<34}{measured.ratio:9.2f}   (target {TARGET_RATIO})")
    print(f"{'temporary files':<34}{len(strange):9}")
    row = {
        "scryon": round(statistics.median(measured.stored)),
        "baseline": round(statistics.median(measured.dropped)),
        "ratio": round(measured.ratio, 2),
        "mib": round(max(measured.grown), 1),
        "temporaryFiles": strange,
    }
    print(json.dumps({"bench": "upload", **row}))
    missed = {
        "time": measured.ratio > TARGET_RATIO,
        "memory": max(measured.grown) >= TARGET_MIB,
        "temporary files": bool(strange),
    }
    return [name for name, is_missed in missed.items() if is_missed]


def main() -> None:
    """Run everything; exit with 1 when a target is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with (
        tempfile.TemporaryDirectory() as temporary,
        serve({"TMPDIR": temporary}) as served,
        run_baseline("streaming", served.database_url) as baseline,
    ):
        recordings = Recordings()
        api = Api(served, recordings)
        measured = measure(api, baseline, recordings, rounds)
        missed = report(measured, find_temporary_files(api, served, Path(temporary)))
    if missed:
        raise SystemExit(f"Missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
