"""Sounds of the line and of the room that hold no word: whatever an engine hears in them, it has made up."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from app.audio.recording import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float64]

_MAINS_HZ = 50
_RING_HZ, _RING_SECONDS, _RING_PERIOD_SECONDS = 425, 1, 5  # ETSI TR 101 041-2, most of Europe
_FAX_HZ, _FAX_SECONDS, _FAX_PERIOD_SECONDS = 1100, 0.5, 3.5  # ITU-T T.30, a fax machine that calls
_KEYS_HZ = ((697, 1209), (770, 1336), (852, 1477), (941, 1633))  # ITU-T Q.23
_KEY_SECONDS, _KEY_PERIOD_SECONDS = 0.2, 0.4
_CHORDS_HZ = ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
_CHORD_SECONDS = 1.0


def make_wordless(seconds: float) -> Mapping[str, Samples]:
    """Sounds by name, between -1 and 1 at 16 kHz: silence, noise, hum, tones of the telephone and music on hold."""
    count = round(seconds * SAMPLE_RATE_HZ)
    times = np.arange(count) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(0).normal(size=count)
    faint = 0.001 * noise
    sounds = {"silence": 0 * noise}
    sounds |= {f"noise {level} dBFS": noise * 10 ** (level / 20) for level in (-60, -40, -20)}
    return sounds | {
        "pink noise": 0.1 * _to_pink(noise),
        "hum": 0.1 * _tone(times, _MAINS_HZ) + faint,
        "buzz": sum((0.03 / number * _tone(times, number * _MAINS_HZ) for number in range(1, 20)), faint),
        "ringing": 0.2 * _tone(times, _RING_HZ) * (times % _RING_PERIOD_SECONDS < _RING_SECONDS),
        "fax": 0.2 * _tone(times, _FAX_HZ) * (times % _FAX_PERIOD_SECONDS < _FAX_SECONDS),
        "keys": _press_keys(times),
        "music": _play_chords(times) + faint,
    }


def _tone(times: Samples, hz: float) -> Samples:
    return np.asarray(np.sin(2 * np.pi * hz * times), dtype=np.float64)


def _to_pink(noise: Samples) -> Samples:
    """Noise whose power falls by 3 dB per octave, at the same level as before."""
    spectrum = np.fft.rfft(noise)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(noise))
    return np.asarray(pink / pink.std(), dtype=np.float64)


def _press_keys(times: Samples) -> Samples:
    key = (times / _KEY_PERIOD_SECONDS).astype(int) % len(_KEYS_HZ)
    low, high = np.array(_KEYS_HZ)[key].T
    is_pressed = times % _KEY_PERIOD_SECONDS < _KEY_SECONDS
    return np.asarray(0.2 * (_tone(times, low) + _tone(times, high)) * is_pressed, dtype=np.float64)


def _play_chords(times: Samples) -> Samples:
    """Broken off every second and rich in overtones, like a piano."""
    chord = (times / _CHORD_SECONDS).astype(int) % len(_CHORDS_HZ)
    fading = np.exp(-2 * (times % _CHORD_SECONDS))
    notes = np.array(_CHORDS_HZ)[chord].T
    return np.asarray(
        fading * sum(0.1 / number * _tone(times, number * hz) for hz in notes for number in range(1, 6)),
        dtype=np.float64,
    )
