"""A worker's own port: which one it takes, what it answers, and how little it lets itself be held up by."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from structlog.testing import capture_logs

from app.db import Database
from app.observability import worker_door
from app.observability.worker_door import open_door
from app.resources import Resources
from app.settings import ActuatorEndpoint, HealthDetails
from tests.counting import counted


def with_settings(resources: Resources, **values: object) -> Resources:
    return dataclasses.replace(resources, settings=resources.settings.model_copy(update=values))


@asynccontextmanager
async def asking(resources: Resources, **values: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a worker with these settings, on any free port."""
    async with (
        open_door(with_settings(resources, worker_metrics_port=0, **values)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client


async def talk(resources: Resources, said: bytes) -> bytes:
    """What comes back until the worker hangs up."""
    async with open_door(with_settings(resources, worker_metrics_port=0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        answer = b""
        try:
            while part := await reader.read(65536):
                answer += part
        except ConnectionResetError:
            pass
        writer.close()
    return answer


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on, and whose neighbour there is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_worker_answers_for_itself(resources: Resources) -> None:
    resources.metrics.calls_swept.inc()

    async with asking(resources) as client:
        health = await client.get("/actuator/health")
        readiness = await client.get("/actuator/health/readiness?x=1")
        prometheus = await client.get("/actuator/prometheus")

    assert (health.status_code, health.json()) == (200, {"status": "UP"})
    assert (readiness.status_code, readiness.json()) == (200, {"status": "UP"})
    assert prometheus.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert counted(prometheus.content) == {"scryon_calls_swept_total": 1.0}


async def test_worker_without_its_database_is_not_ready(resources: Resources) -> None:
    broken = dataclasses.replace(resources, database=Database("postgresql://nobody@127.0.0.1:1/none"))

    async with asking(broken, health_details=HealthDetails.ALWAYS) as client:
        answer = await client.get("/actuator/health/readiness")

    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "DOWN", "components": {"postgres": "DOWN", "redis": "UP"}},
    )


async def test_metrics_of_a_worker_need_a_key_where_there_are_some(resources: Resources) -> None:
    async with asking(resources, api_keys=("first-key",)) as client:
        missing = await client.get("/actuator/prometheus")
        wrong = await client.get("/actuator/prometheus", headers={"x-api-key": "wrong"})
        good = await client.get("/actuator/prometheus", headers={"X-SCRYON-API-KEY": "first-key"})
        health = await client.get("/actuator/health")

    assert [answer.status_code for answer in (missing, wrong, good, health)] == [401, 401, 200, 200]
    assert missing.json()["error"] == {
        "code": "auth_missing",
        "message": "Credentials are missing",
        "details": {"scheme": "api_key"},
    }
    assert wrong.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "values", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/actuator/info", {}, 404),
        ("POST", "/actuator/health", {}, 405),
        ("GET", "/actuator/prometheus", {"observability_enabled": False}, 404),
        ("GET", "/actuator/health", {"observability_enabled": False}, 200),
        ("GET", "/actuator/health", {"exposed_endpoints": (ActuatorEndpoint.INFO,)}, 404),
    ],
)
async def test_nothing_else_is_answered(
    resources: Resources, method: str, path: str, values: dict[str, object], status: int
) -> None:
    async with asking(resources, **values) as client:
        assert (await client.request(method, path)).status_code == status


async def test_bug_is_an_answer_without_a_word_of_it(resources: Resources) -> None:
    class BrokenDatabase(Database):
        async def ping(self) -> None:
            raise KeyError("zebracrossing")

    broken = dataclasses.replace(resources, database=BrokenDatabase("postgresql://nobody@127.0.0.1:1/none"))

    with capture_logs() as lines:
        async with asking(broken) as client:
            answer = await client.get("/actuator/health/readiness")

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    [line] = [line for line in lines if line["event"] == "unexpected_error"]
    assert line["error"] == "KeyError"
    assert "zebra" not in str(line)


async def test_next_free_port_is_taken_and_logged(resources: Resources, taken_port: int) -> None:
    worker = with_settings(resources, worker_metrics_port=taken_port)

    with capture_logs() as lines:
        async with open_door(worker) as first, open_door(worker) as second:
            ports = [taken_port, first, second]

    assert len(set(ports)) == 3
    assert ports == sorted(ports, key=int)  # type: ignore[arg-type]
    logged = [(line["event"], line["port"], line["wanted"]) for line in lines]
    assert logged == [("worker_door_open", first, taken_port), ("worker_door_open", second, taken_port)]


@pytest.mark.parametrize(
    ("values", "error"),
    [({"server_host": "192.0.2.1"}, "OSError"), ({"worker_metrics_port": 70_000}, "no_free_port")],
    ids=["foreign address", "beyond the last port"],
)
async def test_worker_works_without_a_port(resources: Resources, values: dict[str, object], error: str) -> None:
    with capture_logs() as lines:
        async with open_door(with_settings(resources, **values)) as port:
            assert port is None

    assert [(line["event"], line["log_level"], line["error"]) for line in lines] == [
        ("worker_door_not_open", "warning", error)
    ]


@pytest.mark.parametrize(
    "said",
    [
        b"zebracrossing\r\n\r\n",
        b"\r\n\r\n",
        b"\xff\x00\r\n\xff\r\n\r\n",
        b"GET /actuator/health HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"x" * 200_000,
    ],
    ids=["word", "nothing", "bytes", "long header", "endless line"],
)
async def test_what_is_no_request_is_refused(resources: Resources, said: bytes) -> None:
    answer = await talk(resources, said)

    # A client that is hung up on while it still sends may see the reset before the answer.
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n") or (len(said) > 16_384 and not answer)


async def test_who_is_too_slow_is_hung_up_on(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_door, "PATIENCE_SECONDS", 0.05)

    assert await talk(resources, b"GET /actuator/health HTTP/1.1\r\n") == b""


async def test_who_comes_when_many_are_there_is_hung_up_on(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_door, "MAX_CONNECTIONS", 0)

    assert await talk(resources, b"GET /actuator/health HTTP/1.1\r\n\r\n") == b""


async def test_door_closes_on_who_is_still_there(resources: Resources) -> None:
    async with open_door(with_settings(resources, worker_metrics_port=0)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET")
        await asyncio.sleep(0)

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()
