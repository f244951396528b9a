"""From a sample of a voice, in any container, to the PCM that a provider learns it from.

Source: rest.md, section 2.16; providers.md, section 2.5.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np

from app.audio.decoding import measure_seconds
from app.audio.ffmpeg import find_ffmpeg
from app.audio.preprocessing import prepare
from app.audio.recording import SAMPLE_BYTES, SAMPLE_RATE_HZ
from app.audio.settings import AudioSettings
from app.errors import UnsupportedMediaTypeError, VoiceSampleTooLongError, VoiceSampleTooShortError
from app.pipeline.failures import FailureReason, HardFailureError
from app.uploads.receiving import ACCEPTED_FORMATS

_PROVIDER_SECONDS = 30
_SECONDS_BEYOND_LIMIT = 1  # kept beyond the longest sample, so that most that are too long are measured at once

# Onset of speech: the first moment from which half of the next 200 ms is nearly as loud as the loud parts are.
_FRAME_SECONDS = 0.02
_WINDOW_FRAMES = 10
_LOUD_PERCENTILE = 95
_ONSET_DB = 20.0
_MARGIN_SECONDS = 0.1  # soft beginnings of words lie below that level


@dataclass(frozen=True, slots=True)
class MeasuredSample:
    """PCM of at most 30 s, and the length of the whole sample, to a tenth of a second."""

    pcm: bytes = field(repr=False)
    seconds: float


async def measure_sample(
    content: bytes, settings: AudioSettings, *, min_seconds: int, max_seconds: int
) -> MeasuredSample:
    """Decode a sample and hold its length against the limits, both of which are allowed.

    Lengths count in tenths of a second, as they are told: an encoder adds some hundredths, which are nobody's fault.

    Raises:
        UnsupportedMediaTypeError: it cannot be decoded, or there is nothing here to decode it with.
        VoiceSampleTooShortError: it is shorter than `min_seconds`.
        VoiceSampleTooLongError: it is longer than `max_seconds`.
    """
    limit_minutes = (max_seconds + _SECONDS_BEYOND_LIMIT) / 60
    limited = dataclasses.replace(settings, max_audio_minutes=limit_minutes)
    try:
        audio = await prepare(_stream(content), limited)
    except HardFailureError as error:
        if error.reason is not FailureReason.AUDIO_TOO_LONG:
            raise UnsupportedMediaTypeError(ACCEPTED_FORMATS) from error
        actual = await measure_seconds(content, find_ffmpeg(settings.ffmpeg_path), settings)
        if actual is None:
            raise UnsupportedMediaTypeError(ACCEPTED_FORMATS) from error
        raise VoiceSampleTooLongError(max_seconds, _tell(actual)) from error
    seconds = round(audio.known_seconds, 1)
    if seconds < min_seconds:
        raise VoiceSampleTooShortError(min_seconds, _tell(seconds))
    if seconds > max_seconds:
        raise VoiceSampleTooLongError(max_seconds, _tell(seconds))
    # The levelled sound without noise reduction, as calls are heard later on (pipeline.md, section 3.2).
    return MeasuredSample(await asyncio.to_thread(cut_sample, audio.diarization), seconds)


def cut_sample(pcm: bytes) -> bytes:
    """What a provider takes of a sample: all of it, or 30 s from the onset of speech, or less if there are not so many.

    Where nothing stands out, that is the beginning.
    """
    limit = _PROVIDER_SECONDS * SAMPLE_RATE_HZ * SAMPLE_BYTES
    if len(pcm) <= limit:
        return pcm
    start = _find_onset(pcm) * SAMPLE_BYTES
    return pcm[start : start + limit]


def _find_onset(pcm: bytes) -> int:
    """The first sample of speech."""
    frame_samples = round(_FRAME_SECONDS * SAMPLE_RATE_HZ)
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    frames = samples[: len(samples) // frame_samples * frame_samples].reshape(-1, frame_samples)
    levels = 10 * np.log10(np.mean(frames**2, axis=1) + 1)
    is_loud = levels > np.percentile(levels, _LOUD_PERCENTILE) - _ONSET_DB
    loud_frames = np.convolve(is_loud, np.ones(_WINDOW_FRAMES), mode="valid")
    onset = int(np.argmax(is_loud[: len(loud_frames)] & (loud_frames * 2 >= _WINDOW_FRAMES)))
    return max(0, onset * frame_samples - round(_MARGIN_SECONDS * SAMPLE_RATE_HZ))


async def _stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _tell(seconds: float) -> float:
    """With one decimal, or none."""
    rounded = round(seconds, 1)
    return int(rounded) if rounded.is_integer() else rounded
