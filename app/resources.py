"""What a process opens once and hands down: database, storage, queue, sign-in, providers.

The API makes it in its lifespan, a worker in its middleware; importing a module opens nothing.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from app.auth.firebase import Firebase, open_firebase
from app.auth.recent_accounts import RecentAccounts
from app.db import Database
from app.observability.metrics import Metrics, make_metrics
from app.providers.local_analysis.analyst import LocalAnalyst
from app.providers.openai.analyst import OpenAiAnalyst
from app.providers.openai.chat import ChatModel, open_chat_model
from app.providers.openai.naming import OpenAiSpeakerNamer
from app.providers.protocols import Analyst, SpeakerNamer, VoiceIdentifier
from app.providers.pyannote.client import open_client
from app.providers.pyannote.voices import PyannoteVoices
from app.providers.sending import open_http_client
from app.queue import Queue, open_queue
from app.settings import DEFAULT_DATABASE_URL, DEFAULT_REDIS_URL, AnalysisProvider, Settings
from app.storage.store import ObjectStore, open_store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Resources:
    """The shared connections of one process."""

    settings: Settings
    metrics: Metrics
    database: Database
    storage: ObjectStore
    queue: Queue
    firebase: Firebase | None
    """Who vouches for users; None when nobody signs in."""
    recent_accounts: RecentAccounts
    http: httpx.AsyncClient
    """For requests to providers."""
    analyst: Analyst
    """Who needs no audio, only a transcript; loads what it takes when it is first asked."""
    speaker_namer: SpeakerNamer | None
    """Who may name speakers whom the rules could not; None when that is switched off."""
    voices: VoiceIdentifier | None
    """Who knows voices; None when the feature is off or no provider is configured."""


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Open everything in order and close it in reverse; connections are made on first use.

    Raises:
        StorageUnavailableError: the local storage folder cannot be used.
    """
    async with AsyncExitStack() as stack:
        metrics = make_metrics(settings)
        url = settings.configured_database_url or DEFAULT_DATABASE_URL
        database = Database(url, pool_size=settings.db_pool_size)
        stack.push_async_callback(database.close)
        queue = await stack.enter_async_context(open_queue(settings.redis_url or DEFAULT_REDIS_URL))
        firebase = await stack.enter_async_context(open_firebase(settings, metrics))
        http = await stack.enter_async_context(open_http_client(metrics))
        model = await stack.enter_async_context(open_chat_model(settings, metrics))
        yield Resources(
            settings=settings,
            metrics=metrics,
            database=database,
            storage=open_store(settings),
            queue=queue,
            firebase=firebase,
            recent_accounts=RecentAccounts(settings.account_cache_seconds),
            http=http,
            analyst=_choose_analyst(settings, model, metrics),
            speaker_namer=_choose_namer(settings, model),
            voices=_open_voices(settings, http),
        )


def _open_voices(settings: Settings, http: httpx.AsyncClient) -> VoiceIdentifier | None:
    # `PYANNOTE_ENABLED=false` keeps everything away from pyannoteAI, in an emergency, too.
    if not settings.voice_embedding_enabled or settings.pyannote_enabled is False:
        return None
    client = open_client(settings, http)
    return None if client is None else PyannoteVoices(client)


def _choose_analyst(settings: Settings, model: ChatModel | None, metrics: Metrics) -> Analyst:
    if settings.analysis_engine is AnalysisProvider.OPENAI:
        return OpenAiAnalyst(
            model, max_transcript_chars=settings.llm_max_transcript_chars, count_tokens=metrics.count_tokens
        )
    return LocalAnalyst()


def _choose_namer(settings: Settings, model: ChatModel | None) -> SpeakerNamer | None:
    if not settings.llm_speaker_naming_enabled:
        return None
    if model is None or settings.analysis_engine is not AnalysisProvider.OPENAI:
        log.warning("speaker_naming_not_configured", cure="set LLM_API_KEY, and LLM_PROVIDER to auto or openai")
        return None
    return OpenAiSpeakerNamer(model)
