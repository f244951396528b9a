"""uvicorn's HTTP protocol with the bounds that it lacks: on heads, on connections, and on waiting for clients.

Whoever has to act, by sending a head or by taking an answer, has `PATIENCE_SECONDS` for it. When there are too many
connections, those that have waited longest go first: whoever sends a whole request at once is let in at any time.
Bodies have a time limit of their own (`app/uploads/body.py`).
Source: rest.md, sections 1.10 (E26) and 5.
"""

import resource
import time
from asyncio import Transport
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

MAX_HEAD_BYTES = 2 * 1024 * 1024
"""Request line and headers: a token of a megabyte is still answered in order, an endless one is not."""

MAX_HEADERS = 200
"""Per request. Browsers behind several proxies send about 40, and each header is looked through many times."""

MAX_PIPELINED = 32
"""Requests that a client sends before it has the answer to the first."""

MAX_EMPTY_BYTES = 64 * 1024
"""Of a body, since its last piece of content: trailers, which the parser collects without a limit, and the like."""

MAX_UNFINISHED_BYTES = 64 * 1024 * 1024
"""What all heads that are not complete may take up together, whatever each of them may."""

MAX_CONNECTIONS = 8192
"""Per process; one that waits costs about 7 kB."""

OTHER_FILES = 256
"""Of the files that the process may open, those that are no connections of clients: database, storage, libraries."""

PATIENCE_SECONDS = 20.0
"""For a head since the connection, or the last answer, was there; or for the next piece of an answer."""

LEAST_TAKEN_BYTES = 16 * 1024
"""What a client takes of a long answer meanwhile, so that it still counts as taking it."""

TICKS_PER_LOOK = 10
"""uvicorn ticks ten times a second."""

_TIMEOUT_ANSWER = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def find_max_connections() -> int:
    """Let the process open as many files as it may, and say how many connections that makes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return MAX_CONNECTIONS if most == resource.RLIM_INFINITY else max(1, min(MAX_CONNECTIONS, most - OTHER_FILES))


class Connections(ServerState):
    """All connections of a server; `waiting` are those whose client has to act, by since when, longest first."""

    def __init__(self, max_connections: int) -> None:
        super().__init__()
        self.waiting: dict[BoundedHttpProtocol, float] = {}
        self.unfinished_bytes = 0
        self._max_connections = max_connections

    def wait_for(self, connection: "BoundedHttpProtocol") -> None:
        """Begin to wait, or begin anew."""
        self.waiting.pop(connection, None)
        self.waiting[connection] = time.monotonic()

    def make_room(self) -> None:
        """Drop those that have waited longest until there are not too many, and not too much of them."""
        while self.waiting and (
            len(self.connections) > self._max_connections or self.unfinished_bytes > MAX_UNFINISHED_BYTES
        ):
            next(iter(self.waiting)).drop()

    def look_after(self, now: float) -> None:
        """Give up on those whose time is over. `now` is the monotonic clock's."""
        for connection, since in tuple(self.waiting.items()):
            if since > now - PATIENCE_SECONDS:
                break
            connection.give_up()


class BoundedServer(uvicorn.Server):
    """uvicorn's server that looks after its waiting connections."""

    def __init__(self, config: uvicorn.Config, max_connections: int) -> None:
        super().__init__(config)
        self.server_state: Connections = Connections(max_connections)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_LOOK == 0:
            self.server_state.look_after(time.monotonic())
        return await super().on_tick(counter)


class _TooMuchError(Exception):
    """Makes the parser fail, which uvicorn answers with 400."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. Answers 400 and hangs up when a head does not end, and 408 when it does not come."""

    server_state: Connections

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Since the head began; None while a body is read.
        self._head_bytes: int | None = 0
        # Of a body, since its last piece of content.
        self._empty_bytes = 0
        self._is_answering = False
        # What was left of the answers when the client's time was over; None when that was not so yet.
        self._untaken_bytes: int | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.server_state.wait_for(self)
        self.server_state.make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            self.server_state.unfinished_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The request line and headers are too long.")
                return
        self._empty_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is None and self._empty_bytes > MAX_EMPTY_BYTES and not self.transport.is_closing():
            self.send_400_response("The trailers are too long.")
            return
        if self._head_bytes == 0:
            # It began somewhere in this piece.
            self._head_bytes = len(data)
            self.server_state.unfinished_bytes += len(data)
        if self._head_bytes is not None:
            self.server_state.make_room()

    def on_message_begin(self) -> None:
        if self._head_bytes is None:
            self._head_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= MAX_HEADERS:
            raise _TooMuchError
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._empty_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _TooMuchError
        self._end_head()
        self._empty_bytes = 0
        self.server_state.waiting.pop(self, None)
        self._is_answering = True
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        has_next = bool(self.pipeline)
        super().on_response_complete()
        if self.transport.is_closing() or not has_next:
            self._is_answering = False
            self.server_state.wait_for(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken_bytes = None
        self.server_state.wait_for(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_answering:
            self.server_state.waiting.pop(self, None)
        else:
            self.server_state.wait_for(self)

    def give_up(self) -> None:
        """The client's time is over: hang up in order, and without further ado when that has been tried."""
        before, self._untaken_bytes = self._untaken_bytes, self.transport.get_write_buffer_size()
        if self._untaken_bytes and (before is None or before - self._untaken_bytes >= LEAST_TAKEN_BYTES):
            self.server_state.wait_for(self)
        elif self._untaken_bytes or self.transport.is_closing():
            self.drop()
        else:
            if self._head_bytes:
                self.transport.write(_TIMEOUT_ANSWER)
            self.transport.close()
            self.server_state.wait_for(self)

    def drop(self) -> None:
        """End the connection and forget it at once."""
        self._forget()
        self.connections.discard(self)
        self.transport.abort()

    def _forget(self) -> None:
        self._end_head()
        self.server_state.waiting.pop(self, None)

    def _end_head(self) -> None:
        """From here on it is no unfinished head any more."""
        self.server_state.unfinished_bytes -= self._head_bytes or 0
        self._head_bytes = None
