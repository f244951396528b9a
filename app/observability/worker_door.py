"""A worker's own `/actuator`: whether it lives and can work, and its metrics; nothing else of it can be asked.

Within the worker's event loop, so that a loop that hangs does not say that it lives. Whoever asks has a few seconds and
16 KiB, a few at a time; each connection gets one answer. Source: pipeline.md, sections 12 and 16.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.datastructures import Headers

from app.errors import InternalError, MethodNotAllowedError, RouteNotFoundError, ScryonError, ValidationFailedError
from app.observability.exposition import PROMETHEUS_TYPE, require_key, write_metrics
from app.observability.health import ALIVE, check_readiness, may_see_details
from app.observability.logging import describe_error
from app.resources import Resources
from app.settings import ActuatorEndpoint

log = structlog.get_logger()

MAX_HEAD_BYTES = 16 * 1024
MAX_CONNECTIONS = 16
PATIENCE_SECONDS = 10.0
"""For a whole request and its answer; readiness waits for its servers for less than that."""

PORTS_TRIED = 100

_PATHS = {
    "/actuator/health": ActuatorEndpoint.HEALTH,
    "/actuator/health/readiness": ActuatorEndpoint.HEALTH,
    "/actuator/prometheus": ActuatorEndpoint.PROMETHEUS,
}


@asynccontextmanager
async def open_door(resources: Resources) -> AsyncIterator[int | None]:
    """Serve while the block runs, on `worker_metrics_port` of `server_host` or the next free one; yields the port.

    None when there is no port to be had: a worker works without.
    """
    door = _Door(resources)
    server = await _listen(door, resources.settings.server_host, resources.settings.worker_metrics_port)
    if server is None:
        yield None
        return
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await door.close()


async def _listen(door: "_Door", host: str, wanted: int) -> asyncio.Server | None:
    for port in range(wanted, min(wanted + PORTS_TRIED, 2**16)):
        try:
            server = await asyncio.start_server(door.serve, host, port, limit=MAX_HEAD_BYTES)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                log.warning("worker_door_not_open", host=host, port=port, error=type(error).__name__)
                return None
        else:
            log.info("worker_door_open", host=host, port=server.sockets[0].getsockname()[1], wanted=wanted)
            return server
    log.warning("worker_door_not_open", host=host, port=wanted, error="no_free_port")
    return None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]

    def encode(self) -> bytes:
        fields = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Connection": "close",
            **self.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\n{head}\r\n".encode() + self.body


class _Door:
    """Answers connections."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and hang up; on who is too slow, or comes when too many are there, at once."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._serving) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._serving.add(task)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._answer(reader)
                writer.write(answer.encode())
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def close(self) -> None:
        """Hang up on everybody."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader) -> _Answer:
        try:
            head = await _read_head(reader)
            return await self._find(head)
        except ScryonError as error:
            return _tell(error)
        except (OSError, asyncio.IncompleteReadError):
            raise
        except Exception as error:
            log.error("unexpected_error", **describe_error(error))
            return _tell(InternalError())

    async def _find(self, head: "_Head") -> _Answer:
        settings = self._resources.settings
        endpoint = _PATHS.get(head.path)
        if endpoint is None or not settings.exposes(endpoint):
            raise RouteNotFoundError
        if head.method != "GET":
            raise MethodNotAllowedError(["GET"])
        if endpoint is ActuatorEndpoint.PROMETHEUS:
            require_key(settings, head.headers)
            return _Answer(200, PROMETHEUS_TYPE, await write_metrics(self._resources.metrics), {})
        if head.path.endswith("/readiness"):
            readiness = await check_readiness(self._resources)
            with_details = may_see_details(settings, head.headers)
            return _json(readiness.describe(with_details=with_details), readiness.status_code)
        return _json(ALIVE)


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of a request; `path` is without query."""

    method: str
    path: str
    headers: Headers


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    """Read up to the empty line. Raises ValidationFailedError when that is no head, or too long a one."""
    try:
        content = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise ValidationFailedError.of("head", "must be shorter") from None
    first, *lines = content.removesuffix(b"\r\n\r\n").split(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3:
        raise ValidationFailedError.of("head", "must be one of HTTP/1.1")
    fields = [line.partition(b":") for line in lines]
    raw = [(name.strip().lower(), value.strip()) for name, _, value in fields]
    return _Head(words[0], words[1].partition("?")[0], Headers(raw=raw))


def _tell(error: ScryonError) -> _Answer:
    body = {"error": {"code": error.code, "message": error.message, "details": error.details}}
    return _json(body, error.status, error.headers)


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> _Answer:
    return _Answer(status, "application/json; charset=utf-8", orjson.dumps(body), headers or {})
