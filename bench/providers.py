"""How long one worker takes for 100 calls whose providers each let it wait for 5 s, and how much memory it needs.

Everything is real but the providers: an API process that takes the recordings, one worker process with its default
settings, Postgres, Redis, storage. Transcription and diarization wait side by side, the analysis after them, so that
nobody can be faster than the two waits; what comes on top is the worker's own.
"""

import asyncio
import io
import json
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import numpy as np
from sqlalchemy import text

from app.db import Database
from bench.processes import memory_mib
from bench.serving import Served, serve
from tests.doubles.environment import provider_environment
from tests.doubles.lemonfox import Lemonfox
from tests.doubles.openai import Completion, OpenAi
from tests.doubles.pyannote import Pyannote

CALLS = 100
RECORDING_SECONDS = 2
WAIT_SECONDS = 5
POLL_INTERVAL_SECONDS = 1
PARALLEL_UPLOADS = 8
FLOOR_SECONDS = 2 * WAIT_SECONDS
TARGET_SECONDS = 20
TARGET_MIB = 400
GIVE_UP_SECONDS = 120

ANALYSIS = {"schemaVersion": 3, "oneLineSummary": "A price.", "actionItems": [{"title": "Send the price"}]}
STAGES = text(
    "SELECT stage, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms),"
    " percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)"
    " FROM call_processing_events WHERE status = 'COMPLETED' AND duration_ms IS NOT NULL"
    " GROUP BY stage ORDER BY min(created_at)"
)
STATUSES = text("SELECT status, count(*) FROM call_records GROUP BY status")


@contextmanager
def open_providers() -> Iterator[dict[str, str]]:
    """The three doubles, each as slow as it shall be; the block gets what the worker has to be told."""
    with ExitStack() as stack:
        lemonfox, pyannote, openai = Lemonfox(), Pyannote(), OpenAi()
        for double in (lemonfox, pyannote, openai):
            stack.enter_context(double)
        lemonfox.delay_seconds = openai.delay_seconds = WAIT_SECONDS
        pyannote.script.polls_until_end, pyannote.script.seconds_until_end = 0, WAIT_SECONDS
        openai.completion = Completion(json.dumps(ANALYSIS))
        yield {
            **provider_environment(lemonfox, pyannote, openai),
            "SCRYON_DIARIZATION_POLL_INTERVAL_SECONDS": str(POLL_INTERVAL_SECONDS),
        }


def make_recording() -> bytes:
    """Two seconds of a voice-like buzz, 16 kHz mono."""
    times = np.arange(RECORDING_SECONDS * 16_000) / 16_000
    buzz = np.sum([np.sin(2 * np.pi * 120 * harmonic * times) / harmonic for harmonic in range(1, 12)], axis=0)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes((buzz * 6000).astype("<i2").tobytes())
    return file.getvalue()


async def run(served: Served) -> float:
    """Upload all, wait until all are finished; returns the seconds from the first upload on."""
    recording = make_recording()
    slots = asyncio.Semaphore(PARALLEL_UPLOADS)
    database = Database(served.database_url, pool_size=3)
    async with httpx.AsyncClient(base_url=served.base_url, timeout=60, trust_env=False) as client:

        async def upload() -> None:
            async with slots:
                answer = await client.post(
                    "/api/calls/analyze",
                    files={"file": ("call.wav", recording)},
                    data={"metadata": '{"direction": "OUTGOING"}'},
                )
            assert answer.status_code == 202, answer.text

        started = time.perf_counter()
        await asyncio.gather(*(upload() for _ in range(CALLS)))
        print(f"{'all accepted after':<26}{time.perf_counter() - started:8.1f} s")
        statuses: dict[str, int] = {}
        while statuses.get("COMPLETED", 0) + statuses.get("FAILED", 0) < CALLS:
            if time.perf_counter() - started > GIVE_UP_SECONDS:
                raise SystemExit(f"Not finished after {GIVE_UP_SECONDS} s: {statuses}")
            await asyncio.sleep(0.1)
            async with database.read() as session:
                statuses = {row[0]: row[1] for row in await session.execute(STATUSES)}
        elapsed = time.perf_counter() - started
    if statuses != {"COMPLETED": CALLS}:
        raise SystemExit(f"Not all calls are COMPLETED: {statuses}")
    print(f"\n{'stage, milliseconds':<26}{'calls':>8}{'median':>9}{'p95':>9}")
    async with database.read() as session:
        for stage, count, median, p95 in await session.execute(STAGES):
            print(f"{stage:<26}{count:>8}{median:>9.0f}{p95:>9.0f}")
    await database.close()
    return elapsed


def main() -> None:
    """Run everything; exit with 1 when it takes too long or too much."""
    with open_providers() as environment, serve(environment, with_worker=True) as served:
        assert served.worker_id is not None
        elapsed = asyncio.run(run(served))
        memory = memory_mib(served.worker_id, most=True)
    print(f"\n{'floor: the two waits':<26}{FLOOR_SECONDS:8.1f} s")
    print(f"{f'{CALLS} calls, one worker':<26}{elapsed:8.1f} s   (target {TARGET_SECONDS})")
    print(f"{'memory of the worker':<26}{memory:8.0f} MiB (target below {TARGET_MIB})")
    print(json.dumps({"bench": "providers", "calls": CALLS, "seconds": round(elapsed, 2), "mib": round(memory)}))
    if elapsed > TARGET_SECONDS or memory >= TARGET_MIB:
        raise SystemExit("The target is missed.")


if __name__ == "__main__":
    main()
