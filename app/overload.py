"""Refuses what is too much at a time, so that what was let in is answered in time.

Plain ASGI: within the access log and CORS, whose headers a refusal needs, too, and around sign-in, which asks the
database. Probes are never refused. What a refused client goes on sending is thrown away for a while
(`app/bounded_http.py`), so that it can read its answer.
Source: rest.md, section 4 (`service_unavailable`, "too busy").
"""

import asyncio
import math
import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ScryonError, ServiceUnavailableError
from app.held_bodies import HeldBodies
from app.settings import Settings

log = structlog.get_logger()

MAX_SOCKETS = 500
"""Open WebSockets of a process; one with compression costs about 100 kB before it has said anything."""

UPLOADS_IN_LINE = 4
"""Uploads that wait, per one that is let in. Nothing of them is read yet, and a burst of short ones soon passes."""

LINE_SECONDS = 10.0
"""How long an upload waits for its turn."""

SILENCE_SECONDS = 10.0
"""Between lines about refusals: each has a line in the access log, and more would be load, too."""


class OverloadMiddleware:
    """Bounds requests, uploads and WebSockets at a time, each apart, and answers 503 beyond that."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        respond: Callable[[str, ScryonError], Response],
        max_sockets: int = MAX_SOCKETS,
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        """`respond` makes the answer for a path and an error."""
        self._app = app
        self._respond = respond
        self._free_requests = settings.max_concurrent_requests
        self._bodies = HeldBodies()
        self._free_sockets = max_sockets
        self._uploads = _Line(settings.max_concurrent_uploads, line_seconds)
        self._refused = 0
        self._told_at = -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_probe(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif _is_upload(Headers(scope=scope)):
            await self._upload(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in; while it waits for its client, it takes no place, so that slow bodies take none away."""
        if self._free_requests <= 0:
            await self._refuse("requests", scope, receive, send)
            return

        async def receive_outside() -> Message:
            self._free_requests += 1
            try:
                return await receive()
            finally:
                self._free_requests -= 1

        self._free_requests -= 1
        try:
            with self._bodies.hold(receive_outside) as receive_held:
                await self._app(scope, receive_held, send)
        finally:
            self._free_requests += 1

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an upload in, which has parts in memory until its client is done."""
        if not await self._uploads.enter():
            await self._refuse("uploads", scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._uploads.leave()

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket in; a refusal is the answer to its handshake."""
        if self._free_sockets <= 0:
            await self._refuse("sockets", scope, receive, send)
            return
        self._free_sockets -= 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._free_sockets += 1

    async def _refuse(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._refused += 1
        now = time.monotonic()
        if now - self._told_at >= SILENCE_SECONDS:
            log.warning("overloaded", kind=kind, refused=self._refused)
            self._refused, self._told_at = 0, now
        await self._respond(scope["path"], ServiceUnavailableError())(scope, receive, send)


def _is_probe(path: str) -> bool:
    """An orchestrator that gets no answer would restart a process that is only busy."""
    return path == "/api/health" or path.startswith("/actuator/")


def _is_upload(headers: Headers) -> bool:
    return headers.get("content-type", "").lower().startswith("multipart/")


class _Line:
    """So many are in, and `UPLOADS_IN_LINE` times as many others wait for some seconds."""

    def __init__(self, places: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(places)
        self._room = places * UPLOADS_IN_LINE
        self._seconds = seconds

    async def enter(self) -> bool:
        """Wait for a place, which `leave` gives back; False when there is none."""
        if self._free.locked() and self._room <= 0:
            return False
        self._room -= 1
        try:
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            return False
        finally:
            self._room += 1
        return True

    def leave(self) -> None:
        self._free.release()
