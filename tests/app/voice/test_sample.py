"""Samples of voices: what they are measured by, and what of them a provider gets. Source: rest.md, section 2.16."""

import numpy as np
import pytest

from app.audio.settings import AudioSettings
from app.errors import UnsupportedMediaTypeError, VoiceSampleTooLongError, VoiceSampleTooShortError
from app.voice.sample import MeasuredSample, cut_sample, measure_sample
from tests.app.audio.recordings import read, tone
from tests.forms import WAV
from tests.voices import make_sample

SECOND_BYTES = 32_000  # 16 kHz, 16 bits


async def measure(content: bytes, **settings: object) -> MeasuredSample:
    return await measure_sample(content, AudioSettings(**settings), min_seconds=15, max_seconds=45)  # type: ignore[arg-type]


def to_pcm(samples: np.ndarray) -> bytes:
    return bytes((samples * 32767).astype("<i2").tobytes())


@pytest.mark.parametrize(("seconds", "kept_seconds"), [(15.0, 15), (14.96, 14.96), (30.0, 30), (45.0, 30), (45.04, 30)])
async def test_both_limits_are_allowed(seconds: float, kept_seconds: float) -> None:
    measured = await measure(make_sample(seconds))

    assert measured.seconds == round(seconds, 1)
    assert len(measured.pcm) == round(kept_seconds * SECOND_BYTES)


@pytest.mark.parametrize(("seconds", "told"), [(14.9, 14.9), (9.42, 9.4), (1.0, 1)])
async def test_shorter_sample_is_refused(seconds: float, told: float) -> None:
    with pytest.raises(VoiceSampleTooShortError) as refused:
        await measure(make_sample(seconds))

    assert refused.value.details == {"minSeconds": 15, "actualSeconds": told}
    assert isinstance(refused.value.details["actualSeconds"], type(told))


@pytest.mark.parametrize(("seconds", "told"), [(45.1, 45.1), (46.0, 46), (61.0, 61), (75.5, 75.5)])
async def test_longer_sample_is_refused(seconds: float, told: float) -> None:
    with pytest.raises(VoiceSampleTooLongError) as refused:
        await measure(make_sample(seconds))

    assert refused.value.details == {"maxSeconds": 45, "actualSeconds": told}
    assert isinstance(refused.value.details["actualSeconds"], type(told))


@pytest.mark.parametrize("content", [WAV, b"", b"#!AMR\n"], ids=["no sound", "nothing", "head alone"])
async def test_what_cannot_be_decoded_is_no_sample(content: bytes) -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        await measure(content)


async def test_any_container_will_do_and_preprocessing_may_be_off() -> None:
    measured = await measure(read("excerpts/support.phone.15s.3gp"), is_enabled=False)

    assert measured.seconds == pytest.approx(15, abs=0.1)


def test_longer_sample_begins_at_the_onset_of_speech() -> None:
    hum, speech = tone(8.0, level_dbfs=-60.0, hz=100.0), tone(37.0)
    pcm = to_pcm(np.concatenate([hum, speech]))

    cut = cut_sample(pcm)

    assert len(cut) == 30 * SECOND_BYTES
    begins_at = pcm.index(cut) / SECOND_BYTES
    assert 7.7 <= begins_at <= 8.0


def test_click_is_no_onset() -> None:
    sound = np.concatenate([np.zeros(16_000 * 10), tone(30.0)])
    sound[16_000 * 2 : 16_000 * 2 + 800] = 0.9

    assert 9.7 <= to_pcm(sound).index(cut_sample(to_pcm(sound))) / SECOND_BYTES <= 10.0


def test_late_speech_leaves_less_than_thirty_seconds() -> None:
    sound = np.concatenate([np.zeros(16_000 * 25), tone(20.0)])

    assert 20.0 <= len(cut_sample(to_pcm(sound))) / SECOND_BYTES <= 20.3


@pytest.mark.parametrize("level_dbfs", [-20.0, -200.0], ids=["sound", "silence"])
def test_where_nothing_stands_out_the_beginning_counts(level_dbfs: float) -> None:
    pcm = to_pcm(tone(40.0, level_dbfs=level_dbfs))

    assert cut_sample(pcm) == pcm[: 30 * SECOND_BYTES]


def test_short_sample_is_left_alone() -> None:
    pcm = to_pcm(np.concatenate([np.zeros(16_000 * 10), tone(20.0)]))

    assert cut_sample(pcm) == pcm


def test_sample_is_not_shown() -> None:
    assert repr(MeasuredSample(b"what was said", 15.0)) == "MeasuredSample(seconds=15.0)"
