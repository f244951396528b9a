"""A real HTTP server on a loopback port, which tests can make slow or break: the base of the doubles of services."""

import json
import socket
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

JSON_TYPE = "application/json; charset=UTF-8"
DRIP_SECONDS = 0.2
HELD_SECONDS = 60.0
"""How long a held request waits at most, so that a forgotten `release` ends a test instead of stopping the run."""


class Failure(StrEnum):
    """What is wrong with a server instead of an answer."""

    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    CLOSED_CONNECTION = "closed_connection"
    HTML = "html"
    BROKEN_JSON = "broken_json"


class Cut(StrEnum):
    """How a client gets only a part of the answer that would have been."""

    RESET = "reset"
    """Half of it, then a reset of the connection."""
    DRIP = "drip"
    """So slowly that it never ends."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent. `path` is as sent, with its query; names of `headers` are found in any case."""

    method: str
    path: str
    headers: "Message[str, str]"
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client gets; `headers` are those beyond the type and the length of the body."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Cut | None = None


_FAILURES: Mapping[Failure, Answer | None] = {
    Failure.SERVER_ERROR: Answer(500, b'{"error":{"code":500,"message":"Internal error.","status":"INTERNAL"}}'),
    Failure.UNAVAILABLE: Answer(503, b'{"error":{"code":503,"message":"Try later.","status":"UNAVAILABLE"}}'),
    Failure.CLOSED_CONNECTION: None,
    # With status 200, as portals of hotels and company networks answer.
    Failure.HTML: Answer(200, b"<!DOCTYPE html><title>Sign in</title>", content_type="text/html"),
    Failure.BROKEN_JSON: Answer(200, b'{"'),
}


class HttpDouble(ABC):
    """Listens from its construction until `close`, or as a context manager, in threads of its own.

    Set `failure` to let every request fail, or be answered with an answer of yours, and to None to end that; what is in
    `upcoming` comes first, an entry per request, where None is a good answer. `requests` has all that arrived, in
    order, the failed ones, too, and `served` when each was begun and answered, by `time.time`. Each connection serves
    one request, so that after `close` really nobody answers.
    """

    def __init__(self) -> None:
        self.failure: Failure | Cut | Answer | None = None
        self.upcoming: deque[Failure | Cut | Answer | None] = deque()
        self.delay_seconds = 0.0
        self.requests: list[Request] = []
        self.served: list[tuple[float, float]] = []
        self._arrived = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        self.is_closed = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Where it listens, as `address:port`."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening: further connections are refused. A second time changes nothing."""
        self.is_closed.set()
        self._open.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def hold(self) -> None:
        """Let requests arrive and wait, until `release`; this is how it is slow."""
        self._open.clear()

    def release(self) -> None:
        """Answer what waits, and answer at once from now on."""
        self._open.set()

    def wait_for_requests(self, count: int, seconds: float = 10) -> None:
        """Block until so many requests have arrived in all; from a coroutine, call it in a thread."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= count, seconds), "too few requests in time"

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """What the service says when nothing is wrong with it."""

    def choose_failure(self, request: Request) -> Failure | Cut | Answer | None:
        """What is to go wrong with a request; a double of many endpoints may tell them apart."""
        return self.upcoming.popleft() if self.upcoming else self.failure

    def receive(self, request: Request) -> Answer | None:
        """Take note of a request and decide on its answer; None closes the connection without one."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
            failure = self.choose_failure(request)
        self._open.wait(HELD_SECONDS)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        match failure:
            case None:
                return self.answer(request)
            case Answer():
                return failure
            case Cut():
                return replace(self.answer(request), cut=failure)
            case _:
                return _FAILURES[failure]


def json_answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that is a JSON document."""
    return Answer(status, json.dumps(document, indent=2).encode(), headers=headers or {})


class _Server(ThreadingHTTPServer):
    """Knows its double; a port that the system chooses."""

    def __init__(self, double: HttpDouble) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double

    def handle_error(self, request: object, client_address: object) -> None:
        """Report everything but clients that went away while they were held."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.0, which closes the connection after each answer."""

    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of tests free of access logs."""

    def _serve(self) -> None:
        started = time.time()
        self._answer()
        self.server.double.served.append((started, time.time()))

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.double.receive(Request(self.command, self.path, self.headers, body))
        if answer is None:
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        match answer.cut:
            case None:
                self.wfile.write(answer.body)
            case Cut.RESET:
                self._reset(answer.body)
            case Cut.DRIP:
                self._drip(answer.body)

    def _reset(self, body: bytes) -> None:
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        # With nothing to linger for, closing sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _drip(self, body: bytes) -> None:
        """A byte at a time until the client gives up, or the double closes."""
        for position in range(len(body)):
            self.wfile.write(body[position : position + 1])
            self.wfile.flush()
            if self.server.double.is_closed.wait(DRIP_SECONDS):
                return
