"""Which engine does which job: chosen once at start from the settings, and logged.

Source: pipeline.md, section 7. In this version `auto` means the local engines.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from app.audio.settings import AudioSettings
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.diarization import LocalDiarizer
from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
from app.providers.local.whisper_engine import WhisperTranscriber, load_whisper
from app.providers.protocols import Analyst, Diarizer, Transcriber
from app.settings import DiarizationProvider, Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one worker process; `diarizer` is None when diarization is switched off."""

    audio_settings: AudioSettings
    transcriber: Transcriber
    diarizer: Diarizer | None
    analyst: Analyst


@asynccontextmanager
async def open_engines(settings: Settings, analyst: Analyst) -> AsyncIterator[Engines]:
    """Make the engines that the settings name; their child processes end with the block.

    The `analyst` comes from the resources, since the API needs one, too.
    """
    pool = CpuPool()
    engines = Engines(
        audio_settings=audio_settings(settings),
        transcriber=await _local_transcriber(pool),
        diarizer=None if settings.diarization_provider is DiarizationProvider.NONE else LocalDiarizer(pool),
        analyst=analyst,
    )
    log.info(
        "engines_chosen",
        transcription=engines.transcriber.model,
        diarization=engines.diarizer.model if engines.diarizer else None,
        analysis=engines.analyst.provider,
    )
    try:
        yield engines
    finally:
        await pool.close()


async def _local_transcriber(pool: CpuPool) -> Transcriber:
    """`faster-whisper` where its extra is installed and its model is on this machine, else pocketsphinx."""
    whisper = await asyncio.to_thread(load_whisper)
    return PocketsphinxTranscriber(pool) if whisper is None else WhisperTranscriber(pool, whisper)


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
    )
