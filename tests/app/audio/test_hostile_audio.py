"""Recordings that are made to cost more than they should end with a documented reason. Source: pipeline.md, 3.5."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from app.audio.decoding import decode
from app.audio.ffmpeg import MAX_DATA_BYTES, MemoryFile, run_ffmpeg
from app.audio.settings import AudioSettings
from app.pipeline.failures import FailureReason, HardFailureError
from tests.app.audio.recordings import stream
from tests.app.audio.test_preprocessing import make_script

LIMIT = AudioSettings(max_audio_minutes=0.5)
LONGEST_BYTES = 31 * 16_000 * 2 * 2
"""A second more than the limit in two channels."""

SILENCES = {
    "flac": ("anullsrc=r=8000:cl=mono", "-f", "flac"),
    "flac of many channels": ("anullsrc=r=96000:cl=7.1", "-f", "flac"),
    "opus": ("anullsrc=r=48000:cl=stereo", "-f", "ogg", "-c:a", "libopus", "-b:a", "6k"),
    "mp3": ("anullsrc=r=8000:cl=mono", "-f", "mp3", "-b:a", "8k"),
}
"""Two minutes each, of which a second is a few hundred bytes; ten hours take the same way."""


async def make_silence(source: str, *arguments: str) -> bytes:
    command = ("-v", "error", "-f", "lavfi", "-i", source, "-t", "120", *arguments, "-")
    process = await asyncio.create_subprocess_exec(get_ffmpeg_exe(), *command, stdout=subprocess.PIPE)
    content, _ = await process.communicate()
    return content


@pytest.mark.parametrize("name", SILENCES)
async def test_long_silence_in_a_small_file_is_too_long_and_not_unpacked_whole(name: str) -> None:
    content = await make_silence(*SILENCES[name])

    with MemoryFile() as output:
        with pytest.raises(HardFailureError) as failed:
            await decode(stream(content), output, get_ffmpeg_exe(), LIMIT)
        size_bytes = output.size_bytes

    assert failed.value.reason is FailureReason.AUDIO_TOO_LONG
    assert size_bytes <= LONGEST_BYTES


async def test_recording_that_takes_too_long_to_decode_is_undecodable() -> None:
    content = await make_silence(*SILENCES["flac"])

    with MemoryFile() as output, pytest.raises(HardFailureError) as failed:
        await decode(stream(content), output, get_ffmpeg_exe(), AudioSettings(timeout_seconds=0.001))

    assert failed.value.reason is FailureReason.AUDIO_UNDECODABLE


async def test_decoder_has_a_limit_of_its_memory(tmp_path: Path) -> None:
    script = make_script(tmp_path / "ffmpeg", "sleep 0.2; ulimit -d >&2")

    run = await run_ffmpeg(script, [], [], timeout_seconds=30)

    assert run.log.strip() == str(MAX_DATA_BYTES // 1024)
