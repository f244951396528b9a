"""Clients who send too slowly, too much or too many, and those who do not take their answers."""

import asyncio
import resource
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn

from app.bounded_http import (
    MAX_CONNECTIONS,
    MAX_EMPTY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    MAX_UNFINISHED_BYTES,
    OTHER_FILES,
    PATIENCE_SECONDS,
    BoundedHttpProtocol,
    BoundedServer,
    find_max_connections,
)

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = 16 * 1024 * 1024
"""An answer that no socket takes whole."""


class Client:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def read_answer(self) -> bytes:
        """The head of the next answer; its body has no length."""
        async with asyncio.timeout(30):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def read_bytes(self, count: int) -> None:
        async with asyncio.timeout(30):
            await self._reader.readexactly(count)

    async def read_all(self) -> bytes:
        """What comes until the server hangs up; a reset counts as that, too."""
        content = b""
        try:
            async with asyncio.timeout(30):
                while piece := await self._reader.read(1024 * 1024):
                    content += piece
        except ConnectionError:
            pass
        return content


class House:
    """A server of at most three connections, whose application answers when it is let."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.length = 0
        self.asked = 0
        config = uvicorn.Config(
            self._app, interface="asgi3", http=BoundedHttpProtocol, lifespan="off", log_config=None, access_log=False
        )
        self.server = BoundedServer(config, 3)
        self._clients: list[Client] = []

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self.gate.wait()
        headers = [(b"content-length", str(self.length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * self.length})

    async def connect(self) -> Client:
        """Connect, and wait until the server has noticed."""
        before = set(self.server.server_state.connections)
        host, port = self.server.servers[0].sockets[0].getsockname()
        client = Client(*await asyncio.open_connection(host, port))
        self._clients.append(client)
        await self.until(lambda: bool(set(self.server.server_state.connections) - before))
        return client

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110  (a server tells nobody what it has noticed)
                await asyncio.sleep(0.001)

    def let_time_pass(self) -> None:
        """Look after the connections as if the patience with everybody were at its end."""
        self.server.server_state.look_after(time.monotonic() + PATIENCE_SECONDS)

    def close(self) -> None:
        for client in self._clients:
            client.writer.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    opened = House()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(opened.server._serve([listener]))
        await opened.until(lambda: opened.server.started)
        yield opened
        opened.close()
        opened.gate.set()
        opened.server.should_exit = True
        await serving


async def test_head_that_does_not_come_in_time_is_a_timeout(house: House) -> None:
    client = await house.connect()
    await client.send(HEAD)
    await house.until(lambda: house.server.server_state.unfinished_bytes == len(HEAD))

    house.let_time_pass()

    assert await client.read_all() == b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    await house.until(lambda: not house.server.server_state.connections)
    assert (house.server.server_state.waiting, house.server.server_state.unfinished_bytes) == ({}, 0)


async def test_next_head_that_does_not_come_in_time_is_a_timeout(house: House) -> None:
    client = await house.connect()
    await client.send(HEAD + b"\r\n")
    assert (await client.read_answer()).startswith(b"HTTP/1.1 200 ")
    await client.send(HEAD)
    await house.until(lambda: house.server.server_state.unfinished_bytes == len(HEAD))

    house.let_time_pass()

    assert (await client.read_all()).startswith(b"HTTP/1.1 408 ")


async def test_who_says_nothing_is_told_nothing(house: House) -> None:
    client = await house.connect()

    house.let_time_pass()

    assert await client.read_all() == b""


async def test_line_breaks_between_requests_are_no_sign_of_life(house: House) -> None:
    client = await house.connect()
    await client.send(HEAD + b"\r\n")
    await client.read_answer()

    await client.send(b"\r\n" * 10)
    house.let_time_pass()

    assert await client.read_all() == b""


async def test_request_in_work_is_nobody_who_waits(house: House) -> None:
    house.gate.clear()
    client = await house.connect()
    await client.send(HEAD + b"\r\n")
    await house.until(lambda: house.asked == 1)

    house.let_time_pass()
    house.gate.set()

    assert (await client.read_answer()).startswith(b"HTTP/1.1 200 ")


async def test_full_house_drops_who_has_waited_longest(house: House) -> None:
    house.gate.clear()
    working, slow = await house.connect(), await house.connect()
    await working.send(HEAD + b"\r\n")
    await house.until(lambda: house.asked == 1)
    await slow.send(HEAD)
    idle, new = await house.connect(), await house.connect()
    house.gate.set()

    await new.send(HEAD + b"\r\n")

    assert (await new.read_answer()).startswith(b"HTTP/1.1 200 ")
    assert (await working.read_answer()).startswith(b"HTTP/1.1 200 ")
    assert await slow.read_all() == b""
    await idle.send(HEAD + b"\r\n")
    assert (await idle.read_answer()).startswith(b"HTTP/1.1 200 ")


async def test_all_unfinished_heads_together_have_a_limit(house: House) -> None:
    house.server.server_state._max_connections = 100
    state, most = house.server.server_state, MAX_HEAD_BYTES - 1024
    clients = [await house.connect() for _ in range(MAX_UNFINISHED_BYTES // most + 1)]

    for client in clients:
        await client.send(HEAD + b"X-Long: " + b"x" * (most - len(HEAD) - 8))

    assert await clients[0].read_all() == b""
    await house.until(lambda: state.unfinished_bytes == most * (len(clients) - 1))
    await clients[-1].send(b"\r\n\r\n")
    assert (await clients[-1].read_answer()).startswith(b"HTTP/1.1 200 ")
    assert state.unfinished_bytes == most * (len(clients) - 2)


@pytest.mark.parametrize(("count", "status"), [(MAX_HEADERS, b"200"), (MAX_HEADERS + 1, b"400")])
async def test_headers_are_counted(house: House, count: int, status: bytes) -> None:
    client = await house.connect()

    await client.send(b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * count + b"\r\n")

    assert (await client.read_answer()).startswith(b"HTTP/1.1 " + status)


async def test_endless_trailer_is_refused(house: House) -> None:
    house.gate.clear()
    client = await house.connect()
    await client.send(CHUNKED + b"0\r\nX-Last: ")
    await house.until(lambda: house.asked == 1)

    await client.send(b"x" * (MAX_EMPTY_BYTES + 1))

    assert (await client.read_all()).startswith(b"HTTP/1.1 400 ")


async def test_long_content_and_a_trailer_are_none(house: House) -> None:
    client = await house.connect()

    await client.send(CHUNKED + b"200000\r\n" + b"x" * 0x200000 + b"\r\n0\r\nX-Last: x\r\n\r\n" + HEAD + b"\r\n")

    assert (await client.read_answer()).startswith(b"HTTP/1.1 200 ")
    assert (await client.read_answer()).startswith(b"HTTP/1.1 200 ")


async def test_requests_that_nobody_waits_for_the_answers_of_are_counted(house: House) -> None:
    house.gate.clear()
    client = await house.connect()

    await client.send((HEAD + b"\r\n") * (MAX_PIPELINED + 2))

    assert (await client.read_answer()).startswith(b"HTTP/1.1 400 ")
    assert house.asked <= 1


async def test_rest_of_a_body_that_nobody_reads_is_taken_for_a_while(house: House) -> None:
    client = await house.connect()
    await client.send(b"POST / HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n")
    assert (await client.read_answer()).startswith(b"HTTP/1.1 200 ")

    await client.send(b"x" * 1_000_000)
    house.let_time_pass()

    assert await client.read_all() == b""
    assert house.asked == 1


async def test_answer_that_is_not_taken_is_dropped(house: House) -> None:
    house.length = LONG
    client = await house.connect()
    await client.send(HEAD + b"\r\n")
    await client.read_answer()
    [connection] = house.server.server_state.connections

    house.let_time_pass()
    assert house.server.server_state.connections == {connection}
    house.let_time_pass()

    assert house.server.server_state.connections == set()
    assert len(await client.read_all()) < LONG


async def test_answer_that_is_taken_slowly_arrives(house: House) -> None:
    house.length = LONG
    client = await house.connect()
    await client.send(HEAD + b"\r\n")
    await client.read_answer()
    house.let_time_pass()

    await client.read_bytes(LONG // 2)
    house.let_time_pass()

    await client.read_bytes(LONG - LONG // 2)


def test_process_may_open_as_many_files_as_the_machine_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, before[1]))

        most = find_max_connections()

        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
        assert most == min(MAX_CONNECTIONS, before[1] - OTHER_FILES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
