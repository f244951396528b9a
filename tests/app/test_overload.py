"""How much is done at a time, and how everything else is refused. Source: rest.md, section 4."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request, Response

from app.main import create_app
from app.overload import UPLOADS_IN_LINE, OverloadMiddleware
from app.resources import Resources
from app.settings import load_settings
from rest.answers import error_answer
from tests.forms import CONTENT_TYPE, WAV, encode, file

REFUSED = {"code": "service_unavailable", "message": "The service is not available at the moment", "details": {}}
UPLOAD = {"content-type": CONTENT_TYPE}


class Door:
    """A route behind which requests stay until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.inside = 0

    async def enter(self, request: Request) -> Response:
        """Read the body, if there is one, and wait."""
        await request.body()
        self.inside += 1
        await self.opened.wait()
        self.inside -= 1
        return Response()

    async def wait_for(self, inside: int) -> None:
        """Let everybody else run until so many are in."""
        async with asyncio.timeout(30):
            while self.inside != inside:  # noqa: ASYNC110  (several come in at once)
                await asyncio.sleep(0)


@pytest.fixture
def door() -> Door:
    return Door()


@asynccontextmanager
async def client_of(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def narrow(resources: Resources, door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """The application with room for one request and one upload at a time, and a door in it."""
    settings = resources.settings.model_copy(
        update={
            "max_concurrent_requests": 1,
            "max_concurrent_uploads": 1,
            "cors_allowed_origins": ("https://app.example",),
        }
    )
    app: FastAPI = create_app(settings)
    app.state.resources = resources
    app.add_api_route("/api/door", door.enter, methods=["POST"])
    async with client_of(app) as client:
        yield client


def assert_refused(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json() == {"error": REFUSED}
    assert response.headers["retry-after"] == "5"
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"]


async def test_request_too_many_is_refused_until_there_is_room(narrow: httpx.AsyncClient, door: Door) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    refused = await narrow.get("/api/calls")
    door.opened.set()
    await first
    taken = await narrow.get("/api/calls")

    assert_refused(refused)
    assert taken.status_code == 200


async def test_refusals_are_told_from_time_to_time(narrow: httpx.AsyncClient, door: Door) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            await narrow.get("/api/calls")
    door.opened.set()
    await first

    told = [line for line in lines if line["event"] == "overloaded"]
    assert told == [{"event": "overloaded", "log_level": "warning", "kind": "requests", "refused": 1}]


async def test_refusal_on_graphql_has_its_dress(narrow: httpx.AsyncClient, door: Door) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    refused = await narrow.post("/graphql", json={"query": "{ me { id } }"})
    door.opened.set()
    await first

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    extensions = {"code": "service_unavailable", "status": 503, "details": {}}
    assert refused.json() == {"errors": [{"message": REFUSED["message"], "extensions": extensions}]}


async def test_browser_may_read_a_refusal(narrow: httpx.AsyncClient, door: Door) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    refused = await narrow.get("/api/calls", headers={"origin": "https://app.example"})
    door.opened.set()
    await first

    assert_refused(refused)
    assert refused.headers["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize(
    "path", ["/api/health", "/actuator/health", "/actuator/health/readiness", "/actuator/info", "/actuator/nothing"]
)
async def test_probes_are_never_refused(narrow: httpx.AsyncClient, door: Door, path: str) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    response = await narrow.get(path)
    door.opened.set()
    await first

    assert response.status_code in (200, 404)


async def test_uploads_and_other_requests_take_no_room_from_each_other(narrow: httpx.AsyncClient, door: Door) -> None:
    first = asyncio.create_task(narrow.post("/api/door"))
    await door.wait_for(1)

    uploaded = await narrow.post("/api/calls/analyze", content=encode([file(WAV)]), headers=UPLOAD)
    door.opened.set()
    await first

    assert uploaded.status_code == 202


async def test_body_on_its_way_takes_no_room(narrow: httpx.AsyncClient, door: Door) -> None:
    sent = asyncio.Event()
    begun = asyncio.Event()

    async def slow_body() -> AsyncIterator[bytes]:
        begun.set()
        await sent.wait()
        yield b"{}"

    slow = asyncio.create_task(narrow.post("/api/door", content=slow_body()))
    await begun.wait()

    meanwhile = await narrow.get("/api/calls")
    sent.set()
    await door.wait_for(1)
    refused = await narrow.get("/api/calls")
    door.opened.set()
    await slow

    assert meanwhile.status_code == 200
    assert_refused(refused)


async def test_uploads_wait_in_line_and_beyond_it_are_refused(narrow: httpx.AsyncClient, door: Door) -> None:
    uploads = [
        asyncio.create_task(narrow.post("/api/door", headers=UPLOAD, content=b"--")) for _ in range(1 + UPLOADS_IN_LINE)
    ]
    await door.wait_for(1)

    refused = await narrow.post("/api/door", headers=UPLOAD, content=b"--")
    door.opened.set()
    answers = await asyncio.gather(*uploads)

    assert_refused(refused)
    assert [answer.status_code for answer in answers] == [200] * (1 + UPLOADS_IN_LINE)


async def test_upload_whose_turn_does_not_come_is_refused(door: Door) -> None:
    inner = FastAPI()
    inner.add_api_route("/api/door", door.enter, methods=["POST"])
    settings = load_settings(max_concurrent_uploads=1)
    app = OverloadMiddleware(inner, settings=settings, respond=lambda _, error: error_answer(error), line_seconds=0)
    async with client_of(app) as client:
        first = asyncio.create_task(client.post("/api/door", headers=UPLOAD, content=b"--"))
        await door.wait_for(1)

        refused = await client.post("/api/door", headers=UPLOAD, content=b"--")
        door.opened.set()
        await first
        taken = await client.post("/api/door", headers=UPLOAD, content=b"--")

    assert (refused.status_code, taken.status_code) == (503, 200)


async def test_socket_too_many_gets_its_answer_instead_of_a_handshake() -> None:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody may come in")

    async def receive() -> Any:
        raise AssertionError("nothing has to be read")

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    app = OverloadMiddleware(
        inner, settings=load_settings(), respond=lambda _, error: error_answer(error), max_sockets=0
    )

    await app({"type": "websocket", "path": "/graphql", "headers": []}, receive, send)

    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"retry-after"]) == (503, b"5")
