"""Rules of voice profiles.

This version cannot make one: voice identification is off, and only removal works (`queries.delete_profile`), so that
a voiceprint of another version can always be purged. Source: rest.md, sections 2.16 to 2.18.
"""

from app.errors import FeatureNotAvailableError


def require_voice_profiles() -> None:
    """Let pass only while the feature is on, which it never is here. Raises FeatureNotAvailableError."""
    raise FeatureNotAvailableError
