from dataclasses import replace

import numpy as np
import orjson
import pytest

from app.audio.preprocessing import prepare
from app.audio.recording import PreparedAudio
from app.audio.settings import AudioSettings
from app.pipeline.failures import FailureReason, HardFailureError
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
from bench.metrics import normalized_words, word_error_rate
from tests.app.audio.recordings import read, stream, to_wav
from tests.app.providers.local.conftest import Prepare

EXCERPT_SECONDS = 9.2  # the first two turns of the call


def excerpt(audio: PreparedAudio, seconds: float) -> PreparedAudio:
    end = 2 * round(seconds * 16_000)
    assert audio.channels is not None
    return replace(audio, duration_seconds=seconds, channels=(audio.channels[0][:end], audio.channels[1][:end]))


def noise(seconds: float, level: float) -> bytes:
    return to_wav(np.random.default_rng(0).normal(size=round(seconds * 16_000)) * level)


async def test_each_channel_is_decoded_on_its_own(pool: CpuPool, prepared: Prepare) -> None:
    audio = excerpt(await prepared("pricing.stereo.m4a"), EXCERPT_SECONDS)

    content = await PocketsphinxTranscriber(pool).transcribe(audio)

    document = orjson.loads(content)
    spoken = [turn for turn in orjson.loads(read("pricing.json"))["turns"] if turn["end"] <= EXCERPT_SECONDS]
    words = [word for segment in document["segments"] for word in segment["words"]]
    expected = [word for turn in spoken for word in normalized_words(turn["text"])]
    assert word_error_rate(expected, [word["word"] for word in words]) <= 0.10
    assert [segment["speaker"] for segment in document["segments"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert all(word["speaker"] == segment["speaker"] for segment in document["segments"] for word in segment["words"])
    head = {key: document[key] for key in ("task", "engine", "formatted", "speakerExact", "language", "duration")}
    assert head == {
        "task": "transcribe",
        "engine": "pocketsphinx",
        "formatted": False,
        "speakerExact": True,
        "language": "en",
        "duration": EXCERPT_SECONDS,
    }


async def test_a_mono_recording_is_decoded_without_speakers(pool: CpuPool, prepared: Prepare) -> None:
    transcriber = PocketsphinxTranscriber(pool)
    audio = await prepared("voicemail.mono.flac")

    raw = transcriber.parse(await transcriber.transcribe(audio))

    words = [word for segment in raw.segments for word in segment.words]
    expected = [
        word for turn in orjson.loads(read("voicemail.json"))["turns"] for word in normalized_words(turn["text"])
    ]
    assert word_error_rate(expected, [word.text for word in words]) <= 0.20
    assert {word.speaker for word in words} == {None}
    assert (raw.is_formatted, raw.is_speaker_exact, raw.language) == (False, False, "en")
    starts = [word.start_seconds or 0 for word in words]
    assert starts == sorted(starts)


@pytest.mark.parametrize("level", [0.0, 0.001, 0.1], ids=["silence", "faint noise", "loud noise"])
async def test_silence_and_noise_give_no_word(pool: CpuPool, level: float) -> None:
    transcriber = PocketsphinxTranscriber(pool)
    audio = await prepare(stream(noise(10, level)), AudioSettings())

    content = await transcriber.transcribe(audio)

    document = orjson.loads(content)
    assert (document["segments"], document["text"]) == ([], "")
    with pytest.raises(HardFailureError) as failed:
        transcriber.parse(content)
    assert failed.value.reason is FailureReason.TRANSCRIPTION_EMPTY


async def test_what_was_decoded_before_does_not_matter(pool: CpuPool, prepared: Prepare) -> None:
    transcriber = PocketsphinxTranscriber(pool)
    voicemail = await prepared("voicemail.mono.flac")
    short = replace(voicemail, duration_seconds=4.2, diarization=voicemail.diarization[: 2 * 67_200])

    first = await transcriber.transcribe(short)
    others = [await transcriber.transcribe(short) for _ in range(2)]

    assert others == [first, first]
