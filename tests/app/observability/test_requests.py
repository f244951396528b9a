from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from app.observability.requests import RequestMiddleware, UnexpectedErrorMiddleware
from app.resources import Resources


@pytest.fixture
def app(resources: Resources) -> FastAPI:
    app = FastAPI()
    app.state.resources = resources
    app.add_middleware(UnexpectedErrorMiddleware, respond=lambda path: Response(f"sorry {path}", 500))
    app.add_middleware(RequestMiddleware, access_log=True)

    @app.get("/things/{id}")
    async def get_thing(id: str, request: Request) -> dict[str, str]:
        return {"requestId": request.state.request_id}

    @app.get("/bug")
    async def bug() -> None:
        raise ValueError("zebracrossing")

    @app.get("/gone")
    async def gone() -> None:
        raise ClientDisconnect

    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize("given", ["a", "A-1_b.C", "x" * 64])
async def test_request_id_is_taken_over(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/things/1", headers={"X-Request-Id": given})

    assert response.headers["x-request-id"] == given
    assert response.json() == {"requestId": given}


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "ü".encode(), "a\tb"])
async def test_bad_request_id_is_replaced(client: httpx.AsyncClient, given: Any) -> None:
    response = await client.get("/things/1", headers={"X-Request-Id": given})

    assert len(response.headers["x-request-id"]) == 32


async def test_access_log_has_the_template_and_no_query(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.get("/things/secret?token=secret")
        await client.get("/nowhere/secret")

    assert all(isinstance(line.pop("durationMs"), int) for line in lines)
    common = {"event": "HTTP_REQUEST_COMPLETED", "log_level": "info", "method": "GET"}
    assert lines == [
        {**common, "route": "/things/{id}", "status": 200},
        {**common, "route": "unknown", "status": 404},
    ]


async def test_access_log_can_be_silenced(resources: Resources) -> None:
    inner = FastAPI()
    inner.state.resources = resources
    app = RequestMiddleware(inner, access_log=False)

    with structlog.testing.capture_logs() as lines:
        await httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test").get("/x")

    assert lines == []


async def test_bug_becomes_an_answer_with_an_id(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines:
        response = await client.get("/bug", headers={"X-Request-Id": "r-1"})

    assert (response.status_code, response.text) == (500, "sorry /bug")
    assert response.headers["x-request-id"] == "r-1"
    assert [line["event"] for line in lines] == ["unexpected_error", "HTTP_REQUEST_COMPLETED"]


async def test_client_that_went_away_is_no_error(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as lines, pytest.raises(AssertionError):
        # The transport expects an answer; there is none.
        await client.get("/gone")

    assert [(line["event"], line["log_level"], line.get("status")) for line in lines] == [
        ("client_disconnected", "info", None),
        ("HTTP_REQUEST_COMPLETED", "info", 499),
    ]


@pytest.mark.parametrize(("path", "is_private"), [("/api", True), ("/api/x", True), ("/apix", False), ("/x", False)])
async def test_answers_below_api_are_not_to_be_stored(client: httpx.AsyncClient, path: str, is_private: bool) -> None:
    response = await client.get(path)

    assert response.headers.get("cache-control") == ("no-store" if is_private else None)
