"""The audio variables, as the stage takes them."""

from dataclasses import dataclass

from app.settings import AudioFormatName, Settings


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


def audio_settings(settings: Settings) -> AudioSettings:
    """The audio variables as the first stage takes them."""
    return AudioSettings(
        is_enabled=settings.audio_preprocessing_enabled,
        ffmpeg_path=settings.ffmpeg_path,
        timeout_seconds=settings.audio_preprocessing_timeout_seconds,
        is_denoise_enabled=settings.audio_denoise_enabled,
        highpass_hz=settings.audio_highpass_hz,
        denoise_nr_db=settings.audio_denoise_nr_db,
        denoise_noise_floor_db=settings.audio_denoise_noise_floor_db,
        is_dual_channel_enabled=settings.dual_channel_enabled,
        max_audio_minutes=settings.max_audio_minutes,
        is_mp3_output=settings.audio_preprocessing_output_format is AudioFormatName.MP3,
    )
