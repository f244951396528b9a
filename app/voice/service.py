"""Rules of voice profiles. Source: rest.md, sections 2.16 to 2.18."""

from app.errors import FeatureNotAvailableError
from app.providers.protocols import VoiceIdentifier
from app.providers.voice import open_voice_identifier
from app.settings import Settings


def require_identifier(settings: Settings) -> VoiceIdentifier:
    """The engine behind voice profiles.

    Raises:
        FeatureNotAvailableError: there is none; always in this version.
    """
    identifier = open_voice_identifier(settings)
    if identifier is None:
        raise FeatureNotAvailableError
    return identifier
