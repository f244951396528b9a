"""From prepared audio to a file that a provider takes.

Files have neutral names: those of users often hold names and numbers. Nothing is written to disk.
Source: pipeline.md, sections 3.4, 14 (P2) and 16.
"""

import asyncio
import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from app.audio.ffmpeg import PCM_FORMAT, FfmpegMissingError, MemoryFile, find_ffmpeg, run_ffmpeg
from app.audio.recording import SAMPLE_BYTES, SAMPLE_RATE_HZ, PreparedAudio
from app.audio.settings import AudioSettings
from app.audio.sniffing import FORMATS, MP3, OGG, WAV, AudioFormat
from app.pipeline.failures import FailureReason, HardFailureError

log = structlog.get_logger()

MAX_UPLOAD_BYTES = 100 * 1000**2
"""What Lemonfox takes at most: 52 minutes of WAV (providers.md, section 1.2)."""

MAX_UNCOMPRESSED_SECONDS = 45 * 60
"""Longer recordings go as Ogg/Opus, well before they come to that limit."""

_WAV_HEADER_BYTES = 44
_CONTENT_TYPES = {known.extension: known.content_type for known in FORMATS}


@dataclass(frozen=True, slots=True)
class AudioUpload:
    """A file for a provider."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Encoder:
    """How ffmpeg makes a format."""

    format: AudioFormat
    arguments: Sequence[str]


# The least complex search takes 8 s instead of 32 s for 45 minutes of speech (two busy cores): with the default, the
# longest recordings would not be ready at the deadline.
_OPUS = _Encoder(OGG, ("-c:a", "libopus", "-b:a", "32k", "-compression_level", "0", "-f", "ogg"))
_MP3 = _Encoder(MP3, ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"))


async def encode_upload(audio: PreparedAudio, settings: AudioSettings) -> AudioUpload:
    """Make the file that is sent for transcription; a recording that was not decoded goes as it came.

    It is WAV, or MP3 where the settings say so, or Ogg/Opus for a long recording. When ffmpeg fails or takes too long
    it is WAV all the same.

    Raises:
        HardFailureError: `audio_too_long`, the file is larger than `MAX_UPLOAD_BYTES`.

    Source: pipeline.md, section 3.4.
    """
    if audio.original is not None:
        _ensure_fits(len(audio.original.content))
        return _name(audio.original.extension, audio.original.content)
    encoder = _choose_encoder(audio, settings)
    small = None if encoder is None else await _compress(audio.transcription, encoder, settings)
    if small is not None:
        _ensure_fits(len(small.content))
        return small
    _ensure_fits(_WAV_HEADER_BYTES + len(audio.transcription))
    return _name(WAV.extension, await asyncio.to_thread(encode_wav, audio.transcription))


def encode_wav(pcm: bytes) -> bytes:
    """PCM as a WAV file, a header before it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(pcm)
    return file.getvalue()


def _choose_encoder(audio: PreparedAudio, settings: AudioSettings) -> _Encoder | None:
    if audio.known_seconds > MAX_UNCOMPRESSED_SECONDS:
        return _OPUS
    return _MP3 if settings.is_mp3_output else None


def _ensure_fits(size_bytes: int) -> None:
    if size_bytes > MAX_UPLOAD_BYTES:
        raise HardFailureError(FailureReason.AUDIO_TOO_LONG)


def _name(extension: str, content: bytes) -> AudioUpload:
    return AudioUpload(f"audio.{extension}", _CONTENT_TYPES[extension], content)


async def _compress(pcm: bytes, encoder: _Encoder, settings: AudioSettings) -> AudioUpload | None:
    """PCM in another format; None when there is no ffmpeg, or it fails or is late."""
    with MemoryFile() as source, MemoryFile() as target:
        await asyncio.to_thread(source.append, pcm)
        arguments = (*PCM_FORMAT, "-ac", "1", "-i", source.path, *encoder.arguments, "-y", target.path)
        try:
            binary = await asyncio.to_thread(find_ffmpeg, settings.ffmpeg_path)
            run = await run_ffmpeg(binary, arguments, [source, target], timeout_seconds=settings.timeout_seconds)
        except (FfmpegMissingError, TimeoutError) as error:
            log.warning("audio_encoding_failed", format=encoder.format.extension, error=type(error).__name__)
            return None
        if run.exit_code != 0 or target.size_bytes == 0:
            log.warning("audio_encoding_failed", format=encoder.format.extension, exit_code=run.exit_code)
            return None
        return _name(encoder.format.extension, await asyncio.to_thread(bytes, target.view()))
