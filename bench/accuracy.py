"""How accurate the offline engines are: word and diarization error rates on recordings with ground truth.

Every recording goes through all stages, as a call of unknown direction; `rest` says `completed`, or which rule the
transcript or the analysis breaks. The rates, all per what the reference holds:

    words                       word error
    speakers                    diarization error, the sum of the next three
    missed, false, confused     speech without a turn, turns without speech, somebody else's turn
    one                         diarization error when one speaker has all speech that we detect: the rate to beat,
                                or to equal where one speaker is all there is
    labels                      matched words that have the wrong speaker

A second table tells how well the speakers of scripted calls are named (`bench/naming.py`).

    python -m bench.accuracy [FOLDER]        (default: tests/audio)

FOLDER, with its subfolders, holds NAME.json (turns with speaker, text, start, end) or NAME.rttm beside the audio,
NAME.EXT or NAME.VARIANT.EXT. Each file is measured, also when it differs from another one in its codec only. Sounds
without a word come from `bench/wordless.py`; they must give none. Two recordings are worked on at a time, so rows come
as they are finished, and `x real time` is what a call takes on a machine that has two. Exits with 1 when a target is
missed, or when a recording takes longer than half an hour.
"""

import argparse
import asyncio
import io
import sys
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import orjson

from app.audio.preprocessing import prepare
from app.audio.recording import SAMPLE_RATE_HZ
from app.audio.settings import AudioSettings
from app.audio.sniffing import HEAD_BYTES, sniff
from app.pipeline.alignment import align
from app.pipeline.failures import HardFailureError
from app.pipeline.speech import Turn
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.diarization import LocalDiarizer
from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
from bench import naming
from bench.consistency import find_faults
from bench.metrics import (
    SpokenWord,
    diarization_error,
    normalized_words,
    word_diarization_error_rate,
    word_error_rate,
)
from bench.wordless import Samples, make_wordless

_DEFAULT_FOLDER = Path(__file__).parent.parent / "tests" / "audio"
_CHUNK_BYTES = 64 * 1024

_AT_ONCE = 2  # one core is idle while a recording is decoded or its voices are told apart
_MAX_SECONDS_PER_RECORDING = 1800.0  # on a machine that does much else, too
_WORDLESS_SECONDS = 20.0

_COLUMNS = ("words", "speakers", "missed", "false", "confused", "one", "labels")
_COLUMN_WIDTH = 14

Rates = Mapping[str, float]
"""By column; what is missing was not measured, or is not judged."""

_MONO = {"speakers": 0.08, "labels": 0.03}
_PHONE = {"speakers": 0.12}
_STEREO = {"speakers": 0.06, "labels": 0.0}
_TARGETS: dict[tuple[str, str], Rates] = {
    ("pricing", "stereo"): {"words": 0.08, **_STEREO},
    ("pricing", "mono"): {"words": 0.12, **_MONO},
    ("pricing", "phone"): _PHONE,
    ("support", "stereo"): {"words": 0.16, **_STEREO},
    ("support", "mono"): {"words": 0.22, **_MONO},
    ("support", "phone"): _PHONE,
    ("telephone-30s", ""): {"speakers": 0.33},
}
"""Highest rates by recording and variant; besides, no answer about speakers may be worse than that of one speaker."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is said and when; `words` is None when only the turns are known."""

    turns: tuple[Turn, ...]
    words: tuple[SpokenWord, ...] | None


@dataclass(frozen=True, slots=True)
class Result:
    """`rates` are empty without a truth to compare with; `faults` names rules that transcript or analysis break."""

    duration_seconds: float
    words: tuple[SpokenWord, ...]
    rates: Rates
    real_time_factor: float
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engines:
    """The offline engines on one pool."""

    transcriber: PocketsphinxTranscriber
    diarizer: LocalDiarizer

    async def run(self, recording: bytes, truth: Truth | None) -> Result:
        """Do what the pipeline does with a recording, and measure it."""
        begin = time.monotonic()
        audio = await prepare(read_chunks(recording), AudioSettings())
        raw = await self.transcriber.transcribe(audio)
        turns = audio.channel_turns or (await self.diarizer.diarize(audio, max_speakers=None)).turns
        elapsed = time.monotonic() - begin
        words = tuple(self._words(raw, turns))
        rates: dict[str, float] = {}
        if truth is not None:
            rates = _rate_turns(truth.turns, turns) | _rate_words(truth, words)
        return Result(
            audio.known_seconds,
            words,
            rates,
            elapsed / audio.known_seconds,
            self._faults(raw, turns, audio.known_seconds),
        )

    def _faults(self, raw: bytes, turns: tuple[Turn, ...], duration_seconds: float) -> tuple[str, ...]:
        try:
            return tuple(find_faults(self.transcriber.parse(raw), turns, duration_seconds))
        except HardFailureError as error:
            return (str(error.reason),)

    def _words(self, raw: bytes, turns: tuple[Turn, ...]) -> Iterator[SpokenWord]:
        try:
            segments = align(self.transcriber.parse(raw), turns)
        except HardFailureError:
            return
        for segment in segments:
            for word in normalized_words(segment.text):
                yield SpokenWord(word, segment.speaker)


def _rate_turns(expected: Sequence[Turn], turns: Sequence[Turn]) -> dict[str, float]:
    error = diarization_error(expected, turns)
    of_one_speaker = [replace(turn, speaker="SPEAKER_00") for turn in turns]
    return {
        "speakers": error.total,
        "missed": error.missed,
        "false": error.false_alarm,
        "confused": error.confusion,
        "one": diarization_error(expected, of_one_speaker).total,
    }


def _rate_words(truth: Truth, words: Sequence[SpokenWord]) -> dict[str, float]:
    if truth.words is None:
        return {}
    expected, heard = ([word.text for word in spoken] for spoken in (truth.words, words))
    return {
        "words": word_error_rate(expected, heard),
        "labels": word_diarization_error_rate(truth.words, words),
    }


async def read_chunks(recording: bytes) -> AsyncIterator[bytes]:
    """A recording as it comes out of storage."""
    for start in range(0, len(recording), _CHUNK_BYTES):
        yield recording[start : start + _CHUNK_BYTES]


def read_truth(path: Path | None) -> Truth | None:
    """The truth of a `.json` or `.rttm` file; None without one."""
    if path is None:
        return None
    if path.suffix == ".rttm":
        rows = [line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER")]
        return Truth(tuple(Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows), None)
    turns = orjson.loads(path.read_bytes())["turns"]
    words = tuple(SpokenWord(word, turn["speaker"]) for turn in turns for word in normalized_words(turn["text"]))
    return Truth(tuple(Turn(turn["start"], turn["end"], turn["speaker"]) for turn in turns), words)


def find_recordings(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """Each recording with the file of its truth, if there is one, by name."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or sniff(_head(path)) is None:
            continue
        stem = path.name.split(".")[0]
        truths = (path.with_name(stem + suffix) for suffix in (".json", ".rttm"))
        yield path, next((truth for truth in truths if truth.exists()), None)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _to_wav(samples: Samples) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def find_limits(path: Path, rates: Rates) -> Rates:
    """The highest rates that a recording may have; none where there was no truth to measure by, as of an excerpt."""
    if not rates:
        return {}
    name, *rest = path.name.split(".")
    limits = dict(_TARGETS.get((name, rest[0] if len(rest) > 1 else ""), {}))
    if "one" in rates:
        limits["speakers"] = min(limits.get("speakers", rates["one"]), rates["one"])
    return limits


@dataclass(frozen=True, slots=True)
class Sample:
    """Something to measure; `read` answers its bytes. `is_wordless`: whatever is heard in it is made up."""

    name: str
    read: Callable[[], bytes]
    truth: Path | None = None
    is_wordless: bool = False


@dataclass(slots=True)
class Report:
    """The rows so far, printed as they come."""

    is_met: bool = True
    rates: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, sample: Sample, result: Result) -> None:
        """Print the row of a recording, and keep what becomes of the targets."""
        if sample.is_wordless:
            self.is_met &= not result.words and result.faults == ("transcription_empty",)
            columns = [f"{len(result.words)} words <= 0", *["-"] * (len(_COLUMNS) - 1)]
        else:
            limits = find_limits(Path(sample.name), result.rates)
            self.is_met &= _is_sound(result) and all(result.rates[name] <= limit for name, limit in limits.items())
            self.rates[sample.name] = {name: round(rate, 4) for name, rate in result.rates.items()}
            columns = [_describe(result.rates, limits, name) for name in _COLUMNS]
        _print_result(sample.name, result, columns)

    def add_unfinished(self, sample: Sample) -> None:
        """Print the row of a recording that took too long."""
        self.is_met = False
        _print_row(sample.name, "-", ["-"] * len(_COLUMNS), "-", "not finished in time")


def find_samples(folder: Path) -> list[Sample]:
    """The recordings of a folder by name, and the sounds without a word."""
    recordings = [Sample(path.name, path.read_bytes, truth) for path, truth in find_recordings(folder)]
    wordless = [
        Sample(name, partial(_to_wav, samples), is_wordless=True)
        for name, samples in make_wordless(_WORDLESS_SECONDS).items()
    ]
    return recordings + wordless


async def measure(folder: Path) -> bool:
    """Print a table of all recordings of a folder and a line of JSON; answer whether every target is met."""
    pool = CpuPool()
    engines = Engines(PocketsphinxTranscriber(pool), LocalDiarizer(pool))
    report = Report()
    slots = asyncio.Semaphore(_AT_ONCE)

    async def measure_in_slot(sample: Sample) -> None:
        async with slots:
            try:
                async with asyncio.timeout(_MAX_SECONDS_PER_RECORDING):
                    report.add(sample, await engines.run(sample.read(), read_truth(sample.truth)))
            except TimeoutError:
                report.add_unfinished(sample)

    _print_row("recording", "seconds", _COLUMNS, "x real time", "rest")
    try:
        async with asyncio.TaskGroup() as group:
            for sample in find_samples(folder):
                group.create_task(measure_in_slot(sample))
    finally:
        await pool.close()
    print(orjson.dumps({"bench": "accuracy", "rates": report.rates}, option=orjson.OPT_SORT_KEYS).decode())
    return report.is_met


def _is_sound(result: Result) -> bool:
    """Whether no rule is broken; a recording in which no speech at all is found rightly gives no transcript."""
    is_unheard = result.rates.get("missed") == 1.0 and "words" not in result.rates
    return result.faults == (("transcription_empty",) if is_unheard else ())


def _describe(rates: Rates, limits: Rates, name: str) -> str:
    if name not in rates:
        return "-"
    rate, limit = rates[name], limits.get(name)
    return f"{rate:.3f}" + ("" if limit is None else f" {'>' if rate > limit else '<='} {limit:.2f}")


def _print_result(name: str, result: Result, columns: Sequence[str]) -> None:
    rest = ", ".join(result.faults) or "completed"
    _print_row(name, f"{result.duration_seconds:.1f}", columns, f"{result.real_time_factor:.2f}", rest)


def _print_row(name: str, seconds: str, columns: Sequence[str], factor: str, rest: str) -> None:
    middle = " ".join(f"{column:>{_COLUMN_WIDTH}}" for column in columns)
    print(f"{name:22} {seconds:>8} {middle} {factor:>12}  {rest}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the offline engines.")
    parser.add_argument("folder", type=Path, nargs="?", default=_DEFAULT_FOLDER)
    is_met = asyncio.run(measure(parser.parse_args().folder))
    print()
    is_met &= naming.report(naming.measure())
    print("all targets met" if is_met else "a target is missed")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
