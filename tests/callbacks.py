"""Addresses of callbacks, signed as rest.md, section 3.13 says it, whatever our own code does."""

import hashlib
import hmac
import time
from typing import Any
from uuid import UUID

SECRET = "0123456789abcdef0123456789abcdef"
BASE_URL = "https://scryon.example"
PATH = "/api/webhooks/lemonfox"

CALLBACK_MODE: dict[str, Any] = {
    "transcription_callback_enabled": True,
    "public_base_url": BASE_URL,
    "webhook_secret": SECRET,
}
"""Settings of a server that is called back."""


def sign(query: str, secret: str = SECRET) -> str:
    """The signature of a query string without `sig`."""
    return hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()


def signed(query: str, secret: str = SECRET) -> str:
    """A query string with its signature at the end."""
    return f"{query}&sig={sign(query, secret)}"


def unsigned_query(call_id: UUID | str, expires_in_seconds: int = 600) -> str:
    return f"callId={call_id}&exp={int(time.time()) + expires_in_seconds}"


def callback_query(call_id: UUID | str, expires_in_seconds: int = 600) -> str:
    """A good query string for the callback of a call."""
    return signed(unsigned_query(call_id, expires_in_seconds))
