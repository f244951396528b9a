"""Nothing below `/api` or on `/graphql` is answered before its sender is known, unknown paths included.

Plain ASGI, within CORS and the access log. Source: rest.md, sections 1.3 (AU1) and 1.4.
"""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth.sign_in import Credentials, sign_in
from app.errors import ScryonError

_HEALTH_PATH = "/api/health"
_EXEMPT = {("GET", _HEALTH_PATH), ("HEAD", _HEALTH_PATH), ("POST", "/api/webhooks/lemonfox")}
"""AU1: health is everybody's business, and a callback carries a signature of its own."""

_READING = ("GET", "HEAD")


class SignInMiddleware:
    """Puts the user of a request into `request.state.user`, or answers it at once.

    The page with the GraphQL playground is open, since it shows nothing by itself; a WebSocket brings its credentials
    in its first message.
    """

    def __init__(self, app: ASGIApp, *, graphql_path: str, respond: Callable[[str, ScryonError], Response]) -> None:
        """`respond` makes the answer for a path and an error."""
        self._app = app
        self._graphql_path = graphql_path
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_guarded(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            credentials = Credentials.from_headers(scope["scheme"], Headers(scope=scope))
            is_reading = scope["method"] in _READING
            scope["state"]["user"] = await sign_in(scope["app"].state.resources, credentials, is_reading=is_reading)
        except ScryonError as error:
            await self._respond(scope["path"], error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_guarded(self, method: str, path: str) -> bool:
        if path == self._graphql_path:
            return method == "POST"
        if (method, path) in _EXEMPT:
            return False
        return path.strip() == "/api" or path.startswith("/api/")
