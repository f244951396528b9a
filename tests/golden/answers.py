"""What a whole answer is: status, every header, and the body, which is the document's.

Source: rest.md, sections 1.1 and 1.2.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from rest.examples import load_bodies

REQUEST_ID = "golden-1"
"""What the requests are called; see `rest` in `conftest.py`."""

_UUID_V4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?!000)\d{3})?Z", re.ASCII)
_RECENTLY = timedelta(minutes=1)


@dataclass(frozen=True, eq=False)
class Shape:
    """Equals every text of a form: stands in an expected body where only the server knows the value."""

    name: str
    fits: Callable[[str], bool]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.fits(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def is_timestamp(text: str) -> bool:
    """Whether a text has the one form of times: UTC, with milliseconds unless they are zero."""
    return _TIMESTAMP.fullmatch(text) is not None


def _is_recent(text: str) -> bool:
    return is_timestamp(text) and abs(datetime.now(UTC) - datetime.fromisoformat(text)) < _RECENTLY


NEW_ID = Shape("a new UUID v4", lambda text: _UUID_V4.fullmatch(text) is not None)
NOW = Shape("a time of just now", _is_recent)


def example(operation_id: str, name: str) -> Any:
    """A body that the document shows."""
    return load_bodies(operation_id).answers[name]


async def send_example(rest: httpx.AsyncClient, operation_id: str, method: str, path: str) -> httpx.Response:
    """Send the JSON body that the document shows."""
    return await rest.request(method, path, json=load_bodies(operation_id).request)


def assert_answer(response: httpx.Response, status: int, body: Any, **headers: str) -> None:
    """The answer is this JSON value with this status and these headers beside the usual ones; no others."""
    assert response.status_code == status, response.text
    shown = response.json()
    assert shown == body
    assert _kinds(shown) == _kinds(body)
    assert dict(response.headers) == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(response.content)),
        "cache-control": "no-store",
        "x-request-id": REQUEST_ID,
        **headers,
    }


def _kinds(value: Any) -> Any:
    """The types of a JSON value, since Python takes 1, 1.0 and true for equal."""
    if isinstance(value, dict):
        return {name: _kinds(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_kinds(item) for item in value]
    return str if isinstance(value, Shape) else type(value)


def assert_no_content(response: httpx.Response) -> None:
    """The answer is 204, with neither body nor content type."""
    assert (response.status_code, response.content) == (204, b""), response.text
    assert dict(response.headers) == {"cache-control": "no-store", "x-request-id": REQUEST_ID}


def error_body(code: str, message: str, details: dict[str, Any]) -> dict[str, Any]:
    """The one body of errors."""
    return {"error": {"code": code, "message": message, "details": details}}
