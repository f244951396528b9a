"""Keys that clients of a server share; they say nothing about the user. Source: rest.md, section 1.3."""

import hashlib
import hmac
from collections.abc import Collection, Mapping

from app.errors import AuthInvalidError, AuthMissingError, AuthScheme

HEADERS = ("X-Scryon-Api-Key", "X-API-Key")
"""Both mean the same; where both are sent, the first counts."""


def read_api_key(headers: Mapping[str, str]) -> str | None:
    """The key that a request brings; `headers` are blind to case."""
    given = [headers.get(name) for name in HEADERS]
    return next((key for key in given if key is not None), None)


def check_api_key(given: str | None, keys: Collection[str]) -> None:
    """Let a request pass that carries one of the keys; without keys, any. Takes the same time for every wrong one.

    Raises:
        AuthMissingError: a key is needed, and there is none.
        AuthInvalidError: the key is not one of these.
    """
    if not keys:
        return
    if given is None:
        raise AuthMissingError(AuthScheme.API_KEY)
    # Digests, since a comparison of texts shows their lengths; all of them, since `any` alone stops at the first.
    matches = [hmac.compare_digest(_digest(given), _digest(key)) for key in keys]
    if not any(matches):
        raise AuthInvalidError(AuthScheme.API_KEY)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
