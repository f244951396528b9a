"""Which engine knows the user's voice again. Source: pipeline.md, section 7."""

from app.providers.protocols import VoiceIdentifier
from app.settings import Settings


def open_voice_identifier(settings: Settings) -> VoiceIdentifier | None:
    """The engine that the settings name; None switches voice profiles off, as everything does in this version."""
    return None
