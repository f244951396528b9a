"""Recordings for tests: those of tests/audio, and generated ones. Streams of bytes, as storage gives them."""

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from app.audio.decoding import decode
from app.audio.ffmpeg import MemoryFile, find_ffmpeg
from app.audio.settings import AudioSettings
from app.pipeline.speech import Turn

AUDIO_FOLDER = Path(__file__).parents[2] / "audio"


async def stream(content: bytes, chunk_bytes: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]


def read(name: str) -> bytes:
    """A file of tests/audio."""
    return (AUDIO_FOLDER / name).read_bytes()


async def decode_stereo(name: str, seconds: float) -> npt.NDArray[np.float64]:
    """The beginning of a two-channel file of tests/audio: samples between -1 and 1, shape (n, 2), at 16 kHz."""
    settings = AudioSettings()
    with MemoryFile() as file:
        decoded = await decode(stream(read(name)), file, find_ffmpeg(settings.ffmpeg_path), settings)
        return decoded.samples[: round(seconds * 16_000)] / 32768


def read_turns(name: str, until_seconds: float) -> list[Turn]:
    """The true turns of a call that end by then, with the speakers of channels: A is the left one."""
    speakers = {"A": "SPEAKER_00", "B": "SPEAKER_01"}
    turns = orjson.loads(read(name))["turns"]
    return [
        Turn(turn["start"], turn["end"], speakers[turn["speaker"]]) for turn in turns if turn["end"] <= until_seconds
    ]


def to_wav(samples: npt.NDArray[np.float64], rate_hz: int = 16_000) -> bytes:
    """Samples between -1 and 1, of shape (n,) or (n, channels), as a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target.getvalue()


def tone(seconds: float, level_dbfs: float = -20.0, hz: float = 440.0) -> npt.NDArray[np.float64]:
    times = np.arange(round(seconds * 16_000)) / 16_000
    return np.asarray(10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * times), dtype=np.float64)
