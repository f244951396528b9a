import numpy as np
import pytest

from app.providers.local.cpu_pool import CpuPool
from app.providers.local.voice_activity import FRAME_SECONDS, Stretch, find_speech, measure_speech

# Frames last 32 ms, so ten of them 0.32 s.
QUIET, VOICE = [0.0] * 10, [0.9] * 10


def seconds(stretches: list[Stretch]) -> list[tuple[float, float]]:
    return [(round(stretch.start_seconds, 3), round(stretch.end_seconds, 3)) for stretch in stretches]


def test_speech_gets_a_margin() -> None:
    assert seconds(find_speech([*QUIET, *VOICE, *QUIET])) == [(0.12, 0.84)]


def test_margins_stay_within_the_recording() -> None:
    assert seconds(find_speech(VOICE)) == [(0.0, 0.32)]


def test_speech_goes_on_until_the_probability_is_low() -> None:
    assert seconds(find_speech([*QUIET, *VOICE, *[0.4] * 10, *QUIET, *QUIET])) == [(0.12, 1.16)]


def test_doubtful_sound_does_not_begin_speech() -> None:
    assert find_speech([0.45] * 100) == []


def test_short_silences_are_bridged() -> None:
    assert seconds(find_speech([*VOICE, *[0.0] * 9, *VOICE])) == [(0.0, 0.928)]


def test_neighbours_share_the_silence_between_them() -> None:
    assert seconds(find_speech([*VOICE, *QUIET, *VOICE])) == [(0.0, 0.48), (0.48, 0.96)]


def test_clicks_are_no_speech() -> None:
    assert find_speech([*QUIET, 0.9, 0.9, 0.9, *QUIET]) == []


def test_nothing_has_no_speech() -> None:
    assert find_speech([]) == []


@pytest.mark.parametrize("level", [0.0, 0.001, 0.1])
async def test_silence_and_noise_are_no_speech(pool: CpuPool, level: float) -> None:
    noise = np.random.default_rng(0).normal(size=10 * 16_000) * level * 32767

    probabilities = await measure_speech(pool, noise.astype("<i2").tobytes())

    assert len(probabilities) == -(-10 // FRAME_SECONDS)
    assert find_speech(probabilities) == []
