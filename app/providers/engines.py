"""Which engine does which job: chosen once at start from the settings, and logged without keys.

Source: pipeline.md, section 7.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from app.audio.settings import AudioSettings, audio_settings
from app.providers.lemonfox.transcriber import LemonfoxSettings, LemonfoxTranscriber
from app.providers.local.cpu_pool import CpuPool
from app.providers.protocols import Analyst, Diarizer, Transcriber
from app.providers.pyannote.client import open_client
from app.providers.pyannote.diarizer import PyannoteDiarizer
from app.settings import DiarizationEngine, Settings, TranscriptionProvider

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one worker process that listen; `diarizer` is None when nobody is asked who speaks when."""

    audio_settings: AudioSettings
    transcriber: Transcriber
    diarizer: Diarizer | None
    analyst: Analyst

    @property
    def needs_pcm(self) -> bool:
        """Whether a recording has to be decoded, whatever the settings say."""
        return self.transcriber.needs_pcm or (self.diarizer is not None and self.diarizer.needs_pcm)


@asynccontextmanager
async def open_engines(settings: Settings, http: httpx.AsyncClient, analyst: Analyst) -> AsyncIterator[Engines]:
    """Make the engines that the settings name; their child processes end with the block.

    The `analyst` comes from the resources, since the API needs one, too.
    """
    async with AsyncExitStack() as stack:
        pool = CpuPool()
        stack.push_async_callback(pool.close)
        engines = Engines(
            audio_settings=audio_settings(settings),
            transcriber=await _open_transcriber(settings, http, pool),
            diarizer=_open_diarizer(settings, http, pool),
            analyst=analyst,
        )
        log.info(
            "engines_chosen",
            transcription=engines.transcriber.provider,
            transcription_model=engines.transcriber.model,
            diarization=engines.diarizer.provider if engines.diarizer else settings.diarization_engine,
            diarization_model=engines.diarizer.model if engines.diarizer else None,
            analysis=engines.analyst.provider,
        )
        yield engines


async def _open_transcriber(settings: Settings, http: httpx.AsyncClient, pool: CpuPool) -> Transcriber:
    if settings.transcription_engine is TranscriptionProvider.LEMONFOX:
        return _open_lemonfox(settings, http)
    return await asyncio.to_thread(_open_local_transcriber, pool)


def _open_local_transcriber(pool: CpuPool) -> Transcriber:
    """`faster-whisper` where its extra is installed and its model is on this machine, else pocketsphinx."""
    # Here and not above, like the local diarizer: a worker whose providers are paid needs neither, nor their libraries.
    from app.providers.local.pocketsphinx_engine import PocketsphinxTranscriber
    from app.providers.local.whisper_engine import WhisperTranscriber, load_whisper

    whisper = load_whisper()
    return PocketsphinxTranscriber(pool) if whisper is None else WhisperTranscriber(pool, whisper)


def _open_lemonfox(settings: Settings, http: httpx.AsyncClient) -> Transcriber:
    if not settings.lemonfox_api_key:
        log.warning("lemonfox_not_configured", cure="set LEMONFOX_API_KEY, or SCRYON_TRANSCRIPTION_PROVIDER=local")
    lemonfox = LemonfoxSettings(
        api_key=settings.lemonfox_api_key,
        base_url=settings.lemonfox_base_url,
        model=settings.lemonfox_model,
        language=settings.lemonfox_language,
        timeout_seconds=settings.lemonfox_timeout_seconds,
    )
    return LemonfoxTranscriber(http, lemonfox, audio_settings(settings))


def _open_diarizer(settings: Settings, http: httpx.AsyncClient, pool: CpuPool) -> Diarizer | None:
    if settings.pyannote_enabled and not settings.pyannote_api_key:
        log.warning("pyannote_not_configured", cure="set PYANNOTE_API_KEY, or leave PYANNOTE_ENABLED unset")
    match settings.diarization_engine:
        case DiarizationEngine.PYANNOTE:
            return PyannoteDiarizer(
                open_client(settings, http),
                model=settings.pyannote_model,
                max_audio_minutes=settings.diarization_max_audio_minutes,
            )
        case DiarizationEngine.LOCAL:
            from app.providers.local.diarization import LocalDiarizer

            return LocalDiarizer(pool)
        case _:
            return None
