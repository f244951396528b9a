"""What every HTTP request gets, whatever answers it: an id, an access log line, an answer even to a bug.

Plain ASGI. Source: rest.md, sections 1.1, 1.2 and 1.5; pipeline.md, section 11.1.
"""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.error_tracking import report_error
from app.observability.metrics import CLIENT_GONE

log = structlog.get_logger()

REQUEST_ID_HEADER = "X-Request-Id"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class RequestMiddleware:
    """Names each request, in `request.state.request_id`, in every log line and on the answer; counts and logs it.

    Answers below `/api` are marked as not to be stored.
    """

    def __init__(self, app: ASGIApp, *, access_log: bool) -> None:
        self._app = app
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _choose_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        is_private = scope["path"] == "/api" or scope["path"].startswith("/api/")
        status = CLIENT_GONE
        started = time.perf_counter()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                if is_private:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(reqId=request_id)
        try:
            await self._app(scope, receive, send_named)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], _route(scope)
        metrics = scope["app"].state.resources.metrics
        metrics.http_server_requests.observe(seconds, method=method, uri=route, status=str(status))
        if self._access_log:
            log.info(
                "HTTP_REQUEST_COMPLETED",
                method=method,
                route=route,
                status=status,
                durationMs=round(seconds * 1000),
            )


def _choose_id(given: str | None) -> str:
    return given if given is not None and _REQUEST_ID.fullmatch(given) else uuid4().hex


def _route(scope: Scope) -> str:
    """The template, known once a route was found."""
    return getattr(scope.get("route"), "path", "unknown")


class UnexpectedErrorMiddleware:
    """Answers with 500 what nobody has caught, logs and reports its type and place; its text may hold content."""

    def __init__(self, app: ASGIApp, *, respond: Callable[[str], Response]) -> None:
        """`respond` makes the answer for a path."""
        self._app = app
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_noting(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            log.info("client_disconnected")
        except Exception as error:
            log.exception("unexpected_error", exc_info=error)
            report_error(error, f"{scope['method']} {_route(scope)}")
            if has_started:
                # Half an answer is out: only a broken connection tells the client so.
                raise
            await self._respond(scope["path"])(scope, receive, send)
