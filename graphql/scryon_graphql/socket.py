"""`/graphql` over WebSocket, in the protocol `graphql-transport-ws`, for the same users as over HTTP.

Credentials come in the first message, since browsers cannot send headers along. They are looked at again before each
operation, so that a token that has run out, or an account that was disabled, ends the connection.
Source: rest.md, section 1.11.
"""

import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.fastapi import BaseContext
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET

from app.auth.sign_in import Credentials, sign_in
from app.deadline import deadline
from app.errors import AuthInvalidError, AuthScheme, ScryonError
from app.resources import Resources
from app.strict_json import InvalidJsonError, parse_json, write_json
from scryon_graphql.context import Context
from scryon_graphql.errors import dress_errors
from scryon_graphql.schema import Schema, schema

MAX_CONNECTIONS = 10
"""Of one user, to one process."""

MAX_OPERATIONS = 20
"""At the same time on one connection."""

INIT_TIMEOUT = timedelta(seconds=10)

INVALID, TWICE, TOO_MANY = 4400, 4409, 4429
_CLOSE_CODES = {400: 4400, 401: 4401, 403: 4403}
_TRY_AGAIN_LATER = 1013


class TooManyConnectionsError(Exception):
    """The user has enough of them."""


class _Connection(BaseContext):
    """What all operations of one connection share."""

    def __init__(self, websocket: WebSocket) -> None:
        super().__init__()
        self.resources: Resources = websocket.app.state.resources
        self.request_id = uuid4().hex
        self.user_id: UUID | None = None
        scheme = "https" if websocket.url.scheme == "wss" else "http"
        self._handshake = Credentials.from_headers(scheme, websocket.headers)

    async def sign_in(self) -> UUID:
        """Say who is at the other end. Raises as `app.auth.sign_in.sign_in`."""
        params: Any = self.connection_params or {}
        credentials = replace(
            self._handshake,
            authorization=_read_text(params, "authorization", AuthScheme.BEARER),
            api_key=_read_text(params, "apiKey", AuthScheme.API_KEY),
        )
        return (await sign_in(self.resources, credentials)).id

    def open_context(self) -> Context:
        """The context of one more operation: its loaders have seen nothing yet."""
        assert self.user_id is not None
        return Context(self.resources, self.user_id, self.request_id)


def _read_text(params: Mapping[str, object], name: str, scheme: AuthScheme) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise AuthInvalidError(scheme)
    return value


class _Handler(BaseGraphQLTransportWSHandler[_Connection, None]):
    """Strawberry's handler with our credentials, and without trust in the form of messages."""

    view: "GraphQLSocket"

    async def handle_message(self, message: Message) -> None:
        is_valid = isinstance(message, dict) and all(isinstance(message.get(key, ""), str) for key in ("type", "id"))
        if not is_valid:
            await self.handle_invalid_message("")
            return
        await super().handle_message(message)

    async def handle_invalid_message(self, error_message: str) -> None:
        """Close without the reason that Strawberry gives: it quotes the message, and a close frame is short."""
        await self.websocket.close(code=INVALID, reason="Invalid message")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        structlog.contextvars.bind_contextvars(reqId=self.context.request_id)
        try:
            await super().handle_connection_init(message)
        except TooManyConnectionsError:
            await self.websocket.close(code=TOO_MANY, reason="Too many connections")
        except ScryonError as error:
            await self._close_for(error)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        payload: Any = message.get("payload")
        is_valid = (
            "id" in message
            and isinstance(payload, dict)
            and isinstance(payload.get("query"), str)
            and isinstance(payload.get("variables"), dict | None)
            and isinstance(payload.get("operationName"), str | None)
        )
        if not is_valid:
            await self.handle_invalid_message("")
        elif message["id"] in self.operations:
            await self.websocket.close(code=TWICE, reason="This id is in use")
        else:
            await super().handle_subscribe(message)

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> None:
        """Answer a faulty document like any other error, where Strawberry would close and quote it."""

    async def run_operation(self, operation: Operation[_Connection, None]) -> None:
        try:
            user_id = await self.context.sign_in()
        except ScryonError as error:
            await self._close_for(error)
            return
        if user_id != self.context.user_id:
            # The account was deleted meanwhile, and the next sign-in has begun another one.
            await self.websocket.close(code=_CLOSE_CODES[401], reason="Sign in anew")
            return
        try:
            async with deadline():
                await super().run_operation(operation)
        except ScryonError as error:
            extensions = {"code": str(error.code), "status": error.status, "details": error.details}
            await operation.send_initial_errors([GraphQLError(error.message, extensions=extensions)])

    async def shutdown(self) -> None:
        try:
            await super().shutdown()
        finally:
            self.view.leave(self.context)

    async def _close_for(self, error: ScryonError) -> None:
        code = _CLOSE_CODES.get(error.status, _TRY_AGAIN_LATER)
        await self.websocket.close(code=code, reason=str(error.code))


class _FreshContexts:
    """The schema as the handler sees it: each operation has a context of its own, and an answer in any case."""

    def __init__(self, inner: Schema) -> None:
        self._inner = inner

    async def stream(self, query: str | None, *, context_value: _Connection, **options: Any) -> Any:
        context = context_value.open_context()
        return _answer_errors(await self._inner.stream(query, context_value=context, **options), context.request_id)


async def _answer_errors(results: AsyncGenerator[Any, None], request_id: str) -> AsyncIterator[Any]:
    """What an extension raises becomes a result, as it does over HTTP."""
    try:
        async with aclosing(results):
            async for result in results:
                yield result
    except Exception as error:
        errors = [error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)]
        dress_errors(errors, request_id)
        yield PreExecutionError(data=None, errors=errors)


class GraphQLSocket(GraphQL[_Connection, None]):
    """The ASGI application behind the WebSocket; HTTP requests are `scryon_graphql.door`'s."""

    graphql_transport_ws_handler_class = _Handler

    def __init__(self) -> None:
        super().__init__(
            _FreshContexts(schema),  # type: ignore[arg-type]
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=INIT_TIMEOUT,
            max_subscriptions_per_connection=MAX_OPERATIONS,
        )
        self._open: Counter[UUID] = Counter()

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> _Connection:
        assert isinstance(request, WebSocket)
        return _Connection(request)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """Left to `sign_in`: a browser adds no credentials by itself, and where none are needed, origins count."""
        return True

    async def on_ws_connect(self, context: _Connection) -> Any:
        """Sign in, and take one of the user's places. Raises TooManyConnectionsError, ScryonError."""
        user_id = await context.sign_in()
        if self._open[user_id] >= MAX_CONNECTIONS:
            raise TooManyConnectionsError
        self._open[user_id] += 1
        context.user_id = user_id
        return UNSET

    def leave(self, context: _Connection) -> None:
        """Free the place that a connection has taken."""
        if context.user_id is not None:
            self._open[context.user_id] -= 1
            if not self._open[context.user_id]:
                del self._open[context.user_id]

    def decode_json(self, data: str | bytes) -> object:
        """Read JSON as strictly as everywhere."""
        try:
            return parse_json(data.encode() if isinstance(data, str) else data)
        except InvalidJsonError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

    def encode_json(self, data: object) -> str:
        return write_json(data).decode()
