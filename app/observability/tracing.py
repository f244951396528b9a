"""Spans: what took how long, for whoever runs a collector. Off unless both switches and an endpoint are set.

Where spans are made, `span` is all that is known of it; with tracing off it does nothing. OpenTelemetry itself is in
`otel.py`, which takes a third of a second to import, so it is loaded when tracing is on. It is not made the provider of
the process, so that no library of ours can add spans of its own. Source: pipeline.md, section 13.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from app.settings import Settings

if TYPE_CHECKING:
    from app.observability.otel import OtelTracing

log = structlog.get_logger()

FLUSH_SECONDS = 2.0
"""How long the end of a process waits for what has not been exported yet."""


class SpanKind(StrEnum):
    """Which side of a request a span is on."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"


class OpenSpan(Protocol):
    """A span that has not ended."""

    def rename(self, name: str) -> None:
        """Give it the name that was not known at its beginning."""

    def note_status(self, status: int) -> None:
        """Note the status of an answer: one that we have given, or got."""


class _NoSpan:
    """What there is without tracing."""

    def rename(self, name: str) -> None:
        pass

    def note_status(self, status: int) -> None:
        pass


_OFF: AbstractContextManager[OpenSpan] = nullcontext(_NoSpan())
_DETACHED: AbstractContextManager[None] = nullcontext()

_tracing: "OtelTracing | None" = None
"""The process's own, like the set-up of its log: spans are made far away from where it is opened."""


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Mapping[str, str] | None = None
) -> AbstractContextManager[OpenSpan]:
    """A span around a block, below the one that is open there; of an exception that leaves it, only the type counts."""
    return _OFF if _tracing is None else _tracing.span(name, kind, attributes)


def client_span(method: str, host: str, path: str) -> AbstractContextManager[OpenSpan]:
    """A span around a request to a provider; `path` is without query."""
    return span(f"http.client {method} {host}{path}", SpanKind.CLIENT)


def continue_trace(traceparent: str | None) -> AbstractContextManager[None]:
    """Let the spans of a block hang below one of another process; what is no `traceparent` of W3C is ignored."""
    return _DETACHED if _tracing is None or traceparent is None else _tracing.continue_trace(traceparent)


def current_traceparent() -> str | None:
    """The present span in the form of W3C, for messages; None outside of any, or when there are none."""
    return None if _tracing is None else _tracing.current_traceparent()


@asynccontextmanager
async def open_tracing(
    settings: Settings, service: str, *, flush_seconds: float = FLUSH_SECONDS
) -> AsyncIterator[None]:
    """Make and export spans while the block runs, under the name of a service, if the settings ask for it."""
    global _tracing
    if settings.trace_endpoint is None:
        if settings.wants_traces:
            log.warning("tracing_not_configured", cure="set OTEL_EXPORTER_OTLP_ENDPOINT")
        yield
        return
    from app.observability.otel import OtelTracing

    before, opened = _tracing, OtelTracing(settings.trace_endpoint, settings.otel_traces_sampler_arg, service)
    _tracing = opened
    try:
        yield
    finally:
        _tracing = before
        await opened.close(flush_seconds)
