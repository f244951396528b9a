"""Every line that a request or a run leaves names the request, the user and the call. Source: pipeline.md, 11.1."""

import asyncio
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import structlog
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.calls.models import ArtifactType, CallStatus
from app.observability.logging import configure_logging
from app.resources import Resources, open_resources
from app.settings import load_settings
from tests.callbacks import CALLBACK_MODE, PATH, callback_query
from tests.doubles.fcm import CLIENT_EMAIL, Fcm
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.engines import RAW, ScriptedAnalyst
from tests.factories import Factory
from tests.finished import finished_call
from tests.jobs.working import working
from tests.rest.serving import Server, rest_client
from tests.running import wait_for
from tests.voices import make_sample

REQUEST = {"X-Request-Id": "request-1"}
REANALYZE = "mutation ($id: ID!) { reanalyzeCall(id: $id) { id } }"
DEADLINE_SECONDS = 30


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the loggers of this process write, as in production."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logging(load_settings(log_level="INFO"))
    yield written
    structlog.contextvars.clear_contextvars()
    configure_logging(load_settings(log_level="ERROR"))


def read(written: str) -> list[dict[str, str]]:
    """The pairs of each line."""
    return [dict(pair.split("=", 1) for pair in line.split(" ") if "=" in pair) for line in written.splitlines()]


def contexts(written: str) -> set[tuple[str | None, ...]]:
    """Which request, user and call lines name."""
    return {(line.get("reqId"), line.get("userId"), line.get("callId")) for line in read(written)}


async def test_request_about_a_call(
    rest: httpx.AsyncClient, owner: UUID, factory: Factory, output: io.StringIO
) -> None:
    call = await factory.call(owner)

    for method, path in (("GET", "/transcript"), ("GET", "/analysis"), ("DELETE", ""), ("GET", "")):
        await rest.request(method, f"/api/calls/{call.id}{path}", headers=REQUEST)

    assert len(read(output.getvalue())) == 4
    assert contexts(output.getvalue()) == {("request-1", str(owner), str(call.id))}


async def test_request_about_something_else(rest: httpx.AsyncClient, owner: UUID, output: io.StringIO) -> None:
    await rest.get("/api/calls/zebracrossing", headers=REQUEST)
    await rest.get(f"/api/contacts/{owner}", headers=REQUEST)
    await rest.post("/graphql", json={"query": "{ me { id } }"}, headers=REQUEST)

    assert contexts(output.getvalue()) == {("request-1", str(owner), None)}
    assert "zebracrossing" not in output.getvalue()


async def test_upload(rest: httpx.AsyncClient, owner: UUID, output: io.StringIO) -> None:
    answer = await rest.post("/api/calls/analyze", files={"file": ("a.wav", make_sample(1.0))}, headers=REQUEST)

    call_id = answer.json()["callId"]
    assert [line["event"] for line in read(output.getvalue())] == ["PIPELINE", "HTTP_REQUEST_COMPLETED"]
    assert contexts(output.getvalue()) == {("request-1", str(owner), call_id)}


async def test_callback(resources: Resources, factory: Factory, alice: UUID, output: io.StringIO) -> None:
    call = await factory.call(alice, status=CallStatus.TRANSCRIBING)

    async with rest_client(resources, **CALLBACK_MODE) as client:
        await client.post(f"{PATH}?{callback_query(call.id)}", content=RAW, headers=REQUEST)
        await client.post(f"{PATH}?{callback_query(call.id)}", content=RAW, headers=REQUEST)

    events = [line["event"] for line in read(output.getvalue())]
    assert events == ["PIPELINE", "HTTP_REQUEST_COMPLETED", "callback_ignored", "HTTP_REQUEST_COMPLETED"]
    assert contexts(output.getvalue()) == {("request-1", str(alice), str(call.id))}


async def test_reanalysis(
    app: FastAPI, rest: httpx.AsyncClient, owner: UUID, factory: Factory, output: io.StringIO
) -> None:
    app.state.resources = replace(app.state.resources, analyst=ScriptedAnalyst())
    call = await finished_call(factory, owner)

    await rest.post(f"/api/calls/{call.id}/reanalyze", headers=REQUEST)

    assert len(read(output.getvalue())) > 5
    assert contexts(output.getvalue()) == {("request-1", str(owner), str(call.id))}


async def test_operation_on_a_websocket(server: Server, resources: Resources, alice: UUID) -> None:
    async with open_resources(resources.settings.model_copy(update={"data_dir": server.data_dir})) as stores:
        call = await finished_call(Factory(stores), alice)
    url = server.url.replace("http://", "ws://") + "/graphql"
    headers = {"X-Local-User-Id": "alice"}

    async with connect(
        url, subprotocols=[Subprotocol("graphql-transport-ws")], additional_headers=headers, proxy=None
    ) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        operation = {"query": REANALYZE, "variables": {"id": str(call.id)}}
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": operation}).decode())
        answer: Any = orjson.loads(await socket.recv())

    assert answer["payload"] == {"data": {"reanalyzeCall": {"id": str(call.id)}}}
    lines = [line for line in server.log.read_text().splitlines() if str(call.id) in line]
    [(request_id, user_id, call_id)] = contexts("\n".join(lines))
    assert len(lines) > 5
    assert (user_id, call_id) == (str(alice), str(call.id))
    assert request_id is not None


async def test_run_of_a_worker_and_its_push(
    resources: Resources, factory: Factory, fcm: Fcm, output: io.StringIO
) -> None:
    account = {
        "firebase_project_id": PROJECT_ID,
        "firebase_client_email": CLIENT_EMAIL,
        "firebase_private_key": signing_key(0).private_pem,
    }
    user_id = await factory.user(fcm_token="device-1")
    call = await factory.call(user_id, status=CallStatus.QUEUED)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)
    await resources.queue.send_process_call(call.id, "request-1")

    async with working(resources.settings.model_copy(update=account)):
        await asyncio.to_thread(wait_for, lambda: "event=push_sent" in output.getvalue(), DEADLINE_SECONDS)

    lines = [line for line in output.getvalue().splitlines() if "callId=" in line]
    events = {line["event"] for line in read("\n".join(lines))}
    assert events >= {"PIPELINE", "SPEAKER_RESOLUTION", "push_sent"}
    assert contexts("\n".join(lines)) == {("request-1", str(user_id), str(call.id))}
