import asyncio
import os
import stat
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from structlog.testing import capture_logs

from app.audio.ffmpeg import find_ffmpeg
from app.audio.preprocessing import prepare
from app.audio.recording import ChannelMode, FallbackReason, PreparedAudio
from app.audio.settings import AudioSettings
from app.audio.sniffing import AAC, AMR, WAV, WMA, AudioFormat, sniff
from app.pipeline.failures import FailureReason, HardFailureError
from tests.app.audio.recordings import AUDIO_FOLDER, read, stream, to_wav, tone

SECOND_BYTES = 32_000  # 16 kHz, 16 bits


async def prepare_bytes(content: bytes, settings: AudioSettings | None = None) -> PreparedAudio:
    return await prepare(stream(content), settings or AudioSettings())


async def failure_of(content: bytes, settings: AudioSettings | None = None) -> FailureReason:
    with pytest.raises(HardFailureError) as failed:
        await prepare_bytes(content, settings)
    return failed.value.reason


def rms_dbfs(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2") / 32768
    return float(10 * np.log10(np.mean(samples**2)))


def make_script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def convert(name: str, *arguments: str) -> bytes:
    """A file of tests/audio in another container."""
    process = await asyncio.create_subprocess_exec(
        *(get_ffmpeg_exe(), "-v", "error", "-i", str(AUDIO_FOLDER / name), *arguments, "-"), stdout=subprocess.PIPE
    )
    converted, _ = await process.communicate()
    return converted


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    ("name", "mode", "seconds"),
    [
        ("voicemail.mono.flac", ChannelMode.MONO, 10.435),
        ("excerpts/support.phone.15s.3gp", ChannelMode.MONO, 15.06),
        ("pricing.mono.ogg", ChannelMode.MONO, 42.595),
        ("support.mono.webm", ChannelMode.MONO, 52.144),
        ("pricing.stereo.m4a", ChannelMode.DUAL_PARTY, 42.595),
        ("support.stereo.mp3", ChannelMode.DUAL_PARTY, 52.14),
    ],
)
async def test_containers_are_decoded(name: str, mode: ChannelMode, seconds: float) -> None:
    audio = await prepare_bytes(read(name))

    assert audio.channel_mode is mode
    assert audio.duration_seconds == pytest.approx(seconds, abs=0.05)
    assert audio.fallback is None
    expected_bytes = pytest.approx(audio.duration_seconds * SECOND_BYTES, abs=0.05 * SECOND_BYTES)
    assert len(audio.transcription) == expected_bytes
    assert len(audio.diarization) == expected_bytes


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        pytest.param(["-c", "libopencore_amrnb", "-f", "amr"], AMR, id="amr"),
        pytest.param(["-c", "aac", "-f", "adts"], AAC, id="aac"),
        pytest.param(["-c", "wmav2", "-f", "asf"], WMA, id="wma"),
        pytest.param(["-f", "wav"], WAV, id="wav"),
    ],
)
async def test_other_containers_are_decoded(codec: list[str], expected: AudioFormat) -> None:
    converted = await convert("voicemail.phone.flac", *codec)

    audio = await prepare_bytes(converted, AudioSettings(is_enabled=False))

    assert sniff(converted) == expected
    assert audio.duration_seconds == pytest.approx(10.435, abs=0.2)


async def test_parties_on_channels_get_their_pcm_and_turns() -> None:
    audio = await prepare_bytes(read("pricing.stereo.m4a"))

    assert audio.channels is not None
    assert [len(pcm) for pcm in audio.channels] == [len(audio.transcription)] * 2
    assert [turn.speaker for turn in audio.channel_turns] == ["SPEAKER_00", "SPEAKER_01"] * 4


async def test_channels_that_nobody_transcribes_are_not_made() -> None:
    content = read("pricing.stereo.m4a")

    audio = await prepare(stream(content), AudioSettings(), needs_channels=False)

    with_channels = await prepare(stream(content), AudioSettings())
    assert audio == replace(with_channels, channels=None)
    assert audio.channel_mode is ChannelMode.DUAL_PARTY


async def test_dual_channel_switched_off_gives_mono() -> None:
    audio = await prepare_bytes(read("pricing.stereo.m4a"), AudioSettings(is_dual_channel_enabled=False))

    assert (audio.channel_mode, audio.channels, audio.channel_turns) == (ChannelMode.MONO, None, ())


async def test_a_silent_channel_does_not_halve_the_live_one() -> None:
    stereo = np.column_stack((tone(2), np.zeros(32_000)))

    audio = await prepare_bytes(to_wav(stereo), AudioSettings(is_enabled=False))

    assert audio.channel_mode is ChannelMode.MONO
    assert rms_dbfs(audio.transcription) == pytest.approx(-23.0, abs=0.1)


async def test_more_than_two_channels_are_mono() -> None:
    quad = np.column_stack([tone(3, hz=300 + 100 * channel) for channel in range(4)])

    audio = await prepare_bytes(to_wav(quad))

    assert audio.channel_mode is ChannelMode.MONO
    assert len(audio.transcription) == 3 * SECOND_BYTES


@pytest.mark.parametrize("level_dbfs", [-45.0, -30.0, -6.0])
async def test_loudness_is_brought_to_the_same_level(level_dbfs: float) -> None:
    audio = await prepare_bytes(to_wav(tone(3, level_dbfs, hz=1000)))

    # A sine of 1 kHz at -16 LUFS has an RMS of about -16 dBFS; the quietest one needs 32 dB and gets the most, 30.
    assert rms_dbfs(audio.diarization) == pytest.approx(-16.0 if level_dbfs > -45 else -17.3, abs=1.0)


async def test_switched_off_preprocessing_decodes_plainly() -> None:
    recording = to_wav(tone(2, -30))

    audio = await prepare_bytes(recording, AudioSettings(is_enabled=False))

    assert audio.fallback is FallbackReason.DISABLED
    assert audio.transcription == audio.diarization == recording[44:]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Hello, this is no recording.", id="text"),
        pytest.param(b"ID3\x04\x00\x00\x00\x00\x00\x00", id="tags only"),
        pytest.param(read("pricing.stereo.m4a")[:100_000], id="m4a without its index"),
        pytest.param(to_wav(np.zeros(0)), id="no seconds"),
        pytest.param(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", id="play list"),
    ],
)
async def test_what_holds_no_audio_is_undecodable(content: bytes) -> None:
    assert await failure_of(content) is FailureReason.AUDIO_UNDECODABLE


async def test_recordings_up_to_the_longest_are_taken() -> None:
    limit = AudioSettings(max_audio_minutes=0.05, is_enabled=False)

    assert (await prepare_bytes(to_wav(tone(3)), limit)).duration_seconds == 3.0
    assert await failure_of(to_wav(tone(3.01)), limit) is FailureReason.AUDIO_TOO_LONG


async def test_failing_filters_leave_the_plain_sound(tmp_path: Path) -> None:
    recording = to_wav(tone(2, -30))
    real = find_ffmpeg("ffmpeg")
    only_decodes = make_script(tmp_path / "ffmpeg", f'case "$*" in *afftdn*) exit 1;; esac\nexec {real} "$@"')

    audio = await prepare_bytes(recording, AudioSettings(ffmpeg_path=only_decodes))

    assert audio.fallback is FallbackReason.FFMPEG_FAILED
    assert audio.transcription == recording[44:]
    assert rms_dbfs(audio.diarization) == pytest.approx(-16.0, abs=1.5)


async def test_filters_beyond_the_deadline_leave_the_plain_sound(tmp_path: Path) -> None:
    recording = to_wav(tone(2, -30))
    real = find_ffmpeg("ffmpeg")
    hangs = make_script(tmp_path / "ffmpeg", f'case "$*" in *alimiter*) exec sleep 600;; esac\nexec {real} "$@"')

    audio = await prepare_bytes(recording, AudioSettings(ffmpeg_path=hangs, timeout_seconds=2))

    assert audio.fallback is FallbackReason.TIMEOUT
    assert audio.transcription == audio.diarization == recording[44:]


async def test_nothing_is_left_behind_by_failures(tmp_path: Path) -> None:
    hangs = make_script(tmp_path / "ffmpeg", f"echo $$ >{tmp_path}/pid\nexec sleep 600")
    await failure_of(b"text")
    before = open_descriptors()

    await failure_of(b"text")
    reason = await failure_of(b"text", AudioSettings(ffmpeg_path=hangs, timeout_seconds=0.5))

    assert reason is FailureReason.AUDIO_UNDECODABLE
    # Connections of earlier tests may close meanwhile.
    assert open_descriptors() <= before
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


async def test_cancellation_ends_ffmpeg(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    hangs = make_script(tmp_path / "ffmpeg", f"echo $$ >{started}\nexec sleep 600")
    running = asyncio.create_task(prepare_bytes(b"text", AudioSettings(ffmpeg_path=hangs)))
    pid = (await asyncio.to_thread(started.read_text)).strip()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not Path(f"/proc/{pid}").exists()


async def test_a_source_that_fails_is_not_hidden() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"RIFF"
        raise ConnectionError

    before = open_descriptors()

    with pytest.raises(ConnectionError):
        await prepare(broken(), AudioSettings())

    assert open_descriptors() == before


async def test_logs_name_container_and_size_only() -> None:
    with capture_logs() as lines:
        await failure_of(read("pricing.stereo.m4a")[:100_000])

    assert [{key: line[key] for key in line if key != "exit_code"} for line in lines] == [
        {"event": "audio_undecodable", "log_level": "warning", "container": "m4a", "size_bytes": 100_000}
    ]
