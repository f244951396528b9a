"""The address at which a provider brings a transcript: it names the call, ends at some time, and is signed by us.

Pure functions. The provider signs nothing of its own, so that what it was told is all that it can be known by.
Source: pipeline.md, section 5; rest.md, section 3.13.
"""

import hashlib
import hmac
import re
from datetime import datetime
from uuid import UUID

from app.errors import WebhookSignatureInvalidError
from app.settings import MIN_WEBHOOK_SECRET_BYTES

PATH = "/api/webhooks/lemonfox"

_CALL_ID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_EXPIRY = re.compile(rb"[0-9]{1,15}")


def write_callback_url(base_url: str, secret: str, call_id: UUID, expires_at: int) -> str:
    """Make the address for the transcript of a call; `expires_at` is in unix seconds, and still good then."""
    query = f"callId={call_id}&exp={expires_at}"
    return f"{base_url.rstrip('/')}{PATH}?{query}&sig={sign_query(secret, query.encode())}"


def sign_query(secret: str, query: bytes) -> str:
    """The signature of a raw query string that has no `sig` in it, in lower-case hex."""
    return hmac.new(secret.encode(), query, hashlib.sha256).hexdigest()


def read_callback_query(secret: str | None, query: bytes, now: datetime) -> UUID:
    """The call that a query string names, which is as it came, and may stand in any order.

    Raises:
        WebhookSignatureInvalidError: `callId`, `exp` or `sig` is missing, there twice, malformed, forged or expired,
            or there is no secret of the length that this server wants.
    """
    if secret is None or len(secret.encode()) < MIN_WEBHOOK_SECRET_BYTES:
        raise WebhookSignatureInvalidError
    parts = query.split(b"&")
    signed = b"&".join(part for part in parts if not part.startswith(b"sig="))
    signature = _find_only(parts, b"sig=")
    if not hmac.compare_digest(sign_query(secret, signed).encode(), signature):
        raise WebhookSignatureInvalidError
    call_id, expires_at = _find_only(parts, b"callId="), _find_only(parts, b"exp=")
    if not _CALL_ID.fullmatch(call_id) or not _EXPIRY.fullmatch(expires_at) or now.timestamp() > int(expires_at):
        raise WebhookSignatureInvalidError
    return UUID(call_id.decode())


def _find_only(parts: list[bytes], start: bytes) -> bytes:
    values = [part.removeprefix(start) for part in parts if part.startswith(start)]
    if len(values) != 1:
        raise WebhookSignatureInvalidError
    return values[0]
