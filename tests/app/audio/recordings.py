"""Recordings for tests: those of tests/audio, and generated ones. Streams of bytes, as storage gives them."""

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

AUDIO_FOLDER = Path(__file__).parents[2] / "audio"


async def stream(content: bytes, chunk_bytes: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]


def read(name: str) -> bytes:
    """A file of tests/audio."""
    return (AUDIO_FOLDER / name).read_bytes()


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
