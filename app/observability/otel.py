"""OpenTelemetry behind `tracing.py`, which imports this only when tracing is on.

Exports over OTLP/HTTP, from a thread of its own and a queue that drops what is too much; whatever fails there costs a
log line and nothing else. Headers and certificates of the exporter come from its standard variables
(`OTEL_EXPORTER_OTLP_HEADERS` and its like).

Source: https://opentelemetry.io/docs/specs/otlp/ and /docs/specs/otel/trace/, November 2026.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version

import structlog
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.observability.tracing import SpanKind

log = structlog.get_logger()

MAX_WAITING_SPANS = 2048
"""Of some hundred bytes each; further ones are dropped."""

MAX_BATCH_SPANS = 512
EXPORT_INTERVAL_MS = 2000
EXPORT_SECONDS = 5.0
"""For one batch, repeats included."""

_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
}


class OtelTracing:
    """Makes the spans of a process and exports them, until `close`."""

    def __init__(self, endpoint: str, ratio: float, service: str) -> None:
        """`endpoint` is the collector's address without `/v1/traces`; `ratio` is for spans without a parent."""
        self._exporter = _ReportingExporter(OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS))
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            # And nothing of the machine, as detectors would find.
            resource=Resource({"service.name": service, "service.version": version("scryon")}),
            # It would wait for the collector without a limit.
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=MAX_WAITING_SPANS,
                schedule_delay_millis=EXPORT_INTERVAL_MS,
                max_export_batch_size=MAX_BATCH_SPANS,
            )
        )
        self._tracer = self._provider.get_tracer("scryon")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: Mapping[str, str] | None) -> Iterator["_OtelSpan"]:
        # By hand: the library's own context managers write down texts and stacks of exceptions.
        opened = self._tracer.start_span(
            name,
            # A request is nobody's child: one that was sent before the last was answered begins in the context of that.
            context=Context() if kind is SpanKind.SERVER else None,
            kind=_KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        token = attach(trace.set_span_in_context(opened))
        try:
            yield _OtelSpan(opened, kind)
        except BaseException as error:
            # Timeouts are cancellations here.
            opened.add_event("exception", {"exception.type": type(error).__qualname__})
            opened.set_status(StatusCode.ERROR)
            raise
        finally:
            detach(token)
            opened.end()

    @contextmanager
    def continue_trace(self, traceparent: str) -> Iterator[None]:
        token = attach(self._propagator.extract({"traceparent": traceparent}, Context()))
        try:
            yield
        finally:
            detach(token)

    def current_traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")

    async def close(self, seconds: float) -> None:
        """Export what waits, for so long at most."""
        # A daemon: the end of the process does not wait for a collector that does not answer.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, seconds)
        # Ends the repeats of a batch that is still under way.
        self._exporter.shutdown()


class _OtelSpan:
    """`OpenSpan`."""

    def __init__(self, opened: trace.Span, kind: SpanKind) -> None:
        self._opened = opened
        # What a client has got wrong is no failure of ours.
        self._fails_from = 500 if kind is SpanKind.SERVER else 400

    def rename(self, name: str) -> None:
        self._opened.update_name(name)

    def note_status(self, status: int) -> None:
        self._opened.set_attribute("http.response.status_code", status)
        if status >= self._fails_from:
            self._opened.set_status(StatusCode.ERROR)


class _ReportingExporter(SpanExporter):
    """Says once that spans do not get out, where the library quotes the collector's answer each time."""

    def __init__(self, inner: OTLPSpanExporter) -> None:
        self._inner = inner
        self._is_failing = False
        self._is_shut_down = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self._is_failing:
            log.warning("spans_not_exported", count=len(spans))
        self._is_failing = is_failing
        return result

    def shutdown(self) -> None:
        if not self._is_shut_down:
            self._is_shut_down = True
            self._inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._inner.force_flush(timeout_millis)
