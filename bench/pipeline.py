"""What a minute-long call costs a worker beside what its providers take, and what a plain script needs for the same.

Everything is real but the providers, which answer at once: an API process that takes the recording, one worker process,
Postgres, Redis, storage. The recording is the first minute of a real telephone call, as a phone would keep it. Own time
is that from the claim to COMPLETED in which no provider is asked anything; the processor's is that of the process and
of the ffmpeg that it runs. The script, `baselines/by_hand.py`, stores nothing. Both take turns.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.audio.ffmpeg import find_ffmpeg
from bench.processes import processor_seconds
from bench.serving import Served, serve
from tests.doubles.environment import provider_environment
from tests.doubles.http_double import HttpDouble
from tests.doubles.lemonfox import Lemonfox
from tests.doubles.openai import Completion, OpenAi
from tests.doubles.pyannote import Pyannote

CALLS = 10
TARGET_SECONDS = 1.0
GIVE_UP_SECONDS = 30

_ROOT = Path(__file__).parent.parent
_AUDIO = _ROOT / "tests" / "audio"
_RECORDING = _AUDIO / "real" / "telephone-4m38s-mono-8k.flac"
_AS_A_PHONE_DOES = ("-t", "60", "-c:a", "aac", "-b:a", "32k", "-f", "ipod")

# A notification comes with the commit. The last that a run does is to delete what it knew of the diarization.
_TELL = """
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN PERFORM pg_notify('bench', NEW.status); END IF;
    IF TG_OP = 'DELETE' THEN PERFORM pg_notify('bench', OLD.artifact_type); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell AFTER UPDATE OF status ON call_records
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER DELETE ON call_artifacts FOR EACH ROW EXECUTE FUNCTION tell();
"""
_CLAIMED, _COMPLETED, _ENDED = "TRANSCRIBING", "COMPLETED", "DIARIZATION_RESULT_STATE"


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one call: from begin to end, without those of the providers, and of the processor."""

    whole: float
    own: float
    processor: float


@dataclass(frozen=True, slots=True)
class Providers:
    """The three doubles."""

    lemonfox: Lemonfox
    pyannote: Pyannote
    openai: OpenAi

    @property
    def environment(self) -> dict[str, str]:
        return provider_environment(self.lemonfox, self.pyannote, self.openai)

    def forget(self) -> list[tuple[float, float]]:
        """When each request of the last call was begun and answered, sorted; nothing is known of it afterwards."""
        doubles: tuple[HttpDouble, ...] = (self.lemonfox, self.pyannote, self.openai)
        served = sorted(span for double in doubles for span in double.served)
        for double in doubles:
            double.served.clear()
            double.requests.clear()
        self.pyannote.media.clear()
        return served


@contextmanager
def open_providers() -> Iterator[Providers]:
    """Doubles that say what there is to say of a call of a minute, at once."""
    turns = json.loads((_AUDIO / "pricing.json").read_text())["turns"]
    analysis = json.loads((_ROOT / "rest" / "examples" / "getAnalysis.json").read_text())["answers"]["analysis"]
    with Lemonfox() as lemonfox, Pyannote() as pyannote, OpenAi() as openai:
        lemonfox.document = {
            "language": "english",
            "text": " ".join(turn["text"] for turn in turns),
            "segments": [_segment(turn) for turn in turns],
        }
        pyannote.script.polls_until_end = 0
        pyannote.script.turns = tuple(
            {"speaker": turn["speaker"], "start": turn["start"], "end": turn["end"]} for turn in turns
        )
        openai.completion = Completion(json.dumps(analysis))
        yield Providers(lemonfox, pyannote, openai)


def _segment(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn as an engine hears it, its words evenly spread."""
    texts, start = turn["text"].split(), turn["start"]
    step = (turn["end"] - start) / len(texts)
    words = [
        {"word": text, "start": start + number * step, "end": start + (number + 1) * step, "speaker": turn["speaker"]}
        for number, text in enumerate(texts)
    ]
    return {**turn, "words": words}


def make_recording(folder: Path) -> Path:
    """The first minute of the call as AAC in an m4a."""
    path = folder / "call.m4a"
    command = [find_ffmpeg("ffmpeg"), "-nostdin", "-loglevel", "error", "-i", str(_RECORDING), *_AS_A_PHONE_DOES]
    subprocess.run([*command, str(path)], check=True)
    return path


def count_cost(begin: float, end: float, served: Sequence[tuple[float, float]], processor: float) -> Cost:
    """The cost of a call; `served` is sorted, and what overlaps in it counts once."""
    asked, reached = 0.0, begin
    for start, answered in served:
        asked += max(0.0, min(answered, end) - max(start, reached))
        reached = max(reached, answered)
    return Cost(1000 * (end - begin), 1000 * (end - begin - asked), 1000 * processor)


@dataclass(slots=True)
class Run:
    """When a call came where, as the database tells."""

    times: dict[str, float] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, news: str) -> None:
        self.times[news] = time.time()
        if news in ("FAILED", _ENDED):
            self.ended.set()


class Worker:
    """The worker of a running Scryon, which calls are uploaded for."""

    def __init__(self, served: Served, client: httpx.AsyncClient, recording: bytes, providers: Providers) -> None:
        assert served.worker_id is not None
        self._process_id = served.worker_id
        self._client = client
        self._recording = recording
        self._providers = providers
        self._run = Run()

    def listen(self, _connection: object, _process_id: int, _channel: str, news: object) -> None:
        """Take in a notification of the database."""
        self._run.note(str(news))

    async def take(self) -> Cost:
        """Have one call worked on."""
        self._run = Run()
        before = processor_seconds(self._process_id)
        answer = await self._client.post(
            "/api/calls/analyze",
            files={"file": ("call.m4a", self._recording)},
            data={"metadata": '{"direction": "OUTGOING"}'},
        )
        assert answer.status_code == 202, answer.text
        async with asyncio.timeout(GIVE_UP_SECONDS):
            await self._run.ended.wait()
        times = self._run.times
        if _COMPLETED not in times:
            raise SystemExit("A call has failed.")
        processor = processor_seconds(self._process_id) - before
        return count_cost(times[_CLAIMED], times[_COMPLETED], self._providers.forget(), processor)


class Script:
    """The plain script, which is given one recording again and again."""

    def __init__(self, process: "subprocess.Popen[str]", providers: Providers) -> None:
        self._process = process
        self._providers = providers

    async def take(self) -> Cost:
        """Have the recording taken through once."""
        before, begin = processor_seconds(self._process.pid), time.time()
        answer = await asyncio.to_thread(self._ask)
        end = time.time()
        if answer != "done\n":
            raise SystemExit("The script has failed.")
        processor = processor_seconds(self._process.pid) - before
        return count_cost(begin, end, self._providers.forget(), processor)

    def _ask(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def open_script(recording: Path, providers: Providers) -> Iterator[Script]:
    """Start the plain script."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.baselines.by_hand", str(recording)],
        env={**os.environ, **providers.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        # Leaving this block closes its input, which ends it.
        yield Script(process, providers)


async def run(served: Served, providers: Providers) -> dict[str, Cost]:
    """Let both take turns; the answer has the medians. The first call of each loads what is loaded once."""
    recording = make_recording(served.folder)
    database = await asyncpg.connect(served.database_url)
    await database.execute(_TELL)
    async with httpx.AsyncClient(base_url=served.base_url, timeout=60, trust_env=False) as client:
        worker = Worker(served, client, recording.read_bytes(), providers)
        await database.add_listener("bench", worker.listen)
        costs: dict[str, list[Cost]] = {"worker": [], "script": []}
        with open_script(recording, providers) as script:
            for _ in range(1 + CALLS):
                costs["worker"].append(await worker.take())
                costs["script"].append(await script.take())
    await database.close()
    return {name: _median(of_side[1:]) for name, of_side in costs.items()}


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.whole for cost in costs),
        statistics.median(cost.own for cost in costs),
        statistics.median(cost.processor for cost in costs),
    )


def main() -> None:
    """Print a table and a JSON line; exit with 1 when the worker's own time is over the target."""
    with open_providers() as providers, serve(providers.environment, with_worker=True) as served:
        costs = asyncio.run(run(served, providers))
    print(f"{'a call of a minute, ms':<24}{'begin to end':>14}{'own':>8}{'processor':>12}")
    for name, cost in costs.items():
        print(f"{name:<24}{cost.whole:>14.0f}{cost.own:>8.0f}{cost.processor:>12.0f}")
    rows = {name: {"own_ms": round(cost.own), "processor_ms": round(cost.processor)} for name, cost in costs.items()}
    print(json.dumps({"bench": "pipeline", "calls": CALLS, **rows}))
    if costs["worker"].own > 1000 * TARGET_SECONDS:
        raise SystemExit(f"The worker's own time is over {1000 * TARGET_SECONDS:.0f} ms.")


if __name__ == "__main__":
    main()
