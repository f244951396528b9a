"""How a voice sounds, frame by frame: mel-frequency cepstral coefficients within the telephone band.

The band is the same for every recording, so that what a line cuts off is not taken for a voice.
"""

import numpy as np
from scipy.fft import dct
from scipy.signal import lfilter

from app.audio.recording import SAMPLE_RATE_HZ
from app.providers.local.voice_frames import Floats, VoiceFrames

HOP_SECONDS = 0.01
_HOP_SAMPLES = int(HOP_SECONDS * SAMPLE_RATE_HZ)
_WINDOW_SAMPLES = int(0.025 * SAMPLE_RATE_HZ)
_FFT_SIZE = 512
_PRE_EMPHASIS = 0.97
_MEL_BANDS = 26
_BAND_HZ = (120.0, 3700.0)
_COEFFICIENTS = slice(1, 20)  # the first is loudness, which is no property of a voice


def extract_features(pcm: bytes, start_seconds: float) -> VoiceFrames:
    """The frames of 16 kHz PCM that starts at `start_seconds` of the recording; none when it is too short for one."""
    samples = np.frombuffer(pcm, dtype="<i2") / 32768
    if len(samples) < _WINDOW_SAMPLES:
        return VoiceFrames(np.empty((0, _COEFFICIENTS.stop - _COEFFICIENTS.start)), np.empty(0), np.empty(0))
    emphasised = lfilter([1, -_PRE_EMPHASIS], [1], samples)
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, _WINDOW_SAMPLES)[::_HOP_SAMPLES]
    windows = windows * np.hamming(_WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(windows, _FFT_SIZE)) ** 2
    cepstra = dct(np.log(power @ _mel_filters().T + 1e-8), type=2, norm="ortho", axis=1)
    centres = start_seconds + (np.arange(len(windows)) * _HOP_SAMPLES + _WINDOW_SAMPLES / 2) / SAMPLE_RATE_HZ
    return VoiceFrames(cepstra[:, _COEFFICIENTS], np.log((windows**2).sum(axis=1) + 1e-10), centres)


def _mel_filters() -> Floats:
    """Triangles of equal width on the mel scale, (bands, bins)."""
    lowest, highest = (float(2595 * np.log10(1 + hz / 700)) for hz in _BAND_HZ)
    mels = np.linspace(lowest, highest, _MEL_BANDS + 2)
    low, centre, high = (700 * (10 ** (mels[i : len(mels) - 2 + i] / 2595) - 1)[:, None] for i in range(3))
    bins = np.arange(_FFT_SIZE // 2 + 1) * SAMPLE_RATE_HZ / _FFT_SIZE
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), dtype=np.float64)
