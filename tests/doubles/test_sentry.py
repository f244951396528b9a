"""The double of Sentry takes what the real one takes, and refuses the rest."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.doubles.sentry import ENVELOPE, KEY, PATH, Sentry

AUTH = f"Sentry sentry_key={KEY}, sentry_version=7, sentry_client=test/1"
HEADERS = {"X-Sentry-Auth": AUTH, "Content-Type": ENVELOPE}
EVENT_ID = "e" * 32
EVENT: dict[str, Any] = {
    "event_id": EVENT_ID,
    "timestamp": "2026-11-01T12:00:00Z",
    "platform": "python",
    "level": "error",
    "environment": "local",
    "tags": {"callId": "1"},
    "fingerprint": ["stage", "ValueError"],
    "exception": {"values": [{"type": "ValueError", "stacktrace": {"frames": [{"filename": "a.py"}]}}]},
}


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    with Sentry() as double:
        yield double


def make_envelope(kind: str = "event", event_id: str = EVENT_ID, rest: bytes = b"", **values: Any) -> bytes:
    event = json.dumps({**EVENT, **values}).encode()
    headers = ({"event_id": event_id}, {"type": kind, "length": len(event)})
    return b"\n".join([*(json.dumps(header).encode() for header in headers), event, rest])


def test_event_is_taken(sentry: Sentry) -> None:
    content = gzip.compress(make_envelope())

    answer = httpx.post(f"http://{sentry.host}{PATH}", content=content, headers={**HEADERS, "Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()) == (200, {"id": EVENT_ID})
    assert sentry.events == [EVENT]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"path": "/api/43/envelope/"}, 404),
        ({"path": "/api/42/store/"}, 404),
        ({"method": "PUT"}, 405),
        ({"headers": {"Content-Type": ENVELOPE}}, 403),
        ({"headers": {**HEADERS, "X-Sentry-Auth": AUTH.replace(KEY, "another")}}, 403),
        ({"headers": {**HEADERS, "X-Sentry-Auth": AUTH.replace("version=7", "version=8")}}, 403),
        ({"headers": {**HEADERS, "Content-Type": "application/json"}}, 415),
        ({"content": b""}, 400),
        ({"content": make_envelope("client_report")}, 400),
        ({"content": make_envelope("transaction")}, 400),
        ({"content": make_envelope(rest=b'{"type":"attachment","length":1}\nx')}, 400),
        ({"content": make_envelope(event_id="f" * 32)}, 400),
        ({"content": make_envelope(timestamp=None)}, 400),
        ({"content": make_envelope(environment="a/b")}, 400),
        ({"content": make_envelope(tags={"callId": "x" * 201})}, 400),
        ({"content": make_envelope(fingerprint=[1])}, 400),
        ({"content": make_envelope(exception={"values": [{}]})}, 400),
        ({"content": make_envelope(extra="x" * 1024**2)}, 400),
    ],
)
def test_anything_else_is_refused(sentry: Sentry, changes: dict[str, Any], status: int) -> None:
    request = {"method": "POST", "path": PATH, "headers": HEADERS, "content": make_envelope(), **changes}

    answer = httpx.request(
        request["method"],
        f"http://{sentry.host}{request['path']}",
        headers=request["headers"],
        content=request["content"],
    )

    assert answer.status_code == status
    assert sentry.events == []
