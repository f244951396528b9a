"""Which spans there are, what they hold, and what a collector that fails does. Source: pipeline.md, section 13."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.responses import Response

from app.observability.request_spans import RequestSpanMiddleware
from app.observability.tracing import SpanKind, client_span, continue_trace, current_traceparent, open_tracing, span
from app.settings import Settings, load_settings
from tests.doubles.http_double import Failure
from tests.doubles.otlp import CollectedSpan, Collector

SWITCHES = {"tracing_enabled": True, "management_tracing_enabled": True}
TRACE_ID, SPAN_ID = "a" * 32, "b" * 16
OFF = """
import asyncio, sys
import jobs.worker
from app.main import create_app
from app.observability.error_tracking import open_error_tracking, report_error
from app.observability.tracing import current_traceparent, open_tracing, span
from app.settings import load_settings

async def main():
    settings = load_settings()
    async with open_tracing(settings, "test"), open_error_tracking(settings):
        with span("work"):
            assert current_traceparent() is None
        report_error(ValueError("x"), "test")
    await create_app(settings)({"type": "lifespan", "state": {}}, receive, send)

messages = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]

async def receive():
    return messages.pop()

async def send(message):
    assert message["type"].endswith(".complete"), message

asyncio.run(main())
print([name for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter", "sentry_sdk") if name in sys.modules])
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as double:
        yield double


@pytest.fixture
def settings(collector: Collector) -> Settings:
    """Those of a process that traces everything."""
    return load_settings(
        **SWITCHES, otel_exporter_otlp_endpoint=collector.endpoint, otel_traces_sampler_arg=1, configured_profile="test"
    )


@pytest.fixture
async def app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestSpanMiddleware)

    @app.get("/things/{id}")
    async def get_thing(id: str) -> Response:
        return Response(current_traceparent(), int(id))

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def find(collector: Collector, name: str) -> CollectedSpan:
    [found] = [span for span in collector.spans if span.name == name]
    return found


@pytest.mark.parametrize("missing", [*SWITCHES, "observability_enabled", "otel_exporter_otlp_endpoint"])
def test_spans_need_all_switches_and_an_endpoint(settings: Settings, missing: str) -> None:
    assert settings.trace_endpoint is not None
    assert settings.model_copy(update={missing: None}).trace_endpoint is None


def test_what_is_off_sends_nothing_and_loads_nothing(collector: Collector) -> None:
    environment = {
        "SCRYON_TRACING_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_TRACES_SAMPLER_ARG": "1",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
        "FLYWAY_ENABLED": "false",
    }

    ended = subprocess.run(
        [sys.executable, "-c", OFF], env={**os.environ, **environment}, capture_output=True, timeout=60, check=True
    )

    assert ended.stdout == b"[]\n"
    assert collector.requests == []


async def test_switches_without_an_endpoint_are_told_of() -> None:
    with structlog.testing.capture_logs() as lines:
        async with open_tracing(load_settings(**SWITCHES), "test"):
            assert current_traceparent() is None

    assert [line["event"] for line in lines] == ["tracing_not_configured"]


async def test_spans_within_each_other_are_a_tree(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings, "test"):
        with span("outer", attributes={"callId": "1"}):
            async with asyncio.TaskGroup() as group:
                group.create_task(_work("inner"))

    outer, inner = find(collector, "outer"), find(collector, "inner")
    assert (outer.parent_id, inner.parent_id, inner.trace_id) == (None, outer.span_id, outer.trace_id)
    assert (outer.service, outer.kind, outer.attributes, inner.attributes) == ("test", "internal", {"callId": "1"}, {})


async def test_request_is_nobodys_child(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings, "test"):
        with span("GET /first", SpanKind.SERVER), span("GET /pipelined", SpanKind.SERVER), span("work"):
            pass

    first, second, work = (find(collector, name) for name in ("GET /first", "GET /pipelined", "work"))
    assert (second.parent_id, second.trace_id != first.trace_id) == (None, True)
    assert (work.parent_id, work.trace_id) == (second.span_id, second.trace_id)


async def _work(name: str) -> None:
    with span(name):
        pass


async def test_only_the_type_of_an_exception_is_told(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings, "test"):
        with pytest.raises(ValueError, match="zebracrossing"), span("work"):
            raise ValueError("zebracrossing")

    work = find(collector, "work")
    assert (work.is_error, work.message) == (True, "")
    assert work.events == (("exception", {"exception.type": "ValueError"}),)
    assert b"zebracrossing" not in collector.received


async def test_trace_goes_on_in_another_process(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings, "test"):
        with continue_trace(f"00-{TRACE_ID}-{SPAN_ID}-01"), span("work"):
            told = current_traceparent()

    work = find(collector, "work")
    assert (work.trace_id, work.parent_id) == (TRACE_ID, SPAN_ID)
    assert told == f"00-{TRACE_ID}-{work.span_id}-01"


@pytest.mark.parametrize("given", [None, "", "nonsense", f"00-{'0' * 32}-{SPAN_ID}-01", "x" * 10_000])
async def test_what_is_no_traceparent_begins_a_trace(
    collector: Collector, settings: Settings, given: str | None
) -> None:
    async with open_tracing(settings, "test"):
        with continue_trace(given), span("work"):
            pass

    assert find(collector, "work").parent_id is None


async def test_ratio_is_for_whole_traces(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings.model_copy(update={"otel_traces_sampler_arg": 0.0}), "test"):
        with span("unsampled"):
            told = current_traceparent()
        with continue_trace(f"00-{TRACE_ID}-{SPAN_ID}-01"), span("sampled by its parent"):
            pass
    async with open_tracing(settings, "test"):
        with continue_trace(told), span("not sampled by its parent"):
            pass

    assert told is not None
    assert int(told.split("-")[3], 16) & 1 == 0
    assert [span.name for span in collector.spans] == ["sampled by its parent"]


async def test_request_is_named_by_its_template(
    collector: Collector, settings: Settings, client: httpx.AsyncClient
) -> None:
    async with open_tracing(settings, "test"):
        answers = [await client.get(f"/things/{status}?q=secret") for status in (200, 404, 503)]
        await client.get("/nowhere/secret", headers={"traceparent": f"00-{TRACE_ID}-{SPAN_ID}-01"})

    assert [answer.text.split("-")[2] for answer in answers] == [span.span_id for span in collector.spans[:3]]
    assert [(span.name, span.kind, span.attributes, span.is_error, span.parent_id) for span in collector.spans] == [
        ("GET /things/{id}", "server", {"http.response.status_code": 200}, False, None),
        ("GET /things/{id}", "server", {"http.response.status_code": 404}, False, None),
        ("GET /things/{id}", "server", {"http.response.status_code": 503}, True, None),
        ("GET unknown", "server", {"http.response.status_code": 404}, False, None),
    ]
    assert TRACE_ID not in {span.trace_id for span in collector.spans}
    assert b"secret" not in collector.received


async def test_refused_request_to_a_provider_is_an_error(collector: Collector, settings: Settings) -> None:
    async with open_tracing(settings, "test"):
        with client_span("POST", "api.test", "/v1/jobs") as opened:
            opened.note_status(429)
        with pytest.raises(asyncio.CancelledError), client_span("GET", "api.test", "/v1/jobs"):
            # As a timeout around it does.
            raise asyncio.CancelledError

    assert [(span.name, span.kind, span.attributes, span.is_error, span.events) for span in collector.spans] == [
        ("http.client POST api.test/v1/jobs", "client", {"http.response.status_code": 429}, True, ()),
        (
            "http.client GET api.test/v1/jobs",
            "client",
            {},
            True,
            (("exception", {"exception.type": "CancelledError"}),),
        ),
    ]


@pytest.mark.parametrize("failure", [Failure.SERVER_ERROR, Failure.CLOSED_CONNECTION, "gone", "held"])
async def test_collector_that_fails_harms_nobody(collector: Collector, settings: Settings, failure: Any) -> None:
    if failure == "gone":
        collector.close()
    elif failure == "held":
        collector.hold()
    else:
        collector.failure = failure

    async with open_tracing(settings, "test", flush_seconds=0.2):
        with span("work"):
            pass

    assert collector.spans == []
    collector.release()


async def test_lost_spans_are_told_of_once_without_the_words_of_the_collector(
    collector: Collector, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    # Refused for good, which is not repeated.
    settings = settings.model_copy(update={"otel_exporter_otlp_endpoint": f"{collector.endpoint}/elsewhere"})

    with structlog.testing.capture_logs() as lines:
        async with open_tracing(settings, "test"):
            with span("work"):
                pass

    assert [(line["event"], line["count"]) for line in lines] == [("spans_not_exported", 1)]
    assert capfd.readouterr().err == ""


def test_without_tracing_spans_do_nothing() -> None:
    with span("work") as opened, client_span("GET", "api.test", "/") as asked, continue_trace("anything"):
        opened.rename("other")
        asked.note_status(500)

    assert current_traceparent() is None
