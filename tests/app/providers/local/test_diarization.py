import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import orjson

from app.audio.preprocessing import prepare
from app.audio.recording import ChannelMode, PreparedAudio
from app.audio.settings import AudioSettings
from app.pipeline.diarization import read_diarization
from app.pipeline.speech import Turn
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.diarization import LocalDiarizer
from bench.metrics import diarization_error
from tests.app.audio.recordings import decode_stereo, read, read_turns, stream, to_wav
from tests.app.providers.local.conftest import Prepare

EXCERPT_SECONDS = 20.4  # the first four turns of the call


def truth(name: str, until_seconds: float = 1e9) -> list[Turn]:
    turns = orjson.loads(read(name))["turns"]
    return [Turn(turn["start"], turn["end"], turn["speaker"]) for turn in turns if turn["end"] <= until_seconds]


def excerpt(audio: PreparedAudio, seconds: float) -> PreparedAudio:
    end = 2 * round(seconds * 16_000)
    return replace(audio, duration_seconds=seconds, diarization=audio.diarization[:end])


async def test_two_voices_of_a_mono_call_are_told_apart(pool: CpuPool, prepared: Prepare) -> None:
    audio = excerpt(await prepared("pricing.mono.flac"), EXCERPT_SECONDS)

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=None)

    assert diarization_error(truth("pricing.json", EXCERPT_SECONDS), answer.turns).total <= 0.06
    assert list(dict.fromkeys(turn.speaker for turn in answer.turns)) == ["SPEAKER_00", "SPEAKER_01"]
    assert list(answer.turns) == sorted(answer.turns, key=lambda turn: turn.start_seconds)


async def test_a_third_voice_is_heard_when_nobody_says_that_there_are_two(pool: CpuPool, prepared: Prepare) -> None:
    first = excerpt(await prepared("pricing.mono.flac"), 21.0)
    second = excerpt(await prepared("support.mono.flac"), 21.0)  # one of the two voices is the same
    audio = replace(first, duration_seconds=42.0, diarization=first.diarization + second.diarization)
    diarizer = LocalDiarizer(pool)

    open_answer = await diarizer.diarize(audio, max_speakers=None)
    answer_of_two = await diarizer.diarize(audio, max_speakers=2)

    assert {turn.speaker for turn in open_answer.turns} == {"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}
    assert {turn.speaker for turn in answer_of_two.turns} == {"SPEAKER_00", "SPEAKER_01"}


async def test_a_voicemail_has_one_speaker(pool: CpuPool, prepared: Prepare) -> None:
    audio = await prepared("voicemail.mono.flac")

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=None)

    assert {turn.speaker for turn in answer.turns} == {"SPEAKER_00"}
    assert diarization_error(truth("voicemail.json"), answer.turns).total <= 0.04


async def test_a_few_seconds_of_one_voice_have_one_speaker(pool: CpuPool, prepared: Prepare) -> None:
    whole = await prepared("voicemail.phone.flac")
    audio = replace(whole, duration_seconds=5.0, diarization=whole.diarization[2 * 5 * 16_000 : 2 * 10 * 16_000])

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=None)

    assert {turn.speaker for turn in answer.turns} == {"SPEAKER_00"}


async def test_speech_over_each_other_has_one_of_the_two_speakers(pool: CpuPool) -> None:
    clean = await decode_stereo("pricing.stereo.flac", EXCERPT_SECONDS + 0.1)
    early_seconds = 1.5  # the second party begins before the first one has ended
    early = round(early_seconds * 16_000)
    audio = await prepare(stream(to_wav(0.7 * (clean[:-early, 0] + clean[early:, 1]))), AudioSettings())
    reference = [
        turn
        if turn.speaker == "SPEAKER_00"
        else replace(
            turn, start_seconds=turn.start_seconds - early_seconds, end_seconds=turn.end_seconds - early_seconds
        )
        for turn in read_turns("pricing.json", EXCERPT_SECONDS)
    ]

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=None)

    error = diarization_error(reference, answer.turns)
    assert {turn.speaker for turn in answer.turns} == {"SPEAKER_00", "SPEAKER_01"}
    assert all(before.end_seconds <= after.start_seconds for before, after in pairwise(answer.turns))
    assert error.missed <= 0.13  # 12 % is said while somebody else speaks, and a moment has one speaker here
    assert error.confusion <= 0.01


async def test_a_real_telephone_call_has_two_speakers(pool: CpuPool, prepared: Prepare) -> None:
    rows = [line.split() for line in read("real/telephone-30s.rttm").decode().splitlines()]
    reference = [Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows]

    answer = await LocalDiarizer(pool).diarize(await prepared("real/telephone-30s.flac"), max_speakers=2)

    assert diarization_error(reference, answer.turns).total <= 0.25


async def test_one_speaker_when_no_more_are_wanted(pool: CpuPool, prepared: Prepare) -> None:
    audio = excerpt(await prepared("pricing.mono.flac"), EXCERPT_SECONDS)

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=1)

    assert {turn.speaker for turn in answer.turns} == {"SPEAKER_00"}


async def test_the_same_audio_gives_the_same_bytes(pool: CpuPool, prepared: Prepare) -> None:
    audio = excerpt(await prepared("pricing.mono.flac"), EXCERPT_SECONDS)
    diarizer = LocalDiarizer(pool)

    first, second = [await diarizer.diarize(audio, max_speakers=2) for _ in range(2)]

    assert first.content == second.content
    assert read_diarization(orjson.loads(first.content)).turns == first.turns


async def test_silence_has_no_turns(pool: CpuPool) -> None:
    silence = bytes(5 * 32_000)
    audio = PreparedAudio(5.0, ChannelMode.MONO, transcription=silence, diarization=silence)

    answer = await LocalDiarizer(pool).diarize(audio, max_speakers=None)

    assert answer.turns == ()
    assert answer.content == b'{"provider":"local","turns":[]}'


def test_worker_does_not_load_what_only_the_children_of_its_pool_need() -> None:
    names = "('scipy', 'sklearn')"
    code = f"import app.providers.local.diarization, sys; print([name for name in {names} if name in sys.modules])"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    assert shown.stdout == b"[]\n"
