"""`/actuator` of the API: who sees what, and whether it is true. Source: pipeline.md, sections 12 and 16."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from app.db import Database
from app.observability import health
from app.queue import Queue
from app.resources import Resources
from app.settings import ActuatorEndpoint, HealthDetails
from tests.conftest import Counter
from tests.counting import counted
from tests.rest.serving import rest_client

KEYS = ("first-key", "second-key")
GUARDED = ("/actuator/prometheus", "/actuator/metrics", "/actuator/metrics/scryon.calls.failed")
OPEN = ("/actuator/health", "/actuator/health/readiness", "/actuator/info")
READINESS = "/actuator/health/readiness"
DEAD_DATABASE = "postgresql://nobody@127.0.0.1:1/none"
DEAD_REDIS = "redis://127.0.0.1:1/0"


def error_of(answer: httpx.Response) -> tuple[int, str, Any]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"]


async def statuses(rest: httpx.AsyncClient, paths: Sequence[str], **headers: str) -> list[int]:
    return [(await rest.get(path, headers=headers)).status_code for path in paths]


async def test_everything_is_shown_by_default(rest: httpx.AsyncClient) -> None:
    prometheus = await rest.get("/actuator/prometheus")
    names = (await rest.get("/actuator/metrics")).json()["names"]
    metric = (await rest.get("/actuator/metrics/scryon.calls.completed")).json()
    unknown = await rest.get("/actuator/metrics/zebracrossing")

    assert prometheus.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\nscryon_calls_completed_total 0.0\n" in prometheus.text
    assert len(names) == 24
    assert {"scryon.calls.completed", "http.server.requests"} <= set(names)
    assert metric == {
        "name": "scryon.calls.completed",
        "description": "Calls that became COMPLETED.",
        "measurements": [{"tags": {}, "count": 0.0}],
    }
    assert error_of(unknown) == (404, "not_found", {})


async def test_metrics_need_a_key_where_there_are_some(resources: Resources) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        for path in GUARDED:
            assert error_of(await rest.get(path)) == (401, "auth_missing", {"scheme": "api_key"})
            wrong = await rest.get(path, headers={"X-API-Key": "wrong"})
            assert error_of(wrong) == (401, "auth_invalid", {"scheme": "api_key"})
        good = [await statuses(rest, GUARDED, **{"X-Scryon-Api-Key": key}) for key in KEYS]
        others = await statuses(rest, OPEN)

    assert good == [[200, 200, 200], [200, 200, 200]]
    assert others == [200, 200, 200]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"exposed_endpoints": (ActuatorEndpoint.HEALTH, ActuatorEndpoint.METRICS)}, [404, 200, 200, 200, 200, 404]),
        ({"exposed_endpoints": ()}, [404] * 6),
        ({"observability_enabled": False}, [404, 404, 404, 200, 200, 200]),
    ],
    ids=["some", "none", "switched off"],
)
async def test_what_is_not_exposed_is_no_route(
    resources: Resources, values: dict[str, Any], expected: list[int]
) -> None:
    async with rest_client(resources, **values) as rest:
        assert await statuses(rest, GUARDED + OPEN) == expected


async def test_requests_are_counted_by_template(rest: httpx.AsyncClient) -> None:
    await rest.get("/api/health")
    await rest.get("/api/calls/zebracrossing")
    await rest.get("/api/calls/zebracrossing-too?zebra=1")
    await rest.post("/zebracrossing")
    exposition = (await rest.get("/actuator/prometheus")).content

    assert counted(exposition) == {
        'http_server_requests_seconds_count{method="GET",status="200",uri="/api/health"}': 1.0,
        'http_server_requests_seconds_count{method="GET",status="404",uri="/api/calls/{id}"}': 2.0,
        'http_server_requests_seconds_count{method="POST",status="404",uri="unknown"}': 1.0,
    }
    assert b"zebra" not in exposition


async def test_applications_in_one_process_do_not_share_metrics(resources: Resources) -> None:
    other = dataclasses.replace(resources, metrics=type(resources.metrics)())

    async with rest_client(resources) as first, rest_client(other) as second:
        await first.get("/api/health")
        answers = [await rest.get("/actuator/prometheus") for rest in (first, second)]

    assert [len(counted(answer.content)) for answer in answers] == [1, 0]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def without_redis(resources: Resources, url: str = DEAD_REDIS) -> Resources:
    return dataclasses.replace(resources, queue=Queue(url))


def without_postgres(resources: Resources, url: str = DEAD_DATABASE) -> Resources:
    return dataclasses.replace(resources, database=Database(url))


async def readiness_of(resources: Resources, *, key: str | None = None, **values: Any) -> tuple[int, Any]:
    async with rest_client(resources, **values) as rest:
        answer = await rest.get(READINESS, headers={"X-API-Key": key} if key else {})
        alive = await rest.get("/actuator/health")
    assert (alive.status_code, alive.json()) == (200, {"status": "UP"})
    return answer.status_code, answer.json()


async def test_readiness_is_true(resources: Resources) -> None:
    assert await readiness_of(resources) == (200, {"status": "UP"})
    assert await readiness_of(without_redis(resources)) == (200, {"status": "UP", "degraded": ["redis"]})
    assert await readiness_of(without_postgres(resources)) == (503, {"status": "DOWN"})
    assert await readiness_of(without_redis(without_postgres(resources))) == (503, {"status": "DOWN"})


async def test_readiness_does_not_wait_for_servers_that_say_nothing(
    resources: Resources, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)

    silent_redis = await readiness_of(without_redis(resources, f"redis://127.0.0.1:{silent_port}/0"))
    silent_postgres = await readiness_of(
        without_postgres(resources, f"postgresql://nobody@127.0.0.1:{silent_port}/none")
    )

    assert silent_redis == (200, {"status": "UP", "degraded": ["redis"]})
    assert silent_postgres == (503, {"status": "DOWN"})


async def test_servers_are_asked_once_for_all_who_want_to_know(rest: httpx.AsyncClient, statements: Counter) -> None:
    async with statements() as found:
        together = await asyncio.gather(*(rest.get(READINESS) for _ in range(20)))
        later = await rest.get(READINESS)

    assert [answer.json() for answer in (*together, later)] == [{"status": "UP"}] * 21
    assert found == ["SELECT 1"] * 2


@pytest.mark.parametrize(
    ("values", "key", "sees"),
    [
        ({}, None, False),
        ({}, "first-key", False),
        ({"api_keys": KEYS}, None, False),
        ({"api_keys": KEYS}, "wrong", False),
        ({"api_keys": KEYS}, "first-key", True),
        ({"api_keys": KEYS, "health_details": HealthDetails.NEVER}, "first-key", False),
        ({"health_details": HealthDetails.ALWAYS}, None, True),
    ],
)
async def test_details_are_for_who_may_see_them(
    resources: Resources, values: dict[str, Any], key: str | None, sees: bool
) -> None:
    details = {"components": {"postgres": "UP", "redis": "DOWN"}} if sees else {}

    status, body = await readiness_of(without_redis(resources), key=key, **values)

    assert (status, body) == (200, {"status": "UP", "degraded": ["redis"], **details})
