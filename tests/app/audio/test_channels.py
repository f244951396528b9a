import numpy as np
import numpy.typing as npt

from app.audio.channels import ChannelReport, classify_channels
from app.audio.recording import SAMPLE_RATE_HZ, ChannelMode
from app.pipeline.speech import Turn

Signal = npt.NDArray[np.float64]


def noise(seconds: float, *, seed: int, level_dbfs: float = -20.0) -> Signal:
    values = np.random.default_rng(seed).normal(size=round(seconds * SAMPLE_RATE_HZ))
    return np.asarray(values * 10 ** (level_dbfs / 20), dtype=np.float64)


def spoken(seconds: float, *stretches: tuple[float, float], seed: int, level_dbfs: float = -20.0) -> Signal:
    """Noise within the stretches (in seconds), digital silence elsewhere."""
    signal = noise(seconds, seed=seed, level_dbfs=level_dbfs)
    times = np.arange(len(signal)) / SAMPLE_RATE_HZ
    inside = np.any([(start <= times) & (times < end) for start, end in stretches], axis=0)
    return np.asarray(signal * inside, dtype=np.float64)


def classify(left: Signal, right: Signal) -> ChannelReport:
    stereo = np.column_stack((left, right))
    return classify_channels((np.clip(stereo, -1, 1) * 32767).astype(np.int16))


def test_a_party_per_channel_gives_turns_with_a_margin() -> None:
    report = classify(spoken(12, (1, 4), (8, 9), seed=1), spoken(12, (5, 7.5), seed=2))

    assert report.mode is ChannelMode.DUAL_PARTY
    assert report.turns == (
        Turn(0.9, 4.1, "SPEAKER_00"),
        Turn(4.9, 7.6, "SPEAKER_01"),
        Turn(7.9, 9.1, "SPEAKER_00"),
    )


def test_short_gaps_are_joined_and_short_sounds_dropped() -> None:
    left = spoken(12, (1, 2), (2.3, 4), (4.32, 5), (10, 10.18), seed=1)
    right = spoken(12, (6, 9), (11, 11.2), seed=2)

    report = classify(left, right)

    assert report.turns == (
        Turn(0.9, 4.1, "SPEAKER_00"),
        Turn(4.22, 5.1, "SPEAKER_00"),
        Turn(5.9, 9.1, "SPEAKER_01"),
        Turn(10.9, 11.3, "SPEAKER_01"),
    )


def test_turns_stay_within_the_recording() -> None:
    report = classify(spoken(8, (0, 4), seed=1), spoken(8, (4, 8), seed=2))

    assert report.turns == (Turn(0.0, 4.1, "SPEAKER_00"), Turn(3.9, 8.0, "SPEAKER_01"))


def test_the_same_sound_twice_is_dual_mono() -> None:
    signal = spoken(10, (1, 4), (5, 9), seed=1)

    assert classify(signal, 0.7 * signal).mode is ChannelMode.DUAL_MONO


def test_an_inverted_copy_is_dual_mono() -> None:
    signal = spoken(10, (1, 4), (5, 9), seed=1)

    assert classify(signal, -signal).mode is ChannelMode.DUAL_MONO


def test_a_dead_channel_leaves_the_live_one() -> None:
    alive, dead = spoken(10, (1, 4), seed=1), noise(10, seed=2, level_dbfs=-65)

    assert classify(alive, dead) == ChannelReport(ChannelMode.MONO, live_channel=0)
    assert classify(dead, alive) == ChannelReport(ChannelMode.MONO, live_channel=1)


def test_two_dead_channels_are_plain_mono() -> None:
    silence = np.zeros(10 * SAMPLE_RATE_HZ)

    assert classify(silence, silence) == ChannelReport(ChannelMode.MONO)


def test_partly_correlated_channels_are_mono() -> None:
    shared, own = spoken(10, (1, 9), seed=1), spoken(10, (1, 9), seed=2)

    # The correlation of shared and shared + own is 1 / sqrt(2).
    assert classify(shared, shared + own).mode is ChannelMode.MONO


def test_a_channel_that_dominates_for_less_than_two_seconds_is_no_party() -> None:
    left, right = spoken(12, (1, 6), seed=1), spoken(12, (7, 8.9), seed=2)

    assert classify(left, right).mode is ChannelMode.MONO


def test_channels_that_are_active_together_most_of_the_time_are_no_parties() -> None:
    left, right = spoken(20, (1, 14), seed=1), spoken(20, (4, 17), seed=2)

    assert classify(left, right).mode is ChannelMode.MONO


def test_a_recording_shorter_than_a_frame_is_mono() -> None:
    assert classify_channels(np.zeros((10, 2), dtype=np.int16)) == ChannelReport(ChannelMode.MONO)
