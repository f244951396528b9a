"""The double of a collector takes what a real one takes, and refuses the rest."""

import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.doubles.otlp import PROTOBUF, CollectedSpan, Collector

TYPE = {"Content-Type": PROTOBUF}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as double:
        yield double


def make_export(service: str | None = "scryon", **values: Any) -> bytes:
    export = ExportTraceServiceRequest()
    spans = export.resource_spans.add()
    if service is not None:
        attribute = spans.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", service
    span = spans.scope_spans.add().spans.add()
    given = {"trace_id": b"t" * 16, "span_id": b"s" * 8, "name": "work", "start_time_unix_nano": 1}
    for name, value in {**given, "end_time_unix_nano": 2, **values}.items():
        setattr(span, name, value)
    return export.SerializeToString()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_span_is_taken(collector: Collector, encoding: str) -> None:
    body = make_export()
    content = gzip.compress(body) if encoding == "gzip" else body

    answer = httpx.post(
        f"{collector.endpoint}/v1/traces", content=content, headers={**TYPE, "Content-Encoding": encoding}
    )

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, PROTOBUF)
    assert collector.spans == [
        CollectedSpan(
            service="scryon",
            name="work",
            kind="unspecified",
            trace_id="74" * 16,
            span_id="73" * 8,
            parent_id=None,
            attributes={},
            events=(),
            is_error=False,
            message="",
        )
    ]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/", TYPE, make_export(), 404),
        ("POST", "/v1/traces/v1/traces", TYPE, make_export(), 404),
        ("PUT", "/v1/traces", TYPE, make_export(), 405),
        ("POST", "/v1/traces", {}, make_export(), 415),
        ("POST", "/v1/traces", {"Content-Type": "application/json"}, b"{}", 415),
        ("POST", "/v1/traces", TYPE, b"no protobuf", 400),
        ("POST", "/v1/traces", TYPE, b"", 400),
        ("POST", "/v1/traces", {**TYPE, "Content-Encoding": "gzip"}, make_export(), 400),
        ("POST", "/v1/traces", TYPE, make_export(service=None), 400),
        ("POST", "/v1/traces", TYPE, make_export(trace_id=bytes(16)), 400),
        ("POST", "/v1/traces", TYPE, make_export(span_id=b"s"), 400),
        ("POST", "/v1/traces", TYPE, make_export(parent_span_id=b"p"), 400),
        ("POST", "/v1/traces", TYPE, make_export(name=""), 400),
        ("POST", "/v1/traces", TYPE, make_export(end_time_unix_nano=0), 400),
    ],
)
def test_anything_else_is_refused(
    collector: Collector, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = httpx.request(method, f"{collector.endpoint}{path}", content=body, headers=headers)

    assert answer.status_code == status
    assert collector.spans == []
