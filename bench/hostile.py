"""What a normal user feels while hostile clients are at work: `GET /api/calls` without and with each of them.

Quiet and loaded stretches take turns, so that a machine that is busy with something else slows down both alike. The
target is a 95th percentile that at most doubles. The load comes from a process of its own; with fewer than three cores
it also competes with what is measured. Without a worker: what recordings cost is `bench/scaling.py`'s business.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import httpx

from bench.hostile_loads import ATTACKS
from bench.processes import memory_mib
from bench.serving import Served, serve

TARGET_RATIO = 2.0
TURNS = 2
STRETCH_SECONDS = 1.2
WARM_UP = 100
CALLS = 20
"""Of the user, so that there is something to list."""

MIB = 1024


@dataclass(frozen=True, slots=True)
class Effect:
    """What one load did: milliseconds, MiB, and answers by their number."""

    load: str
    quiet_p50: float
    quiet_p95: float
    loaded_p50: float
    loaded_p95: float
    p95_ratio: float
    refused: int
    """Requests of the normal user that were not answered with 200."""
    rss_growth: float
    answers: dict[str, int]


@dataclass(slots=True)
class User:
    """A normal user who looks at their calls, one time after the other."""

    client: httpx.AsyncClient
    refused: int = 0
    took: list[float] = field(default_factory=list)

    async def look(self, seconds: float) -> list[float]:
        """Milliseconds of each look of that time; the first one may have to connect, and does not count."""
        took, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.perf_counter()
            answer = await self.client.get("/api/calls")
            took.append((time.perf_counter() - started) * 1000)
            self.refused += answer.status_code != 200
        return took[1:]


@contextmanager
def loaded(name: str, url: str, answers: dict[str, int]) -> Iterator[None]:
    """Let a load go on while the block runs, and add up what it was answered."""
    command = [sys.executable, "-m", "bench.hostile_loads", name, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield
            found, _ = process.communicate("", timeout=30)
        except BaseException:
            process.kill()
            raise
    for answer, count in json.loads(found).items():
        answers[answer] = answers.get(answer, 0) + count


async def measure(name: str, served: Served, user: User) -> Effect:
    """Take turns without and with a load."""
    quiet: list[float] = []
    under_load: list[float] = []
    answers: dict[str, int] = {}
    before, most = memory_mib(served.api_id), 0.0
    user.refused = 0
    for _ in range(TURNS):
        quiet += await user.look(STRETCH_SECONDS)
        with loaded(name, served.base_url, answers):
            under_load += await user.look(STRETCH_SECONDS)
            most = max(most, memory_mib(served.api_id))
    quiet_p95, loaded_p95 = percentile(quiet), percentile(under_load)
    return Effect(
        name,
        statistics.median(quiet),
        quiet_p95,
        statistics.median(under_load),
        loaded_p95,
        loaded_p95 / quiet_p95,
        user.refused,
        most - before,
        answers,
    )


def percentile(took: list[float]) -> float:
    """The 95th."""
    return sorted(took)[int(len(took) * 0.95)]


async def run(served: Served) -> list[Effect]:
    """Measure every load, and print a row for each."""
    print(f"{'milliseconds':<16}{'p50':>8}{'p95':>8}{'p50':>9}{'p95':>8}{'ratio':>7}{'MiB':>8}  answers")
    effects = []
    async with httpx.AsyncClient(base_url=served.base_url, timeout=30, trust_env=False) as client:
        for _ in range(CALLS):
            await client.post("/api/calls/analyze", files={"file": ("call.wav", b"RIFF____WAVE", "audio/wav")})
        for _ in range(WARM_UP):
            await client.get("/api/calls")
        user = User(client)
        for name in ATTACKS:
            effect = await measure(name, served, user)
            effects.append(effect)
            refused = f"; of ours {effect.refused} refused" if effect.refused else ""
            answers = ", ".join(f"{count} × {answer}" for answer, count in sorted(effect.answers.items()))
            print(
                f"{name:<16}{effect.quiet_p50:8.1f}{effect.quiet_p95:8.1f}{effect.loaded_p50:9.1f}"
                f"{effect.loaded_p95:8.1f}{effect.p95_ratio:7.2f}{effect.rss_growth:8.1f}  {answers}{refused}",
                flush=True,
            )
    return effects


def main() -> None:
    """Run everything; the last line is JSON. Exit with 1 when a load does more than the target."""
    with serve({"LOGGING_LEVEL_COM_SCRYON": "ERROR"}) as served:
        effects = asyncio.run(run(served))
    loads = [asdict(effect) for effect in effects]
    print(json.dumps({"bench": "hostile", "targetRatio": TARGET_RATIO, "loads": loads}))
    too_much = [effect.load for effect in effects if effect.p95_ratio > TARGET_RATIO]
    if too_much:
        raise SystemExit(f"More than {TARGET_RATIO:g} times as slow under: {', '.join(too_much)}.")


if __name__ == "__main__":
    main()
