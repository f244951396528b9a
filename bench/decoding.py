"""How long offline transcription takes on two cores, beside one plain decoder on one core.

From the file to the words, with the models loaded, which a worker keeps. The other one is
`baselines/one_decoder.py`: the same model with pocketsphinx's own options. Both take turns; a ratio is the median of
those of its rounds. What they get wrong of the words is there to tell that no time is saved at their cost.

    python -m bench.decoding [ROUNDS]        (default: 1)
"""

import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.audio.ffmpeg import find_ffmpeg
from app.audio.preprocessing import prepare
from app.audio.settings import AudioSettings
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
from bench.accuracy import read_chunks, read_truth
from bench.baselines import one_decoder
from bench.metrics import normalized_words, word_error_rate
from bench.processes import processor_seconds

TARGET = 0.7
CORES = 2
_SECONDS = "60"

_AUDIO = Path(__file__).parent.parent / "tests" / "audio"
_WARM_UP = _AUDIO / "excerpts" / "support.phone.6s.3gp"


@dataclass(frozen=True, slots=True)
class Recording:
    """What is transcribed; `truth` is None where nobody has written down what is said."""

    name: str
    path: Path
    channels: int
    truth: Path | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds from file to words, and of the processors; and the words."""

    seconds: float
    processor_seconds: float
    words: list[str]


Transcribe = Callable[[Recording], Awaitable[list[str]]]


def make_recordings(folder: Path) -> list[Recording]:
    """A synthetic call with a channel per party, and the first minute of a real one."""
    minute = folder / "telephone.flac"
    command = [find_ffmpeg("ffmpeg"), "-nostdin", "-loglevel", "error", "-t", _SECONDS]
    subprocess.run([*command, "-i", str(_AUDIO / "real" / "telephone-4m38s-mono-8k.flac"), str(minute)], check=True)
    return [
        Recording("pricing, stereo", _AUDIO / "pricing.stereo.flac", 2, _AUDIO / "pricing.json"),
        Recording("real telephone, 60 s", minute, 1),
    ]


@asynccontextmanager
async def open_sides() -> AsyncIterator[tuple[Transcribe, Transcribe]]:
    """Our engine and the plain decoder, each with its models loaded."""
    ours, other = CpuPool(CORES), CpuPool(1)
    transcriber = PocketsphinxTranscriber(ours)

    async def transcribe(recording: Recording) -> list[str]:
        audio = await prepare(read_chunks(recording.path.read_bytes()), AudioSettings())
        raw = transcriber.parse(await transcriber.transcribe(audio))
        return [word for segment in raw.segments for word in normalized_words(segment.text)]

    async def decode(recording: Recording) -> list[str]:
        return await other.run(partial(one_decoder.transcribe, recording.path), recording.channels)

    try:
        warm_up = Recording("", _WARM_UP, 1)
        # As many at once as there are processes, so that each of them gets some.
        await asyncio.gather(decode(warm_up), *(transcribe(warm_up) for _ in range(CORES)))
        yield transcribe, decode
    finally:
        await asyncio.gather(ours.close(), other.close())


async def measure(transcribe: Transcribe, recording: Recording) -> Round:
    """Transcribe once."""
    before, begin = _all_processor_seconds(), time.perf_counter()
    words = await transcribe(recording)
    return Round(time.perf_counter() - begin, _all_processor_seconds() - before, words)


def _all_processor_seconds() -> float:
    """Of this process and all of its children: the other side does nothing meanwhile."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
    return sum(map(processor_seconds, [os.getpid(), *children]))


async def compare(sides: tuple[Transcribe, Transcribe], recording: Recording, rounds: int) -> dict[str, object]:
    """Print one row, and return it."""
    pairs = [(await measure(sides[0], recording), await measure(sides[1], recording)) for _ in range(rounds)]
    ours, others = zip(*pairs, strict=True)
    ratio = statistics.median(one.seconds / other.seconds for one, other in pairs)
    row: dict[str, object] = {"recording": recording.name, "ratio": round(ratio, 2)}
    for name, side in (("ours", ours), ("plain", others)):
        row[f"{name}_s"] = round(statistics.median(one.seconds for one in side), 1)
        row[f"{name}_processor_s"] = round(statistics.median(one.processor_seconds for one in side), 1)
        row[f"{name}_wrong"] = _rate(recording, side[0].words)
    columns = [f"{row[f'{side}_{name}']!s:>14}" for name in ("s", "processor_s", "wrong") for side in ("ours", "plain")]
    print(f"{recording.name:<22}{''.join(columns)}{ratio:>8.2f}{TARGET:>8}", flush=True)
    return row


def _rate(recording: Recording, words: list[str]) -> float | None:
    truth = read_truth(recording.truth)
    if truth is None or truth.words is None:
        return None
    return round(word_error_rate([word.text for word in truth.words], words), 3)


async def run(rounds: int) -> list[dict[str, object]]:
    """Compare the sides on each recording."""
    heads = [f"{side} {what}" for what in ("s", "busy s", "wrong") for side in ("ours", "plain")]
    print(f"{'':<22}{''.join(f'{head:>14}' for head in heads)}{'ratio':>8}{'target':>8}")
    with tempfile.TemporaryDirectory() as folder:
        recordings = make_recordings(Path(folder))
        async with open_sides() as sides:
            return [await compare(sides, recording, rounds) for recording in recordings]


def main() -> None:
    """Print a table and a JSON line; exit with 1 when a ratio is over the target."""
    rows = asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
    print(json.dumps({"bench": "decoding", "rows": rows}))
    missed = [str(row["recording"]) for row in rows if float(str(row["ratio"])) > TARGET]
    if missed:
        raise SystemExit(f"Over {TARGET} times: {', '.join(missed)}")


if __name__ == "__main__":
    main()
