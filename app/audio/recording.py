"""A recording after preprocessing: mono PCM variants in memory and what is known about its channels.

PCM is always 16 kHz, signed 16-bit little-endian, one channel, without a header.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.pipeline.speech import Turn

SAMPLE_RATE_HZ = 16_000
SAMPLE_BYTES = 2


class ChannelMode(StrEnum):
    """What the two channels of a recording turned out to be (pipeline.md, section 3.2)."""

    MONO = "mono"
    DUAL_MONO = "dual_mono"
    DUAL_PARTY = "dual_party"


class FallbackReason(StrEnum):
    """Why a variant is not what it should be (pipeline.md, section 3.2)."""

    DISABLED = "disabled"
    FFMPEG_MISSING = "ffmpeg_missing"
    FFMPEG_FAILED = "ffmpeg_failed"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """A recording as it came, in any container; `extension` is that of its storage key, without dot."""

    content: bytes
    extension: str


@dataclass(frozen=True, slots=True)
class PreparedAudio:
    """One recording, ready for the engines.

    `transcription` and `diarization` are PCM as above. `channel_turns` says who spoke when (left `SPEAKER_00`, right
    `SPEAKER_01`), in `DUAL_PARTY` mode only; `channels` holds the left and the right channel's PCM then, if an engine
    needs it.

    `original` is set when nothing was decoded: then there is no PCM, and nobody knows the duration.
    """

    duration_seconds: float | None
    channel_mode: ChannelMode
    transcription: bytes
    diarization: bytes
    channels: tuple[bytes, bytes] | None = None
    channel_turns: tuple[Turn, ...] = ()
    fallback: FallbackReason | None = None
    original: OriginalFile | None = None

    @property
    def known_seconds(self) -> float:
        """The duration of a recording that was decoded."""
        assert self.duration_seconds is not None
        return self.duration_seconds
