import numpy as np
import pytest

from app.providers.local.cpu_pool import CpuPool
from app.providers.local.voice_activity import FRAME_SECONDS, Stretch, find_speech, measure_speech
from bench.wordless import make_wordless
from tests.app.providers.local.conftest import Prepare
from tests.app.providers.local.jobs import list_thread_limits

# Frames last 32 ms, so ten of them 0.32 s.
QUIET, VOICE = [0.0] * 10, [0.9] * 10

WORDLESS = make_wordless(4.0)


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


def test_speech_shorter_than_asked_for_is_left_out() -> None:
    assert seconds(find_speech([*VOICE, *QUIET, *VOICE, *VOICE, *QUIET], 0.5)) == [(0.44, 1.48)]


@pytest.mark.parametrize("sound", WORDLESS)
async def test_sounds_without_a_word_are_no_speech(pool: CpuPool, sound: str) -> None:
    pcm = (np.clip(WORDLESS[sound], -1, 1) * 32767).astype("<i2").tobytes()

    probabilities = await measure_speech(pool, pcm)

    assert len(probabilities) == 4.0 / FRAME_SECONDS
    assert find_speech(probabilities) == []


async def test_distant_voices_in_a_noisy_room_are_heard(pool: CpuPool, prepared: Prepare) -> None:
    audio = await prepared("real/meeting-trn01.flac")
    last_three_seconds = audio.diarization[-2 * 3 * 16_000 :]

    speech = find_speech(await measure_speech(pool, last_three_seconds))

    assert len(speech) == 1
    assert speech[0].start_seconds == pytest.approx(1.9, abs=0.1)  # three people at once, 28.5 to 30.0 of the recording
    assert speech[0].end_seconds == pytest.approx(3.0, abs=0.05)


async def test_detector_has_one_thread_per_process() -> None:
    pool = CpuPool(1)
    try:
        await measure_speech(pool, bytes(3200))
        limits = await pool.run(list_thread_limits, None)
    finally:
        await pool.close()

    assert limits == {1}
