"""What the two channels of a recording are: the same sound twice, one party each, or neither.

A channel that has a party of its own also holds the noise of its line and, fainter, what the other party says: echo and
crosstalk. Neither makes its party speak.
Source: pipeline.md, section 3.2, "Two-channel recordings".
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.audio.recording import SAMPLE_RATE_HZ, ChannelMode
from app.pipeline.speech import Turn

FRAME_SECONDS = 0.02
_ANALYSIS_RATE_HZ = 8000
_DECIMATION = SAMPLE_RATE_HZ // _ANALYSIS_RATE_HZ
_FRAME_SAMPLES = int(SAMPLE_RATE_HZ * FRAME_SECONDS)
_BLOCK_FRAMES = 3000  # a minute at a time: the arithmetic is in 64-bit floats, the recording may last hours

_ACTIVE_DBFS = -50.0
_OVER_NOISE_DB = 10.0
_NOISE_PERCENTILE = 10
_MAX_NOISE_DBFS = -40.0  # louder than this it is somebody who never pauses
_DEAD_DBFS = -60.0
_DUAL_MONO_CORRELATION = 0.90
_DUAL_PARTY_CORRELATION = 0.60
_DOMINANT_DB = 6.0
_DOMINANT_SECONDS = 2.0
_MAX_BOTH_ACTIVE_SHARE = 0.50

_ECHO_FRAMES = 6  # 0.12 s: an echo on the line comes that much later, and fades out
_OVER_LEAK_DB = 6.0

_JOINED_GAP_SECONDS = 0.3
_MIN_TURN_SECONDS = 0.2
_MARGIN_SECONDS = 0.1  # soft beginnings and ends of words lie below the level of activity
_CHANNEL_SPEAKERS = ("SPEAKER_00", "SPEAKER_01")

Samples = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """`live_channel`: 0 or 1 when the other channel is dead (mode MONO), else None. `turns` in DUAL_PARTY only."""

    mode: ChannelMode
    live_channel: int | None = None
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class _FrameSums:
    """Sums over the 8 kHz samples of each 20 ms frame, in full scale 1.0; arrays of one value per frame."""

    left: Floats
    right: Floats
    left_squares: Floats
    right_squares: Floats
    products: Floats


def classify_channels(samples: Samples) -> ChannelReport:
    """Tell what two channels are; `samples` has the shape (n, 2), at 16 kHz.

    Source: pipeline.md, section 3.2, "Two-channel recordings".
    """
    sums = _frame_sums(samples)
    live = _live_channel(sums)
    if live is not None:
        return ChannelReport(ChannelMode.MONO, live_channel=live)
    left_dbfs, right_dbfs = _dbfs(sums.left_squares), _dbfs(sums.right_squares)
    left_heard, right_heard = _rises_above_noise(left_dbfs), _rises_above_noise(right_dbfs)
    either = left_heard | right_heard
    correlation = _correlation(sums, either)
    if correlation is None:
        return ChannelReport(ChannelMode.MONO)
    if correlation >= _DUAL_MONO_CORRELATION:
        return ChannelReport(ChannelMode.DUAL_MONO)
    difference = (left_dbfs - right_dbfs)[either]
    each_dominates = min(np.sum(difference >= _DOMINANT_DB), np.sum(-difference >= _DOMINANT_DB)) * FRAME_SECONDS
    left_active = left_heard & _rises_above_leak(left_dbfs, right_dbfs, right_heard)
    right_active = right_heard & _rises_above_leak(right_dbfs, left_dbfs, left_heard)
    both_share = np.sum(left_active & right_active) / np.sum(either)
    if (
        correlation < _DUAL_PARTY_CORRELATION
        and each_dominates >= _DOMINANT_SECONDS
        and both_share <= _MAX_BOTH_ACTIVE_SHARE
    ):
        turns = [*_activity_turns(left_active, 0), *_activity_turns(right_active, 1)]
        return ChannelReport(ChannelMode.DUAL_PARTY, turns=tuple(sorted(turns, key=_turn_order)))
    return ChannelReport(ChannelMode.MONO)


def _rises_above_noise(dbfs: Floats) -> Flags:
    """The frames that are loud, and louder than the channel is in its pauses."""
    if len(dbfs) == 0:
        return np.zeros(0, dtype=np.bool_)
    noise_dbfs = min(float(np.percentile(dbfs, _NOISE_PERCENTILE)), _MAX_NOISE_DBFS)
    return np.asarray(dbfs > max(_ACTIVE_DBFS, noise_dbfs + _OVER_NOISE_DB), dtype=np.bool_)


def _rises_above_leak(dbfs: Floats, other_dbfs: Floats, other_heard: Flags) -> Flags:
    """The frames that are louder than what comes over from the other channel.

    How much comes over is learnt from the frames in which the other channel dominates: mostly its party alone speaks.
    """
    sources = np.concatenate((np.full(_ECHO_FRAMES - 1, other_dbfs.min()), other_dbfs))
    source_dbfs = np.lib.stride_tricks.sliding_window_view(sources, _ECHO_FRAMES).max(axis=1)
    difference = dbfs - source_dbfs
    learnt_from = other_heard & (difference <= -_DOMINANT_DB)
    if not learnt_from.any():
        return np.ones(len(dbfs), dtype=np.bool_)
    leak_db = np.median(difference[learnt_from])
    return np.asarray(difference > leak_db + _OVER_LEAK_DB, dtype=np.bool_)


def _turn_order(turn: Turn) -> tuple[float, str]:
    return turn.start_seconds, turn.speaker


def _frame_sums(samples: Samples) -> _FrameSums:
    usable = len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES
    block = _BLOCK_FRAMES * _FRAME_SAMPLES
    starts = range(0, usable, block) if usable else (0,)
    parts = [_block_sums(samples[start : min(start + block, usable)]) for start in starts]
    return _FrameSums(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _block_sums(samples: Samples) -> tuple[Floats, ...]:
    # The mean of two neighbours is a low-pass that is good enough for levels and correlation.
    frames = samples.reshape(-1, _FRAME_SAMPLES // _DECIMATION, _DECIMATION, 2).mean(axis=2, dtype=np.float64) / 32768
    left, right = frames[:, :, 0], frames[:, :, 1]
    return (
        left.sum(axis=1),
        right.sum(axis=1),
        (left * left).sum(axis=1),
        (right * right).sum(axis=1),
        (left * right).sum(axis=1),
    )


def _dbfs(squares: Floats) -> Floats:
    """RMS level of each frame in dBFS; digital silence is -120."""
    mean = squares / (_FRAME_SAMPLES // _DECIMATION)
    return np.asarray(10 * np.log10(np.maximum(mean, 1e-12)), dtype=np.float64)


def _live_channel(sums: _FrameSums) -> int | None:
    """The index of the only channel whose RMS is not below -60 dBFS; None when both or none are alive."""
    if len(sums.left_squares) == 0:
        return None
    levels = [_dbfs(squares.mean(keepdims=True))[0] for squares in (sums.left_squares, sums.right_squares)]
    alive = [bool(level >= _DEAD_DBFS) for level in levels]
    return alive.index(True) if alive.count(True) == 1 else None


def _correlation(sums: _FrameSums, chosen: Flags) -> float | None:
    """Absolute Pearson correlation of the samples of the chosen frames; None when it is not defined."""
    count = int(chosen.sum()) * (_FRAME_SAMPLES // _DECIMATION)
    if count == 0:
        return None
    left, right = sums.left[chosen].sum(), sums.right[chosen].sum()
    covariance = sums.products[chosen].sum() - left * right / count
    variances = (sums.left_squares[chosen].sum() - left**2 / count) * (
        sums.right_squares[chosen].sum() - right**2 / count
    )
    return float(abs(covariance) / np.sqrt(variances)) if variances > 0 else None


def _activity_turns(active: Flags, channel: int) -> list[Turn]:
    """Turns of active frames: gaps up to 0.3 s joined, turns under 0.2 s dropped, the rest widened."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0]))))
    joined: list[list[int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if joined and (start - joined[-1][1]) * FRAME_SECONDS <= _JOINED_GAP_SECONDS + 1e-9:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    turns = (
        (start * FRAME_SECONDS, end * FRAME_SECONDS)
        for start, end in joined
        if (end - start) * FRAME_SECONDS >= _MIN_TURN_SECONDS - 1e-9
    )
    duration = len(active) * FRAME_SECONDS
    return [
        Turn(
            round(max(0.0, start - _MARGIN_SECONDS), 3),
            round(min(duration, end + _MARGIN_SECONDS), 3),
            _CHANNEL_SPEAKERS[channel],
        )
        for start, end in turns
    ]
