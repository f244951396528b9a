"""The audio variables, as the stage takes them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """`timeout_seconds` holds for each run of ffmpeg; `is_mp3_output`: providers are sent MP3, not WAV.

    Source: pipeline.md, section 16.
    """

    is_enabled: bool = True
    ffmpeg_path: str = "ffmpeg"
    timeout_seconds: float = 60
    is_denoise_enabled: bool = True
    highpass_hz: int = 80
    denoise_nr_db: int = 12
    denoise_noise_floor_db: int = -25
    is_dual_channel_enabled: bool = True
    max_audio_minutes: float = 240
    is_mp3_output: bool = False
