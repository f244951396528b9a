"""The user's voice profile: what a provider has learned of a sample of the voice, and the rules around it.

The sample is nowhere but in memory; what was learned is opaque to everybody but the provider.
Source: rest.md, sections 2.16 to 2.18; pipeline.md, section 14 (P4, P5, P13).
"""

import asyncio
import math
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.audio.settings import audio_settings
from app.errors import (
    FeatureNotAvailableError,
    IdempotencyInProgressError,
    ServiceUnavailableError,
    VoiceConsentRequiredError,
    VoiceProviderError,
    VoiceProviderProblem,
)
from app.idempotency.queries import drop_answers
from app.observability.metrics import Metrics
from app.providers.protocols import Voiceprint
from app.resources import Resources
from app.settings import Settings
from app.uploads.voice_sample import VoiceSample
from app.voice import queries
from app.voice.models import VoiceProfile

PROVIDER_SECONDS = 90
"""How long a provider may take; less than an answer may, so that the user is told who was late."""


@dataclass(frozen=True, slots=True)
class LearnedVoice:
    """A voice that is not stored yet, and the length of the whole sample."""

    provider: str
    voiceprint: Voiceprint
    sample_seconds: float


def require_feature(settings: Settings) -> None:
    """Raises FeatureNotAvailableError where voice profiles are switched off."""
    if not settings.voice_embedding_enabled:
        raise FeatureNotAvailableError


async def find_profile(session: AsyncSession, user_id: UUID) -> VoiceProfile | None:
    """The user's profile, if there is one."""
    return await queries.find_profile(session, user_id)


async def learn_voice(resources: Resources, sample: VoiceSample, *, has_consent: bool | None) -> LearnedVoice:
    """Let the provider learn a voice; nothing is stored.

    Raises:
        FeatureNotAvailableError: voice profiles are switched off.
        VoiceConsentRequiredError: the user does not agree; None means that nothing was said about it.
        UnsupportedMediaTypeError: the sample cannot be decoded.
        VoiceSampleTooShortError, VoiceSampleTooLongError: its length is not allowed.
        VoiceProviderError: nobody is configured, or the provider did not deliver.
    """
    # Here and not above: it loads numpy, and most API processes never hear anything.
    from app.voice.sample import measure_sample

    settings = resources.settings
    require_feature(settings)
    if has_consent is False:
        raise VoiceConsentRequiredError
    measured = await measure_sample(
        sample.content,
        audio_settings(settings),
        min_seconds=settings.voice_sample_min_seconds,
        max_seconds=settings.voice_sample_max_seconds,
    )
    if resources.voices is None:
        raise VoiceProviderError(VoiceProviderProblem.NOT_CONFIGURED)
    try:
        async with asyncio.timeout(PROVIDER_SECONDS):
            with resources.metrics.voice_embedding_provider_duration.time():
                voiceprint = await resources.voices.make_voiceprint(measured.pcm)
    except TimeoutError as error:
        raise VoiceProviderError(VoiceProviderProblem.UNAVAILABLE) from error
    return LearnedVoice(resources.voices.provider, voiceprint, measured.seconds)


async def save_voice(session: AsyncSession, settings: Settings, user_id: UUID, voice: LearnedVoice) -> VoiceProfile:
    """Store a voice, in the place of an earlier one; the consent is the one of this moment.

    Raises:
        ServiceUnavailableError: the account was deleted while this request ran.
    """
    try:
        return await queries.put_profile(
            session,
            user_id,
            provider=voice.provider,
            model=voice.voiceprint.model,
            model_version=voice.voiceprint.model_version,
            embedding_json=dict(voice.voiceprint.content),
            consent_version=settings.voice_consent_version,
            sample_duration_seconds=math.floor(voice.sample_seconds + 0.5),
        )
    except IntegrityError as error:
        raise ServiceUnavailableError from error


def count_saved(metrics: Metrics, profile: VoiceProfile) -> None:
    """Count a profile that was just stored, unless it has replaced another."""
    if profile.updated_at == profile.created_at:
        metrics.voice_profile_created.inc()


async def get_saved_profile(session: AsyncSession, user_id: UUID, profile_id: UUID) -> VoiceProfile:
    """The profile that a request has made.

    Raises:
        IdempotencyInProgressError: it was removed just now, and the record of the request with it.
    """
    profile = await queries.find_profile(session, user_id)
    if profile is None or profile.id != profile_id:
        raise IdempotencyInProgressError
    return profile


async def delete_profile(session: AsyncSession, user_id: UUID) -> bool:
    """Remove the user's profile, also while the feature is off, and the kept answers that show it.

    False when there was none. No provider keeps a copy (providers.md, section 2.5).
    """
    profile_id = await queries.delete_profile(session, user_id)
    if profile_id is None:
        return False
    await drop_answers(session, user_id, [profile_id])
    return True
