"""A span for every HTTP request, the root of all that it causes. Source: pipeline.md, section 13."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.tracing import SpanKind, span


class RequestSpanMiddleware:
    """Plain ASGI. Named by method and route template; a `traceparent` of the client's is not heeded.

    Whoever sends one could otherwise have each of their requests traced, whatever the ratio.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with span(scope["method"], SpanKind.SERVER) as opened:

            async def send_noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    opened.note_status(message["status"])
                await send(message)

            try:
                await self._app(scope, receive, send_noting)
            finally:
                # Known once a route was found.
                route = getattr(scope.get("route"), "path", "unknown")
                opened.rename(f"{scope['method']} {route}")
