"""Who makes voice profiles: a provider, of which this version has none. Source: rest.md, sections 2.16 and 2.17."""

from typing import Protocol
from uuid import UUID

from app.errors import FeatureNotAvailableError
from app.uploads.stored import StoredUpload
from app.voice.models import VoiceProfile


class VoiceProfiles(Protocol):
    """What a provider of voice profiles can be asked. Removing one needs no provider."""

    async def find(self, user_id: UUID) -> VoiceProfile | None:
        """The user's profile, if there is one.

        Raises:
            FeatureNotAvailableError: voice profiles are switched off.
        """
        ...

    async def put(self, user_id: UUID, sample: StoredUpload, *, consent_accepted: bool | None) -> VoiceProfile:
        """Make a profile of a recording of the user's voice, in the place of an earlier one.

        Raises:
            FeatureNotAvailableError: voice profiles are switched off.
        """
        ...


class SwitchedOff:
    """The answer without a provider."""

    async def find(self, user_id: UUID) -> VoiceProfile | None:
        raise FeatureNotAvailableError

    async def put(self, user_id: UUID, sample: StoredUpload, *, consent_accepted: bool | None) -> VoiceProfile:
        raise FeatureNotAvailableError


voice_profiles: VoiceProfiles = SwitchedOff()
"""Those of this version."""
