"""How accurate the offline engines are: word and diarization error rates on recordings with ground truth.

Every recording goes through all stages; `rest` says `completed`, or which rule the transcript or the analysis breaks.
A second table tells how well the speakers of scripted calls are named (`bench/naming.py`).

    python -m bench.accuracy [FOLDER]        (default: tests/audio)

FOLDER, with its subfolders, holds NAME.json (turns with speaker, text, start, end) or NAME.rttm beside the audio,
NAME.EXT or NAME.VARIANT.EXT. Silence and noise are made here; they must give no word. Exits with 1 when a target is
missed.
"""

import argparse
import asyncio
import io
import sys
import time
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
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
from bench.metrics import diarization_error_rate, normalized_words, word_error_rate

_DEFAULT_FOLDER = Path(__file__).parent.parent / "tests" / "audio"
_CHUNK_BYTES = 64 * 1024

# Highest error rates by recording and variant: words, diarization; None is not judged.
_TARGETS: dict[tuple[str, str], tuple[float | None, float | None]] = {
    ("pricing", "stereo"): (0.08, 0.06),
    ("pricing", "mono"): (0.12, 0.10),
    ("pricing", "phone"): (None, 0.14),
    ("support", "stereo"): (0.16, 0.06),
    ("support", "mono"): (0.22, 0.10),
    ("support", "phone"): (None, 0.14),
    ("telephone-30s", ""): (None, 0.40),
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What is said and when; `words` is None when only the turns are known."""

    turns: tuple[Turn, ...]
    words: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Result:
    """Error rates are None without a truth to compare with; `faults` names rules that transcript or analysis break."""

    duration_seconds: float
    words: tuple[str, ...]
    word_error: float | None
    diarization_error: float | None
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
        audio = await prepare(_chunks(recording), AudioSettings())
        raw = await self.transcriber.transcribe(audio)
        turns = audio.channel_turns or (await self.diarizer.diarize(audio, max_speakers=2)).turns
        elapsed = time.monotonic() - begin
        words = tuple(self._words(raw, turns))
        return Result(
            audio.known_seconds,
            words,
            None if truth is None or truth.words is None else word_error_rate(truth.words, words),
            None if truth is None else diarization_error_rate(truth.turns, turns),
            elapsed / audio.known_seconds,
            self._faults(raw, turns, audio.known_seconds),
        )

    def _faults(self, raw: bytes, turns: tuple[Turn, ...], duration_seconds: float) -> tuple[str, ...]:
        try:
            return tuple(find_faults(self.transcriber.parse(raw), turns, duration_seconds))
        except HardFailureError as error:
            return (str(error.reason),)

    def _words(self, raw: bytes, turns: tuple[Turn, ...]) -> Iterator[str]:
        try:
            segments = align(self.transcriber.parse(raw), turns)
        except HardFailureError:
            return
        for segment in segments:
            yield from normalized_words(segment.text)


async def _chunks(recording: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(recording), _CHUNK_BYTES):
        yield recording[start : start + _CHUNK_BYTES]


def read_truth(path: Path) -> Truth:
    """The truth of a `.json` or `.rttm` file."""
    if path.suffix == ".rttm":
        rows = [line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER")]
        return Truth(tuple(Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows), None)
    turns = orjson.loads(path.read_bytes())["turns"]
    words = tuple(word for turn in turns for word in normalized_words(turn["text"]))
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


def make_wordless() -> dict[str, bytes]:
    """Recordings of 20 s without a word: digital silence, white noise at three levels, hum."""
    count = 20 * SAMPLE_RATE_HZ
    noise = np.random.default_rng(0).normal(size=count)
    hum = np.sin(2 * np.pi * 50 * np.arange(count) / SAMPLE_RATE_HZ)
    sounds = {"silence": 0 * noise, "hum": 0.1 * hum + 0.001 * noise}
    sounds |= {f"noise {level} dBFS": noise * 10 ** (level / 20) for level in (-60, -40, -20)}
    return {name: _to_wav(sound) for name, sound in sounds.items()}


def _to_wav(samples: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def _target(path: Path) -> tuple[float | None, float | None]:
    name, *rest = path.name.split(".")
    return _TARGETS.get((name, rest[0] if len(rest) > 1 else ""), (None, None))


def _describe(rate: float | None, limit: float | None) -> str:
    if rate is None:
        return "-"
    missed = limit is not None and rate > limit
    return f"{rate:.3f}" + ("" if limit is None else f" {'>' if missed else '<='} {limit:.2f}")


async def measure(folder: Path) -> bool:
    """Print a table of all recordings of a folder; answer whether every target is met."""
    pool = CpuPool()
    engines = Engines(PocketsphinxTranscriber(pool), LocalDiarizer(pool))
    is_met = True
    print(f"{'recording':32} {'seconds':>8} {'words wrong':>16} {'speakers wrong':>16} {'x real time':>12}  rest")
    try:
        for path, truth_path in find_recordings(folder):
            result = await engines.run(path.read_bytes(), read_truth(truth_path) if truth_path else None)
            limits = _target(path)
            rates = (result.word_error, result.diarization_error)
            is_met &= not result.faults
            is_met &= all(
                limit is None or (rate is not None and rate <= limit) for rate, limit in zip(rates, limits, strict=True)
            )
            described = [_describe(rate, limit) for rate, limit in zip(rates, limits, strict=True)]
            _print_row(path.name, result, *described)
        for name, recording in make_wordless().items():
            result = await engines.run(recording, None)
            is_met &= not result.words and result.faults == ("transcription_empty",)
            _print_row(name, result, f"{len(result.words)} words <= 0", "-")
    finally:
        await pool.close()
    return is_met


def _print_row(name: str, result: Result, words: str, speakers: str) -> None:
    seconds, factor = result.duration_seconds, result.real_time_factor
    rest = ", ".join(result.faults) or "completed"
    print(f"{name:32} {seconds:8.1f} {words:>16} {speakers:>16} {factor:12.2f}  {rest}", flush=True)


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
