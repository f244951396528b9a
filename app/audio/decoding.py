"""From a recording in any container to plain 16 kHz PCM in a memory file.

Source: pipeline.md, sections 3.2 and 3.5.
"""

import re
from collections.abc import AsyncIterable
from dataclasses import dataclass

import numpy as np
import structlog

from app.audio.channels import Samples
from app.audio.ffmpeg import LARGE_FRAMES, PCM_FORMAT, MemoryFile, run_ffmpeg
from app.audio.recording import SAMPLE_RATE_HZ
from app.audio.settings import AudioSettings
from app.audio.sniffing import HEAD_BYTES, sniff
from app.pipeline.failures import FailureReason, HardFailureError

log = structlog.get_logger()

# Only the containers that uploads accept: a play list in disguise could make ffmpeg open other files.
_DEMUXERS = "wav,mp3,aac,mov,amr,ogg,flac,matroska,asf"
_AUDIO_STREAM = re.compile(r"^  Stream #0:\d+[^\n]*?: Audio: [^\n]*? Hz, ([^,\n]+)", re.MULTILINE)
_TWO_CHANNEL_LAYOUTS = frozenset({"stereo", "downmix", "2 channels"})
_TIME = re.compile(r"\btime=(\d+):(\d\d):(\d\d\.\d+)")
_SECONDS_BEYOND_LIMIT = 1  # decoded past the longest recording that is accepted, to see that there is more


@dataclass(frozen=True, slots=True)
class Decoded:
    """Plain PCM. `samples` has the shape (n, 1) or (n, 2); `is_two_channel`: so had the recording itself.

    Surround sound is mixed down to two columns, which are then no channels of anybody.
    """

    samples: Samples
    is_two_channel: bool

    @property
    def duration_seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


async def decode(source: AsyncIterable[bytes], output: MemoryFile, binary: str, settings: AudioSettings) -> Decoded:
    """Decode the first audio stream of a recording into `output`.

    What a damaged file still yields is taken, as long as ffmpeg itself calls the run a success.

    Raises:
        HardFailureError: `audio_undecodable` or `audio_too_long`.
    """
    max_seconds = settings.max_audio_minutes * 60
    with MemoryFile() as recording:
        async for chunk in source:
            recording.append(chunk)
        try:
            run = await run_ffmpeg(
                binary,
                _arguments(recording, output, max_seconds + _SECONDS_BEYOND_LIMIT),
                [recording, output],
                timeout_seconds=settings.timeout_seconds,
            )
        except TimeoutError as error:
            _log_failure(recording, exit_code=None)
            raise HardFailureError(FailureReason.AUDIO_UNDECODABLE) from error
        layouts = _AUDIO_STREAM.findall(run.log)
        if run.exit_code != 0 or len(layouts) < 2 or output.size_bytes == 0:
            _log_failure(recording, run.exit_code)
            raise HardFailureError(FailureReason.AUDIO_UNDECODABLE)
    # ffmpeg lists the streams of the input first; the last one is what it wrote.
    columns = 2 if layouts[-1] in _TWO_CHANNEL_LAYOUTS else 1
    samples = np.frombuffer(output.view(), dtype="<i2").reshape(-1, columns)
    if len(samples) > max_seconds * SAMPLE_RATE_HZ:
        raise HardFailureError(FailureReason.AUDIO_TOO_LONG)
    return Decoded(samples, is_two_channel=layouts[0] in _TWO_CHANNEL_LAYOUTS)


async def measure_seconds(content: bytes, binary: str, settings: AudioSettings) -> float | None:
    """How long a recording is, to a hundredth of a second; its sound is dropped as it is decoded.

    For one that is too long to be kept. None: there is nothing to be decoded, or it takes too long.
    """
    with MemoryFile() as recording:
        recording.append(content)
        arguments = [*_input(recording), "-f", "null", "-"]
        try:
            run = await run_ffmpeg(binary, arguments, [recording], timeout_seconds=settings.timeout_seconds)
        except TimeoutError:
            return None
    times = _TIME.findall(run.log)
    if not times:
        return None
    hours, minutes, seconds = times[-1]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _input(recording: MemoryFile) -> list[str]:
    """The first audio stream of a recording."""
    return ["-format_whitelist", _DEMUXERS, "-i", recording.path, "-map", "0:a:0"]


def _arguments(recording: MemoryFile, output: MemoryFile, limit_seconds: float) -> list[str]:
    conversion = f"aresample={SAMPLE_RATE_HZ},aformat=sample_fmts=s16:channel_layouts=mono|stereo,{LARGE_FRAMES}"
    return [
        *(*_input(recording), "-t", str(limit_seconds), "-af", conversion),
        *(*PCM_FORMAT, "-y", output.path),
    ]


def _log_failure(recording: MemoryFile, exit_code: int | None) -> None:
    audio_format = sniff(bytes(recording.view()[:HEAD_BYTES]))
    log.warning(
        "audio_undecodable",
        container=audio_format.extension if audio_format else None,
        size_bytes=recording.size_bytes,
        exit_code=exit_code,
    )
