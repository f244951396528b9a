"""A small client of a running Scryon: uploads over REST, looks over GraphQL. The CLI's `upload` and `demo` use it."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import httpx

_CHUNK_BYTES = 64 * 1024
_TIMEOUT = httpx.Timeout(300, connect=20)

_CALL_QUERY = """
query Progress($id: ID!) {
  call(id: $id) { status errorMessage events { stage status provider durationMs } }
}
"""


class ApiError(Exception):
    """The server refused, or is not there; the message is for people."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a call; `duration_ms` is None where nothing was timed."""

    stage: str
    status: str
    provider: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a call stands; `events` are oldest first."""

    status: str
    error_message: str | None
    events: tuple[Event, ...]

    @property
    def is_finished(self) -> bool:
        return self.status in ("COMPLETED", "FAILED")


class ScryonClient:
    """Talks to one server. `base_url` has no trailing slash.

    `api_key` and `token`, a Firebase ID token, are for servers that want them.
    """

    def __init__(self, base_url: str, *, api_key: str | None = None, token: str | None = None) -> None:
        given = {"X-Scryon-Api-Key": api_key, "Authorization": f"Bearer {token}" if token else None}
        headers = {name: value for name, value in given.items() if value}
        self._http = httpx.Client(base_url=base_url, timeout=_TIMEOUT, trust_env=False, headers=headers)

    def is_healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return self._http.get("/api/health").status_code == 200
        except httpx.HTTPError:
            return False

    def upload(self, path: Path, metadata: dict[str, Any], on_bytes: Callable[[int], None]) -> str:
        """Send a recording and return the id of its call; `on_bytes` hears of each piece that is on its way.

        Raises:
            ApiError: the file cannot be read, or the server does not take it.
        """
        boundary = uuid.uuid4().hex
        try:
            with path.open("rb") as file:
                response = self._send(
                    "POST",
                    "/api/calls/analyze",
                    content=_multipart(boundary, path.name, file, metadata, on_bytes),
                    headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
                )
        except OSError as error:
            raise ApiError(f"{path}: {error.strerror}") from error
        return str(response["callId"])

    def progress(self, call_id: str) -> Progress:
        """Where the call stands. Raises ApiError."""
        answer = self._send("POST", "/graphql", json={"query": _CALL_QUERY, "variables": {"id": call_id}})
        if answer.get("errors"):
            raise ApiError(answer["errors"][0]["message"])
        call = answer["data"]["call"]
        events = (Event(e["stage"], e["status"], e["provider"], e["durationMs"]) for e in call["events"])
        return Progress(call["status"], call["errorMessage"], tuple(events))

    def transcript(self, call_id: str) -> dict[str, Any]:
        """The transcript document of a completed call. Raises ApiError."""
        return self._send("GET", f"/api/calls/{call_id}/transcript")

    def analysis(self, call_id: str) -> dict[str, Any]:
        """The analysis document of a completed call. Raises ApiError."""
        return self._send("GET", f"/api/calls/{call_id}/analysis")

    def actions(self, call_id: str) -> list[dict[str, Any]]:
        """The action items of a call, in the order of the analysis. Raises ApiError."""
        items: list[dict[str, Any]] = self._send("GET", "/api/actions", params={"callId": call_id, "limit": 100})[
            "items"
        ]
        return items[::-1]

    def close(self) -> None:
        self._http.close()

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, **options)
            body: dict[str, Any] = response.json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise ApiError(f"The server does not answer properly: {type(error).__name__}") from error
        if response.is_success:
            return body
        error_body = body.get("error", {})
        fields = "; ".join(
            f"{problem['field']}: {problem['message']}" for problem in error_body.get("details", {}).get("fields", [])
        )
        raise ApiError(f"{error_body.get('message', response.reason_phrase)}{f' ({fields})' if fields else ''}")


def _multipart(
    boundary: str, name: str, file: BinaryIO, metadata: dict[str, Any], on_bytes: Callable[[int], None]
) -> Iterator[bytes]:
    """The request body, piece by piece: a long recording is never held in memory."""
    if metadata:
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n'.encode()
        yield json.dumps(metadata).encode() + b"\r\n"
    escaped = name.replace("\\", "_").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    yield f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{escaped}"\r\n\r\n'.encode()
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
        on_bytes(len(chunk))
    yield f"\r\n--{boundary}--\r\n".encode()
