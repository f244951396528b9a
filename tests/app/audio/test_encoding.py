import io
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.audio.encoding import MAX_UPLOAD_BYTES, AudioUpload, encode_upload
from app.audio.preprocessing import prepare
from app.audio.recording import ChannelMode, OriginalFile, PreparedAudio
from app.audio.settings import AudioSettings
from app.audio.sniffing import AAC, AMR, FLAC, M4A, MP3, OGG, THREE_GP, WAV, WEBM, WMA, AudioFormat, sniff
from app.pipeline.failures import FailureReason, HardFailureError
from tests.app.audio.recordings import read, stream

AS_MP3 = AudioSettings(is_mp3_output=True)
PLAIN = AudioSettings(is_enabled=False)
PCM = bytes(range(256)) * 125  # one second


def prepared(*, seconds: float = 1.0, pcm: bytes = PCM) -> PreparedAudio:
    """A recording that says how long it is, whatever there is of it."""
    return PreparedAudio(seconds, ChannelMode.MONO, pcm, b"")


def as_it_came(extension: str, content: bytes = b"sound") -> PreparedAudio:
    return replace(prepared(pcm=b""), duration_seconds=None, original=OriginalFile(content, extension))


def make_script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


async def failure_of(audio: PreparedAudio, settings: AudioSettings | None = None) -> FailureReason:
    with pytest.raises(HardFailureError) as failed:
        await encode_upload(audio, settings or AudioSettings())
    return failed.value.reason


async def test_usual_file_is_wav() -> None:
    upload = await encode_upload(prepared(seconds=45 * 60), AudioSettings())

    assert (upload.name, upload.content_type, len(upload.content)) == ("audio.wav", "audio/wav", 44 + len(PCM))
    with wave.open(io.BytesIO(upload.content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.readframes(20_000) == PCM


@pytest.mark.parametrize(
    ("seconds", "settings", "audio_format"),
    [(10.0, AS_MP3, MP3), (45 * 60 + 0.1, AudioSettings(), OGG), (45 * 60 + 0.1, AS_MP3, OGG)],
    ids=["mp3 where the settings say so", "ogg for a long one", "ogg for a long one all the same"],
)
async def test_smaller_file_holds_the_same_sound(
    seconds: float, settings: AudioSettings, audio_format: AudioFormat
) -> None:
    audio = await prepare(stream(read("pricing.mono.flac")), PLAIN)

    upload = await encode_upload(replace(audio, duration_seconds=seconds), settings)

    again = await prepare(stream(upload.content), PLAIN)
    assert (upload.name, upload.content_type) == (f"audio.{audio_format.extension}", audio_format.content_type)
    assert sniff(upload.content) == audio_format
    assert again.known_seconds == pytest.approx(audio.known_seconds, abs=0.15)
    assert len(upload.content) < len(audio.transcription) / 3


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "exec sleep 10"], ids=["fails", "makes nothing", "is late"])
@pytest.mark.parametrize("audio", [prepared(), prepared(seconds=46 * 60)], ids=["mp3", "ogg"])
async def test_wav_is_sent_when_ffmpeg_does_not_deliver(tmp_path: Path, script: str, audio: PreparedAudio) -> None:
    ffmpeg = make_script(tmp_path / "ffmpeg", script)

    with capture_logs() as lines:
        upload = await encode_upload(audio, replace(AS_MP3, ffmpeg_path=ffmpeg, timeout_seconds=0.2))

    assert upload == await encode_upload(prepared(), AudioSettings())
    assert [line["event"] for line in lines] == ["audio_encoding_failed"]


@pytest.mark.parametrize(
    "audio_format", [WAV, MP3, AAC, M4A, THREE_GP, AMR, OGG, FLAC, WEBM, WMA], ids=lambda known: known.extension
)
async def test_recording_that_was_not_decoded_goes_as_it_came(audio_format: AudioFormat) -> None:
    upload = await encode_upload(as_it_came(audio_format.extension), AS_MP3)

    assert upload == AudioUpload(f"audio.{audio_format.extension}", audio_format.content_type, b"sound")


@pytest.mark.parametrize(
    "make", [lambda size: as_it_came("wav", bytes(size)), lambda size: prepared(pcm=bytes(size - 44))]
)
async def test_more_than_the_provider_takes_is_too_long(make: Callable[[int], PreparedAudio]) -> None:
    upload = await encode_upload(make(MAX_UPLOAD_BYTES), AudioSettings())

    assert len(upload.content) == MAX_UPLOAD_BYTES
    assert await failure_of(make(MAX_UPLOAD_BYTES + 2)) is FailureReason.AUDIO_TOO_LONG


async def test_long_recording_is_too_long_when_it_cannot_be_made_small(tmp_path: Path) -> None:
    audio = prepared(seconds=53 * 60, pcm=bytes(53 * 60 * 32_000))
    settings = AudioSettings(ffmpeg_path=make_script(tmp_path / "ffmpeg", "exit 1"))

    assert await failure_of(audio, settings) is FailureReason.AUDIO_TOO_LONG
