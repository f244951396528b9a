"""A double of an OpenTelemetry collector, as far as it takes traces over HTTP.

Strict where the protocol is, and stricter: it takes protobuf only, and no export without spans.
Source: https://opentelemetry.io/docs/specs/otlp/, "OTLP/HTTP", November 2026.
"""

import gzip
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.doubles.http_double import Answer, HttpDouble, Request, json_answer

PATH = "/v1/traces"
PROTOBUF = "application/x-protobuf"
TRACE_ID_BYTES, SPAN_ID_BYTES = 16, 8


@dataclass(frozen=True, slots=True)
class CollectedSpan:
    """A span as it was exported; ids are in hex, and `parent_id` is None at the root.

    `events` are the names of its events with their attributes; `message` is that of its status.
    """

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    attributes: Mapping[str, str | int]
    events: tuple[tuple[str, Mapping[str, str | int]], ...]
    is_error: bool
    message: str


class Collector(HttpDouble):
    """Takes every trace. `spans` has what it took, in order; see `HttpDouble` for what can go wrong."""

    def __init__(self) -> None:
        self.spans: list[CollectedSpan] = []
        self._taken = threading.Condition()
        super().__init__()

    @property
    def endpoint(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` must be."""
        return f"http://{self.host}"

    def wait_for_spans(self, count: int, seconds: float = 10) -> None:
        """Block until it has taken so many spans in all; from a coroutine, call it in a thread."""
        with self._taken:
            assert self._taken.wait_for(lambda: len(self.spans) >= count, seconds), "too few spans in time"

    @property
    def received(self) -> bytes:
        """All that was sent to it, names of fields included."""
        return b"\n".join(_read(request).SerializeToString() for request in self.requests)

    def answer(self, request: Request) -> Answer:
        if request.path != PATH:
            return json_answer({"message": "404 page not found"}, 404)
        if request.method != "POST":
            return json_answer({"message": "405 method not allowed, supported: [POST]"}, 405)
        if request.headers.get("Content-Type") != PROTOBUF:
            return json_answer({"message": "415 unsupported media type"}, 415)
        try:
            spans = list(_collect(_read(request)))
        except (DecodeError, OSError, ValueError, zlib.error) as error:
            return json_answer({"message": f"400 bad request: {error}"}, 400)
        if not spans:
            return json_answer({"message": "400 bad request: no spans"}, 400)
        with self._taken:
            self.spans += spans
            self._taken.notify_all()
        return Answer(200, ExportTraceServiceResponse().SerializeToString(), content_type=PROTOBUF)


def _read(request: Request) -> ExportTraceServiceRequest:
    body = gzip.decompress(request.body) if request.headers.get("Content-Encoding") == "gzip" else request.body
    return ExportTraceServiceRequest.FromString(body)


def _collect(export: ExportTraceServiceRequest) -> Iterator[CollectedSpan]:
    for resource_spans in export.resource_spans:
        service = _attributes(resource_spans.resource.attributes).get("service.name")
        if not isinstance(service, str):
            raise ValueError("service.name is missing")
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield _collect_span(service, span)


def _collect_span(service: str, span: trace_pb2.Span) -> CollectedSpan:
    if len(span.trace_id) != TRACE_ID_BYTES or not any(span.trace_id):
        raise ValueError("invalid trace_id")
    if len(span.span_id) != SPAN_ID_BYTES or not any(span.span_id):
        raise ValueError("invalid span_id")
    if len(span.parent_span_id) not in (0, SPAN_ID_BYTES):
        raise ValueError("invalid parent_span_id")
    if not span.name:
        raise ValueError("a name is required")
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
        raise ValueError("it ends before it starts")
    return CollectedSpan(
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        attributes=_attributes(span.attributes),
        events=tuple((event.name, _attributes(event.attributes)) for event in span.events),
        is_error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        message=span.status.message,
    )


def _attributes(pairs: "Iterator[object]") -> dict[str, str | int]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}  # type: ignore[attr-defined]
