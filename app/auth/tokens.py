"""Firebase ID tokens: which are accepted, and what they say. Source: providers.md, sections 4.1 and 4.3."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from app.auth.certificates import CertificateCache, UnknownKeyError
from app.errors import AuthInvalidError, AuthScheme
from app.text import find_text_problem
from app.users.identity import Identity

ALGORITHM = "RS256"
SKEW_SECONDS = 10
"""How far the clocks of Google and this machine may be apart."""

MAX_TOKEN_CHARS = 16 * 1024
"""Real ones have about a thousand; nobody has to decode a megabyte to refuse it."""

MAX_SUBJECT_CHARS = 128
MAX_TEXT_CHARS = 2048

_REQUIRED = ["aud", "exp", "iat", "iss", "sub"]
# Beside what libraries raise: headers nested too deeply, numbers out of range.
_MALFORMED = (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What an accepted token says. `issued_at` is in seconds since 1970."""

    identity: Identity
    issued_at: int


class TokenVerifier:
    """Accepts tokens of one Firebase project that are signed with its published keys."""

    def __init__(self, project_id: str, certificates: CertificateCache) -> None:
        self._project_id = project_id
        self._certificates = certificates

    async def verify(self, token: str) -> VerifiedToken:
        """Check signature, issuer, audience, times and subject.

        Raises:
            AuthInvalidError: the token is malformed, forged, expired, not yet valid, or meant for somebody else.
            ServiceUnavailableError: the keys cannot be fetched, and none that fits is known.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise AuthInvalidError(AuthScheme.BEARER)
        try:
            key = await self._certificates.find(_read_key_id(token))
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._project_id,
                issuer=_issuer(self._project_id),
                leeway=SKEW_SECONDS,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except (UnknownKeyError, *_MALFORMED):
            raise AuthInvalidError(AuthScheme.BEARER) from None
        return _read_claims(claims)


class EmulatorTokenReader:
    """Takes tokens of the Firebase Auth emulator, which nobody signs: only who it is for and whom it names counts."""

    def __init__(self, project_id: str) -> None:
        self._project_id = project_id

    async def verify(self, token: str) -> VerifiedToken:
        """Check issuer, audience and subject. Raises AuthInvalidError."""
        if len(token) > MAX_TOKEN_CHARS:
            raise AuthInvalidError(AuthScheme.BEARER)
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except _MALFORMED:
            raise AuthInvalidError(AuthScheme.BEARER) from None
        if claims.get("aud") != self._project_id or claims.get("iss") != _issuer(self._project_id):
            raise AuthInvalidError(AuthScheme.BEARER)
        return _read_claims(claims)


def _issuer(project_id: str) -> str:
    return f"https://securetoken.google.com/{project_id}"


def _read_key_id(token: str) -> str:
    key_id = jwt.get_unverified_header(token).get("kid")
    if not isinstance(key_id, str):
        raise UnknownKeyError
    return key_id


def _read_claims(claims: Mapping[str, Any]) -> VerifiedToken:
    """Raises AuthInvalidError when there is no usable subject; whatever else cannot be used is left out."""
    subject = _read_text(claims.get("sub"), MAX_SUBJECT_CHARS)
    if subject is None:
        raise AuthInvalidError(AuthScheme.BEARER)
    return VerifiedToken(
        Identity(
            external_user_id=subject,
            email=_read_text(claims.get("email"), MAX_TEXT_CHARS),
            email_verified=claims.get("email_verified") is True,
            display_name=_read_text(claims.get("name"), MAX_TEXT_CHARS),
            photo_url=_read_text(claims.get("picture"), MAX_TEXT_CHARS),
            signed_in_at=_read_time(claims.get("auth_time")),
        ),
        issued_at=_read_seconds(claims.get("iat")),
    )


def _read_text(value: object, max_chars: int) -> str | None:
    if not isinstance(value, str) or not value.strip() or find_text_problem(value, max_chars) is not None:
        return None
    return value


def _read_seconds(value: object) -> int:
    """A whole number; 0 for what is none, which only the emulator lets pass."""
    try:
        return int(value) if isinstance(value, int | float) else 0
    except (ValueError, OverflowError):
        return 0


def _read_time(value: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None
