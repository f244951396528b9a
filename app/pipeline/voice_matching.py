"""Stage 7: which speaker has the user's voice; soft, since the words can tell it, too.

Source: transcript.md, section 5.12; pipeline.md, sections 3 and 11.1.
"""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum

import structlog

from app.audio.recording import PreparedAudio
from app.errors import VoiceProviderError
from app.observability.error_tracking import report_error
from app.pipeline.claims import ClaimLostError
from app.pipeline.failures import HardFailureError
from app.pipeline.listening import Heard, prepare_audio
from app.pipeline.models import Stage, StageStatus
from app.pipeline.run import milliseconds_since
from app.pipeline.spans import stage_span
from app.pipeline.speakers.voice_scores import (
    Thresholds,
    VoiceMatch,
    VoiceMatchStatus,
    apply_match,
    find_match,
    note_status,
    score_speakers,
)
from app.pipeline.transcript import Transcript
from app.pipeline.worker_run import WorkerRun
from app.providers.protocols import VoiceIdentifier, VoiceInterval
from app.voice.models import VoiceProfile
from app.voice.service import find_profile

log = structlog.get_logger()


class SkipReason(StrEnum):
    """Why nobody was asked, in the order in which it is looked at."""

    DISABLED = "disabled"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    NO_PROFILE = "no_profile"
    CONSENT_OUTDATED = "consent_outdated"
    NO_DIARIZATION = "no_diarization"
    NO_AUDIO = "no_audio"


@dataclass(frozen=True, slots=True)
class _Question:
    """All that it takes to ask."""

    voices: VoiceIdentifier
    profile: VoiceProfile
    audio: PreparedAudio


async def match_voice(run: WorkerRun, heard: Heard, transcript: Transcript) -> Transcript:
    """Give the speaker who has the user's voice the label that rule 1 goes by, and note how the match went.

    `transcript` is anonymous; after a failure of the provider, or without what it takes to ask, it stays so.

    Raises:
        ClaimLostError: the call is not ours any more.
        StorageUnavailableError: the recording could not be read again.
    """
    question = await _prepare_question(run, heard)
    if isinstance(question, SkipReason):
        run.events.log_event("VOICE_MATCH_SKIPPED", reason=question)
        is_off = question is SkipReason.DISABLED
        return note_status(transcript, VoiceMatchStatus.DISABLED if is_off else VoiceMatchStatus.SKIPPED)
    provider = question.voices.provider
    await run.events.write(Stage.VOICE_MATCH_STARTED, StageStatus.STARTED, provider=provider)
    run.events.log_event("VOICE_MATCH_STARTED", provider=provider)
    run.resources.metrics.voice_match_attempted.inc()
    started = time.monotonic()
    try:
        with stage_span(run.call_id, Stage.VOICE_MATCH_STARTED):
            intervals = await _ask(run, question)
    except ClaimLostError:
        raise
    except Exception as error:
        await _report_failure(run, provider, error, milliseconds_since(started))
        return note_status(transcript, VoiceMatchStatus.FAILED, is_used=True)
    settings = run.resources.settings
    thresholds = Thresholds(settings.voice_embedding_medium_threshold, settings.voice_embedding_high_threshold)
    scores = await asyncio.to_thread(score_speakers, intervals, heard.diarization.turns)
    match = await asyncio.to_thread(find_match, transcript, scores, thresholds)
    run.resources.metrics.voice_match_outcome.inc(outcome=match.status.lower())
    _log_outcome(run, match, milliseconds_since(started))
    return apply_match(transcript, match, thresholds)


async def _prepare_question(run: WorkerRun, heard: Heard) -> _Question | SkipReason:
    settings, voices = run.resources.settings, run.resources.voices
    if not settings.voice_embedding_enabled:
        return SkipReason.DISABLED
    if voices is None:
        return SkipReason.PROVIDER_UNAVAILABLE
    async with run.resources.database.read() as session:
        profile = await find_profile(session, run.claim.user_id)
    if profile is None or profile.provider != voices.provider:
        return SkipReason.NO_PROFILE
    if profile.consent_version != settings.voice_consent_version:
        return SkipReason.CONSENT_OUTDATED
    if not heard.diarization.turns:
        return SkipReason.NO_DIARIZATION
    audio = heard.audio or await _prepare_again(run)
    return SkipReason.NO_AUDIO if audio is None else _Question(voices, profile, audio)


async def _prepare_again(run: WorkerRun) -> PreparedAudio | None:
    """The recording of a run in which nothing had to be heard; None when it is gone, or damaged by now."""
    try:
        return await prepare_audio(run, has_transcript=True)
    except HardFailureError:
        return None


async def _ask(run: WorkerRun, question: _Question) -> tuple[VoiceInterval, ...]:
    with run.resources.metrics.voice_embedding_provider_duration.time():
        return await question.voices.identify(question.audio, question.profile.embedding_json, run.ensure_held)


async def _report_failure(run: WorkerRun, provider: str, error: Exception, duration_ms: int) -> None:
    run.resources.metrics.voice_match_failed.inc(cause=type(error).__name__)
    if isinstance(error, VoiceProviderError):
        code = str(error.reason)
    else:
        code = type(error).__name__
        log.warning("voice_match_failed", callId=str(run.call_id), exc_info=error)
        report_error(error, Stage.VOICE_MATCH_STARTED)
    await run.events.write(
        Stage.VOICE_MATCH_STARTED,
        StageStatus.FAILED,
        provider=provider,
        duration_ms=duration_ms,
        error_code=code,
    )


def _log_outcome(run: WorkerRun, match: VoiceMatch, provider_ms: int) -> None:
    score = None if match.score is None else round(match.score, 3)
    run.events.log_event("VOICE_MATCH_COMPLETED", outcome=match.status, score=score, providerMs=provider_ms)
