"""GraphQL over WebSocket: who may, and what a bad message does. Source: rest.md, section 1.11."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.db import Database
from app.resources import Resources
from tests.rest.serving import Server

ME = {"query": "{ me { externalUserId } }"}


@asynccontextmanager
async def opened(server: Server, *, user: str | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
    headers = {"X-Local-User-Id": user} if user else {}
    url = server.url.replace("http://", "ws://") + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(url, subprotocols=protocols, additional_headers=headers, proxy=None, **options) as socket:
        yield socket


async def send(socket: ClientConnection, message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


async def receive(socket: ClientConnection) -> Any:
    return orjson.loads(await socket.recv())


async def begin(socket: ClientConnection, payload: dict[str, Any] | None = None) -> None:
    await send(socket, {"type": "connection_init", "payload": payload or {}})
    assert await receive(socket) == {"type": "connection_ack"}


async def closed_with(socket: ClientConnection) -> int | None:
    """The code with which the server closes, whatever it says before."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def test_query_is_answered_for_the_user_of_the_connection(server: Server, resources: Resources) -> None:
    async with opened(server, user="meera") as socket:
        await begin(socket)

        await send(socket, {"id": "1", "type": "subscribe", "payload": ME})

        answer = {"data": {"me": {"externalUserId": "meera"}}}
        assert await receive(socket) == {"id": "1", "type": "next", "payload": answer}
        assert await receive(socket) == {"id": "1", "type": "complete"}


async def test_each_operation_sees_what_is_there_now(server: Server, resources: Resources, database: Database) -> None:
    query = {"query": "{ calls { nodes { id notes } } }"}
    async with opened(server, user="meera") as socket:
        await begin(socket)
        async with database.transaction() as session:
            user: UUID = (await session.execute(text("SELECT id FROM users"))).scalar_one()
            await session.execute(
                text("INSERT INTO call_records (id, user_id, status, notes) VALUES (:id, :user, 'QUEUED', 'first')"),
                {"id": uuid4(), "user": user},
            )
        await send(socket, {"id": "1", "type": "subscribe", "payload": query})
        first = (await receive(socket))["payload"]["data"]["calls"]["nodes"][0]["notes"]
        await receive(socket)
        async with database.transaction() as session:
            await session.execute(text("UPDATE call_records SET notes = 'second'"))

        await send(socket, {"id": "1", "type": "subscribe", "payload": query})

        second = (await receive(socket))["payload"]["data"]["calls"]["nodes"][0]["notes"]
    assert (first, second) == ("first", "second")


async def test_error_of_a_resolver_has_its_code(server: Server, resources: Resources) -> None:
    async with opened(server) as socket:
        await begin(socket)

        await send(
            socket, {"id": "1", "type": "subscribe", "payload": {"query": f'{{ call(id: "{uuid4()}") {{ id }} }}'}}
        )

        [error] = (await receive(socket))["payload"]["errors"]
    assert error["extensions"] == {"code": "call_not_found", "status": 404, "details": {}}


async def test_operation_before_the_init_message_is_refused(server: Server, resources: Resources) -> None:
    async with opened(server) as socket:
        await send(socket, {"id": "1", "type": "subscribe", "payload": ME})

        assert await closed_with(socket) == 4401


async def test_page_of_another_origin_is_refused(server: Server, resources: Resources) -> None:
    async with opened(server, origin="https://evil.example") as socket:
        await send(socket, {"type": "connection_init", "payload": {}})

        assert await closed_with(socket) == 4401


async def test_disabled_account_is_refused(server: Server, resources: Resources, database: Database) -> None:
    async with opened(server, user="meera") as socket:
        await begin(socket)
        async with database.transaction() as session:
            await session.execute(text("UPDATE users SET account_status = 'DISABLED'"))

        await send(socket, {"id": "1", "type": "subscribe", "payload": ME})

        assert await closed_with(socket) == 4403
    async with opened(server, user="meera") as socket:
        await send(socket, {"type": "connection_init", "payload": {}})

        assert await closed_with(socket) == 4403


async def test_eleventh_connection_of_a_user_is_refused(server: Server, resources: Resources) -> None:
    async with (
        opened(server, user="a") as s1, opened(server, user="a") as s2, opened(server, user="a") as s3,
        opened(server, user="a") as s4, opened(server, user="a") as s5, opened(server, user="a") as s6,
        opened(server, user="a") as s7, opened(server, user="a") as s8, opened(server, user="a") as s9,
        opened(server, user="a") as s10, opened(server, user="a") as s11, opened(server, user="b") as other,
    ):  # fmt: skip
        for socket in (s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, other):
            await begin(socket)

        await send(s11, {"type": "connection_init", "payload": {}})
        assert await closed_with(s11) == 4429

        await s1.close()
        async with opened(server, user="a") as again:
            await begin(again)


@pytest.mark.parametrize(
    "message",
    [
        "[]",
        "1",
        "{",
        '{"type": "subscribe", "id": ["1"], "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "1", "payload": 7}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "variables": []}}',
        '{"type": "subscribe"}',
        '{"type": "nonsense"}',
        '{"type": "' + "x" * 500 + '"}',
        '{"type": "\\ud800"}',
        '{"type": "complete", "id": []}',
        '{"type": 1, "type": 2}',
    ],
)
async def test_malformed_message_closes_the_connection(server: Server, resources: Resources, message: str) -> None:
    async with opened(server) as socket:
        await begin(socket)

        await socket.send(message)

        assert await closed_with(socket) == 4400


@pytest.mark.parametrize(
    "payload",
    [
        {"query": ""},
        {"query": "{"},
        {"query": "{ nonsense }"},
        {"query": "{ ...F }"},
        {"query": "{ me { id } }" + " " * 10 + "x " * 2000},
        {"query": "fragment F on Query { me { id } }"},
        {"query": "query A { me { id } } query B { me { id } }"},
        {"query": "query A { me { id } }", "operationName": "B"},
    ],
)
async def test_document_that_cannot_be_run_is_an_error_of_its_operation(
    server: Server, resources: Resources, payload: dict[str, str]
) -> None:
    async with opened(server) as socket:
        await begin(socket)

        await send(socket, {"id": "1", "type": "subscribe", "payload": payload})

        answer = await receive(socket)
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in answer["payload"]] == ["validation_failed"]


async def test_key_that_is_no_text_is_refused(resources: Resources, server: Server) -> None:
    async with opened(server) as socket:
        await socket.send('{"type": "connection_init", "payload": {"apiKey": 7}}')

        assert await closed_with(socket) == 4401


async def test_connection_ends_with_the_account(server: Server, resources: Resources) -> None:
    delete_me = {"query": "mutation { deleteMe }"}
    async with opened(server, user="meera") as socket:
        await begin(socket)
        await send(socket, {"id": "1", "type": "subscribe", "payload": delete_me})
        assert (await receive(socket))["payload"] == {"data": {"deleteMe": True}}
        await receive(socket)

        await send(socket, {"id": "2", "type": "subscribe", "payload": ME})

        assert await closed_with(socket) == 4401


async def test_address_of_a_socket_is_not_logged(server: Server, resources: Resources) -> None:
    url = server.url.replace("http://", "ws://") + "/graphql?token=zebracrossing"

    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
        await begin(socket)

    assert "zebracrossing" not in server.log.read_text()


async def test_message_over_the_limit_closes_the_connection(server: Server, resources: Resources) -> None:
    async with opened(server) as socket:
        await begin(socket)

        await socket.send('{"type": "ping", "payload": "' + "x" * 1024 * 1024 + '"}')

        assert await closed_with(socket) == 1009


async def test_other_protocol_is_refused(server: Server, resources: Resources) -> None:
    url = server.url.replace("http://", "ws://") + "/graphql"

    async with connect(url, proxy=None) as socket:
        assert await closed_with(socket) == 4406
