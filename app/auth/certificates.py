"""The public keys that identity tokens are signed with: fetched seldom, kept long.

Google publishes them with a time to live. After it they are fetched anew in the background, and stay usable for a day
more when that fails. Nobody waits for Google while a known key fits.
Source: providers.md, section 4.1; rest.md, section 1.3 (AU3).
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping

import httpx
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.errors import ServiceUnavailableError

log = structlog.get_logger()

GRACE_SECONDS = 24 * 3600
"""How long keys stay usable after their time to live, when they cannot be fetched."""

PAUSE_SECONDS = 10
"""The least time between two fetches, whatever tokens ask for."""

DEFAULT_MAX_AGE_SECONDS = 3600

_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class UnknownKeyError(Exception):
    """There is no such key, and what is known is current."""


class CertificateCache:
    """The keys behind one address, by their id. `clock` counts seconds."""

    def __init__(self, client: httpx.AsyncClient, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._url = url
        self._clock = clock
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fresh_until = float("-inf")
        self._tried_at = float("-inf")
        self._has_failed = False
        self._fetching: asyncio.Task[None] | None = None

    def warm_up(self) -> None:
        """Begin to fetch, so that the first request need not wait."""
        self._start_fetching()

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def find(self, key_id: str) -> RSAPublicKey:
        """The key of that id.

        Raises:
            UnknownKeyError: there is none.
            ServiceUnavailableError: nobody can tell, since the address does not answer.
        """
        now = self._clock()
        if now > self._fresh_until + GRACE_SECONDS:
            self._keys = {}
        key = self._keys.get(key_id)
        if key is not None:
            if now > self._fresh_until and self._may_fetch():
                self._start_fetching()
            return key
        if self._fetching is not None or self._may_fetch():
            # Shielded: others wait for the same answer, whatever becomes of this request.
            await asyncio.shield(self._start_fetching())
        key = self._keys.get(key_id)
        if key is not None:
            return key
        if self._has_failed or not self._keys:
            raise ServiceUnavailableError
        raise UnknownKeyError

    def _may_fetch(self) -> bool:
        return self._clock() >= self._tried_at + PAUSE_SECONDS

    def _start_fetching(self) -> "asyncio.Task[None]":
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._forget)
        return self._fetching

    def _forget(self, _: object) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            response = (await self._client.get(self._url)).raise_for_status()
            keys = read_keys(response.json())
        except (httpx.HTTPError, ValueError) as error:
            self._has_failed = True
            log.warning("identity_keys_not_fetched", error=type(error).__name__, known=len(self._keys))
            return
        self._has_failed = False
        self._keys = keys
        self._fresh_until = self._clock() + _read_max_age(response.headers.get("cache-control", ""))


def read_keys(document: object) -> dict[str, RSAPublicKey]:
    """Read the map of certificates. Raises ValueError for anything else."""
    if not isinstance(document, dict) or not document:
        raise ValueError("not a map of certificates")
    keys = {}
    for key_id, certificate in document.items():
        if not isinstance(certificate, str):
            raise ValueError("not a certificate")
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")
        keys[key_id] = key
    return keys


def _read_max_age(cache_control: str) -> int:
    match = _MAX_AGE.search(cache_control)
    return DEFAULT_MAX_AGE_SECONDS if match is None else int(match[1])
