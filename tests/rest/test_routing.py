"""Paths, methods, headers and errors that do not depend on an endpoint. Source: rest.md, 1.1, 1.2, 1.5, 1.10."""

import dataclasses
import socket
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import structlog
from fastapi import FastAPI

from app.auth import sign_in
from app.db import Database
from app.main import create_app
from app.resources import Resources
from app.settings import Profile
from tests.forms import CONTENT_TYPE, WAV, encode, file

UNKNOWN_ID = "2c4f34da-ed0e-48b7-8ba7-81636fe4515b"

UNKNOWN = b'{"error":{"code":"not_found","message":"No such resource","details":{}}}'


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def _serve(resources: Resources, database: Database) -> httpx.AsyncClient:
    app = create_app(resources.settings)
    app.state.resources = dataclasses.replace(resources, database=database)
    return _client(app)


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/calls/",
        "/api/Calls",
        "/api/calls//",
        "/api/calls/x/y",
        "/api/actions/",
        "/api/contacts/",
        "/nothing",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD"])
async def test_unknown_paths(rest: httpx.AsyncClient, method: str, path: str) -> None:
    response = await rest.request(method, path)

    assert response.status_code == 404
    assert response.content in (UNKNOWN, b"")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/calls", ["DELETE", "GET"]),
        ("HEAD", "/api/calls", ["DELETE", "GET"]),
        ("OPTIONS", "/api/calls", ["DELETE", "GET"]),
        ("PUT", "/api/calls/status", ["DELETE", "GET", "PATCH"]),
        ("POST", "/api/calls/status", ["DELETE", "GET", "PATCH"]),
        ("PUT", "/api/calls/analyze", ["DELETE", "GET", "PATCH", "POST"]),
        ("POST", f"/api/calls/{UNKNOWN_ID}", ["DELETE", "GET", "PATCH"]),
        ("DELETE", f"/api/calls/{UNKNOWN_ID}/transcript", ["GET"]),
        ("PATCH", f"/api/calls/{UNKNOWN_ID}/analysis", ["GET"]),
        ("PATCH", f"/api/calls/{UNKNOWN_ID}/action-items", ["GET", "POST"]),
        ("GET", f"/api/action-items/{UNKNOWN_ID}", ["DELETE", "PUT"]),
        ("POST", "/api/users/me", ["DELETE", "GET", "PATCH"]),
        ("GET", "/api/users/me/voice-profile", ["DELETE", "POST"]),
        ("POST", "/api/actions", ["GET"]),
        ("GET", f"/api/actions/{UNKNOWN_ID}", ["PATCH"]),
        ("GET", f"/api/calls/{UNKNOWN_ID}/contact", ["PATCH"]),
        ("PUT", "/api/contacts", ["GET", "POST"]),
        ("PATCH", f"/api/contacts/{UNKNOWN_ID}", ["DELETE", "GET", "PUT"]),
        ("POST", "/api/health", ["GET", "HEAD"]),
        ("OPTIONS", "/api/health", ["GET", "HEAD"]),
    ],
)
async def test_other_methods(rest: httpx.AsyncClient, method: str, path: str, allowed: list[str]) -> None:
    response = await rest.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == ", ".join(allowed)
    assert method == "HEAD" or response.json() == {
        "error": {
            "code": "method_not_allowed",
            "message": "This method is not allowed here",
            "details": {"allowed": allowed},
        }
    }


@pytest.mark.parametrize("path", ["/api/calls/analyze", "/api/calls/status"])
async def test_literal_paths_are_no_ids_for_their_own_methods_only(rest: httpx.AsyncClient, path: str) -> None:
    response = await rest.delete(path)

    assert (response.status_code, response.json()["error"]["code"]) == (404, "call_not_found")


async def test_health(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/health", headers={"Authorization": "nonsense", "X-Request-Id": "mine"})

    assert (response.status_code, response.content) == (200, b'{"status":"ok","version":"1.0.0"}')
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"] == "mine"
    assert response.headers["cache-control"] == "no-store"
    assert (await rest.head("/api/health")).status_code == 200


async def test_error_answers_carry_the_request_id(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/calls?limit=0", headers={"X-Request-Id": "mine"})

    assert (response.status_code, response.headers["x-request-id"]) == (400, "mine")


async def test_database_that_is_down_is_an_outage(resources: Resources) -> None:
    async with _serve(resources, Database("postgresql://nobody@127.0.0.1:1/none")) as rest:
        answers = [
            await rest.get("/api/calls"),
            await rest.get(f"/api/calls/{uuid4()}/transcript"),
            await rest.post("/api/calls/analyze", content=encode([file(WAV)]), headers={"content-type": CONTENT_TYPE}),
            await rest.patch(f"/api/actions/{uuid4()}", content=b"{"),
        ]
        graphql = await rest.post("/graphql", json={"query": "{ me { id } }"})
        health = await rest.get("/api/health")
        unknown = await rest.get("/api/nothing")
        readiness = await rest.get("/actuator/health/readiness")

    for answer in answers:
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "service_unavailable"
        assert answer.headers["retry-after"] == "5"
    assert graphql.status_code == 503
    assert graphql.json()["errors"][0]["extensions"]["code"] == "service_unavailable"
    assert (health.status_code, unknown.status_code) == (200, 503)
    assert (readiness.status_code, readiness.json()) == (503, {"status": "DOWN"})


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_database_that_does_not_answer_is_not_waited_for_forever(
    resources: Resources, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "SIGN_IN_SECONDS", 0.05)

    async with _serve(resources, Database(f"postgresql://nobody@127.0.0.1:{silent_port}/none")) as rest:
        response = await rest.get("/api/calls")

    assert (response.status_code, response.json()["error"]["code"]) == (503, "service_unavailable")


async def test_bug_is_answered_without_a_word_of_it(resources: Resources) -> None:
    class BrokenDatabase(Database):
        def driver(self):  # type: ignore[no-untyped-def]
            raise KeyError("zebracrossing")

    async with _serve(resources, BrokenDatabase("postgresql://nobody@127.0.0.1:1/none")) as rest:
        with structlog.testing.capture_logs() as lines:
            response = await rest.get("/api/calls", headers={"X-Request-Id": "mine"})
            graphql = await rest.post("/graphql", json={"query": "{ me { id } }"})

    assert response.status_code == 500
    assert response.content == (
        b'{"error":{"code":"internal_error","message":"Something went wrong on our side","details":{}}}'
    )
    assert response.headers["x-request-id"] == "mine"
    assert graphql.status_code == 500
    assert graphql.json()["errors"][0]["extensions"] == {"code": "internal_error", "status": 500, "details": {}}
    assert "unexpected_error" in [line["event"] for line in lines]


async def test_actuator(rest: httpx.AsyncClient) -> None:
    assert (await rest.get("/actuator/health")).json() == {"status": "UP"}
    assert (await rest.get("/actuator/health/readiness")).json() == {"status": "UP"}
    assert (await rest.get("/actuator/info")).json() == {"version": "1.0.0"}


async def test_tools_are_hidden_in_production(resources: Resources) -> None:
    app = create_app(resources.settings.model_copy(update={"configured_profile": Profile.PROD}))
    app.state.resources = resources

    async with _client(app) as client:
        statuses = [(await client.get(path)).status_code for path in ("/docs", "/openapi.json", "/graphql")]

    assert statuses == [404, 404, 405]


async def test_tools_are_shown_elsewhere(rest: httpx.AsyncClient) -> None:
    statuses = [(await rest.get(path)).status_code for path in ("/docs", "/openapi.json", "/graphql")]

    assert statuses == [200, 200, 200]


ORIGIN = "https://app.example"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "x-odd"}


async def test_configured_origins_may_call(resources: Resources) -> None:
    app = _app_with_origins(resources, (ORIGIN,))

    async with _client(app) as client:
        preflight = await client.options("/api/calls", headers=PREFLIGHT)
        answer = await client.get("/api/calls", headers={"Origin": ORIGIN})
        error = await client.get("/api/nothing", headers={"Origin": ORIGIN})

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE"
    allowed = {name.strip().lower() for name in preflight.headers["access-control-allow-headers"].split(",")}
    assert allowed >= {
        "authorization", "content-type", "idempotency-key", "x-api-key", "x-local-user-id", "x-request-id",
        "x-scryon-api-key",
    }  # fmt: skip
    assert preflight.headers["x-request-id"]
    for response in (answer, error):
        assert response.headers["access-control-allow-origin"] == ORIGIN
        exposed = response.headers["access-control-expose-headers"]
        assert exposed == "Idempotency-Replayed, Location, Retry-After, X-Request-Id"


def _app_with_origins(resources: Resources, origins: tuple[str, ...]) -> FastAPI:
    settings = resources.settings.model_copy(update={"cors_allowed_origins": origins})
    app = create_app(settings)
    app.state.resources = dataclasses.replace(resources, settings=settings)
    return app


@pytest.mark.parametrize("origins", [(), (ORIGIN,)])
async def test_other_origins_see_nothing_of_it(resources: Resources, origins: tuple[str, ...]) -> None:
    app = _app_with_origins(resources, origins)

    async with _client(app) as client:
        preflight = await client.options("/api/calls", headers={**PREFLIGHT, "Origin": "https://evil.example"})
        answer = await client.get("/api/calls", headers={"Origin": "https://evil.example"})

    for response in (preflight, answer):
        assert response.status_code == 401
        assert response.json()["error"]["details"] == {"scheme": "origin"}
    for response in (preflight, answer):
        assert not [name for name in response.headers if name.startswith("access-control-")]


async def test_database_that_cannot_be_migrated_stops_the_start(resources: Resources) -> None:
    broken = {"db_url": "postgresql://nobody@127.0.0.1:1/none", "migrate_at_start": True}
    app = create_app(resources.settings.model_copy(update=broken))

    with structlog.testing.capture_logs() as lines, pytest.raises(OSError, match=r"127\.0\.0\.1"):
        async with app.router.lifespan_context(app):
            pass

    assert [line["event"] for line in lines] == ["migration_failed"]


async def test_application_opens_its_own_connections(resources: Resources) -> None:
    app = create_app(resources.settings.model_copy(update={"migrate_at_start": True}))

    async with app.router.lifespan_context(app), _client(app) as client:
        assert (await client.get("/api/calls")).json() == {"items": []}
