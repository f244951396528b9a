"""A double of Sentry, as far as it takes error events.

Strict where Relay is, and stricter: it takes nothing but events, and one per envelope.
Source: https://develop.sentry.dev/sdk/data-model/envelopes/ and /event-payloads/, November 2026.
"""

import gzip
import json
import re
import threading
from typing import Any

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer

KEY = "0123456789abcdef0123456789abcdef"
PROJECT_ID = 42
PATH = f"/api/{PROJECT_ID}/envelope/"
ENVELOPE = "application/x-sentry-envelope"
MAX_EVENT_BYTES = 1024**2
MAX_TAG_CHARS = 200
LEVELS = {"fatal", "error", "warning", "info", "debug"}

_EVENT_ID = re.compile(r"[0-9a-f]{32}")
_ENVIRONMENT = re.compile(r"[^\s/]{1,64}")


class RefusedError(Exception):
    """It does not take this; the text says why."""


class Sentry(HttpDouble):
    """Knows one project. `events` has what it took, in order; see `HttpDouble` for what can go wrong."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._taken = threading.Condition()
        super().__init__()

    @property
    def dsn(self) -> str:
        """What `SENTRY_DSN` must be."""
        return f"http://{KEY}@{self.host}/{PROJECT_ID}"

    def wait_for_events(self, count: int, seconds: float = 10) -> None:
        """Block until it has taken so many events in all; from a coroutine, call it in a thread."""
        with self._taken:
            assert self._taken.wait_for(lambda: len(self.events) >= count, seconds), "too few events in time"

    @property
    def received(self) -> bytes:
        """All that was sent to it, headers included."""
        return b"\n".join(str(request.headers).encode() + _unpack(request) for request in self.requests)

    def answer(self, request: Request) -> Answer:
        if request.path != PATH:
            return json_answer({"detail": "no such project"}, 404)
        if request.method != "POST":
            return json_answer({"detail": "method not allowed"}, 405)
        if not _is_authorized(request.headers.get("X-Sentry-Auth", "")):
            return json_answer({"detail": "bad sentry DSN public key"}, 403)
        if request.headers.get("Content-Type") != ENVELOPE:
            return json_answer({"detail": "unsupported media type"}, 415)
        try:
            event = _read_envelope(_unpack(request))
        except (RefusedError, ValueError, OSError) as error:
            return json_answer({"detail": "invalid event envelope", "causes": [str(error)]}, 400)
        with self._taken:
            self.events.append(event)
            self._taken.notify_all()
        return json_answer({"id": event["event_id"]})


def _is_authorized(header: str) -> bool:
    scheme, _, rest = header.partition(" ")
    fields = dict(pair.strip().partition("=")[::2] for pair in rest.split(","))
    return (
        scheme.lower() == "sentry"
        and fields.get("sentry_key") == KEY
        and fields.get("sentry_version") == "7"
        and bool(fields.get("sentry_client"))
    )


def _unpack(request: Request) -> bytes:
    return gzip.decompress(request.body) if request.headers.get("Content-Encoding") == "gzip" else request.body


def _read_envelope(body: bytes) -> dict[str, Any]:
    """Headers of the envelope in a line, then headers of the item in a line, then the item."""
    first, _, rest = body.partition(b"\n")
    second, _, rest = rest.partition(b"\n")
    envelope, item = json.loads(first), json.loads(second)
    if item["type"] != "event":
        raise RefusedError(f"unexpected item: {item['type']}")
    length = item.get("length", len(rest.partition(b"\n")[0]))
    if length > MAX_EVENT_BYTES:
        raise RefusedError("event too large")
    if rest[length:].strip():
        raise RefusedError("more than one item")
    event: dict[str, Any] = json.loads(rest[:length])
    if event.get("event_id") != envelope.get("event_id"):
        raise RefusedError("another event_id")
    _check(event)
    return event


def _check(event: dict[str, Any]) -> None:
    if not _EVENT_ID.fullmatch(str(event.get("event_id"))):
        raise RefusedError("invalid event_id")
    if not event.get("timestamp") or event.get("platform") != "python" or event.get("level") not in LEVELS:
        raise RefusedError("timestamp, platform or level is missing")
    if not _ENVIRONMENT.fullmatch(str(event.get("environment"))):
        raise RefusedError("invalid environment")
    if not all(isinstance(value, str) and len(value) <= MAX_TAG_CHARS for value in event.get("tags", {}).values()):
        raise RefusedError("invalid tags")
    if not all(isinstance(word, str) for word in event.get("fingerprint", [])):
        raise RefusedError("invalid fingerprint")
    for exception in event["exception"]["values"]:
        if not (exception.get("type") or exception.get("value")):
            raise RefusedError("an exception needs a type or a value")
        if not all(frame.get("filename") or frame.get("function") for frame in exception["stacktrace"]["frames"]):
            raise RefusedError("a frame needs a filename or a function")
