"""What is said on two channels, on recordings made of a synthetic call: echo, noise, overlap, sides swapped."""

import numpy as np
import numpy.typing as npt
import pytest

from app.audio.channels import ChannelReport, classify_channels
from app.audio.recording import ChannelMode
from app.pipeline.speech import Turn
from bench.metrics import diarization_error
from tests.app.audio.recordings import decode_stereo, read_turns

Stereo = npt.NDArray[np.float64]

SECONDS = 25.3  # the first five turns of the call
MAX_ERROR = 0.06  # the ends of words are below the level of activity
OTHER = {"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_00"}


@pytest.fixture(scope="module")
async def call() -> Stereo:
    return await decode_stereo("pricing.stereo.flac", SECONDS)


def said() -> list[Turn]:
    return read_turns("pricing.json", SECONDS)


def swapped(turns: list[Turn] | tuple[Turn, ...]) -> list[Turn]:
    return [Turn(turn.start_seconds, turn.end_seconds, OTHER[turn.speaker]) for turn in turns]


def classify(stereo: Stereo) -> ChannelReport:
    return classify_channels((np.clip(stereo, -1, 1) * 32767).astype(np.int16))


def gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def with_noise(stereo: Stereo, level_dbfs: float) -> Stereo:
    return stereo + np.random.default_rng(0).normal(size=stereo.shape) * gain(level_dbfs)


def with_leak(stereo: Stereo, level_db: float, delay_seconds: float = 0.0) -> Stereo:
    """Each side also holds the other one, fainter and later."""
    late = np.roll(stereo, round(delay_seconds * 16_000), axis=0)
    return stereo + gain(level_db) * late[:, ::-1]


def assert_parties(report: ChannelReport, expected: list[Turn]) -> None:
    """The turns are those of the truth, and none of them lies in what the other side alone says."""
    assert report.mode is ChannelMode.DUAL_PARTY
    assert len(report.turns) == len(expected)
    assert diarization_error(expected, report.turns).total <= MAX_ERROR
    for speaker in OTHER:  # each by name: the best mapping of speakers would not notice swapped ones
        own, said_by_it = ([turn for turn in turns if turn.speaker == speaker] for turns in (report.turns, expected))
        assert diarization_error(said_by_it, own).total <= 2 * MAX_ERROR


def test_each_side_has_its_turns(call: Stereo) -> None:
    assert_parties(classify(call), said())


@pytest.mark.parametrize("noise_dbfs", [-60, -50, -45, -40])
def test_noise_of_the_line_is_not_speech(call: Stereo, noise_dbfs: float) -> None:
    assert_parties(classify(with_noise(call, noise_dbfs)), said())


@pytest.mark.parametrize(("leak_db", "delay_seconds"), [(-30, 0.0), (-20, 0.0), (-20, 0.005), (-20, 0.08), (-15, 0.0)])
@pytest.mark.parametrize("noise_dbfs", [-120, -50])
def test_what_leaks_over_is_no_turn(call: Stereo, leak_db: float, delay_seconds: float, noise_dbfs: float) -> None:
    report = classify(with_noise(with_leak(call, leak_db, delay_seconds), noise_dbfs))

    assert_parties(report, said())


@pytest.mark.parametrize("side", [0, 1])
def test_a_leak_of_one_side_only_is_no_turn(call: Stereo, side: int) -> None:
    leaking = call.copy()
    leaking[:, side] += gain(-20) * call[:, 1 - side]

    assert_parties(classify(leaking), said())


@pytest.mark.parametrize("leak_db", [-120, -20])
def test_who_speaks_over_the_other_keeps_the_turn(call: Stereo, leak_db: float) -> None:
    early = call.copy()
    early[:, 1] = np.roll(call[:, 1], -16_000)  # the second party falls in a second early
    expected = [
        turn if turn.speaker == "SPEAKER_00" else Turn(turn.start_seconds - 1, turn.end_seconds - 1, turn.speaker)
        for turn in said()
    ]

    assert_parties(classify(with_leak(early, leak_db)), expected)


@pytest.mark.parametrize("noise_dbfs", [-120, -50])
def test_swapped_sides_swap_the_turns_and_nothing_else(call: Stereo, noise_dbfs: float) -> None:
    noisy = with_noise(with_leak(call, -20), noise_dbfs)

    report = classify(noisy[:, ::-1])

    assert set(swapped(report.turns)) == set(classify(noisy).turns)
    assert_parties(report, swapped(said()))


@pytest.mark.parametrize("noise_dbfs", [-120, -50, -40])
@pytest.mark.parametrize("right", [1.0, 0.5, -1.0])
def test_the_mix_on_both_sides_is_dual_mono(call: Stereo, right: float, noise_dbfs: float) -> None:
    mix = call.mean(axis=1)

    assert classify(with_noise(np.column_stack((mix, right * mix)), noise_dbfs)).mode is ChannelMode.DUAL_MONO


@pytest.mark.parametrize("noise_dbfs", [-120, -65])
@pytest.mark.parametrize("silent", [0, 1])
def test_a_silent_side_leaves_the_other(call: Stereo, silent: int, noise_dbfs: float) -> None:
    one_sided = call.copy()
    one_sided[:, silent] = 0

    report = classify(with_noise(one_sided, noise_dbfs))

    assert report == ChannelReport(ChannelMode.MONO, live_channel=1 - silent)


def test_a_side_that_only_hears_the_other_is_no_party(call: Stereo) -> None:
    echo = np.column_stack((call[:, 0], gain(-20) * np.roll(call[:, 0], 1280)))

    assert classify(echo).mode is ChannelMode.MONO
