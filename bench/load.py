"""Requests as fast as a server answers them, over a few connections, and answers checked.

A client of its own, on bare sockets: on a machine with few cores a full HTTP client would be the slowest part.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is asked again and again; `body` is JSON. `user` asks, in the place of the default user."""

    method: str
    path: str
    body: bytes = b""
    user: str | None = None

    def write(self) -> bytes:
        head = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        if self.user:
            head.append(f"X-Local-User-Id: {self.user}")
        if self.body:
            head += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; answers status and body, which must come with its length."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.lower().startswith(b"content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def connect(port: int) -> Connection:
    """Open a connection to a server on this machine."""
    return Connection(*await asyncio.open_connection("127.0.0.1", port, limit=2**20))


async def wait_until_open(port: int) -> None:
    """Wait until somebody listens on a port of this machine, for half a minute at most. Raises TimeoutError."""
    async with asyncio.timeout(30):
        while True:  # nobody tells when a process of uvicorn listens
            try:
                (await connect(port)).close()
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return


async def ask_once(port: int, question: Question) -> bytes:
    """The body of one answer. Raises AssertionError for any other status than 200."""
    connection = await connect(port)
    try:
        status, body = await connection.ask(question.write())
    finally:
        connection.close()
    assert status == 200, body[:500]
    return body


async def count_answers(port: int, question: Question, seconds: float) -> float:
    """Answers per second over all connections. Raises AssertionError for any other status than 200."""
    request = question.write()
    connections = [await connect(port) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    end = started + seconds

    async def hammer(connection: Connection) -> int:
        answers = 0
        while time.perf_counter() < end:
            status, body = await connection.ask(request)
            assert status == 200, body[:500]
            answers += 1
        return answers

    try:
        counts = await asyncio.gather(*map(hammer, connections))
    finally:
        for connection in connections:
            connection.close()
    return sum(counts) / (time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class Side:
    """A server, by its port, and what it is asked."""

    port: int
    question: Question


async def interleave(sides: Sequence[Side], *, rounds: int, seconds: float) -> list[list[float]]:
    """Answers per second of each side in each round; one after the other, so that all see the same machine."""
    rates: list[list[float]] = [[] for _ in sides]
    for side in sides:
        await count_answers(side.port, side.question, seconds / 2)
    for _ in range(rounds):
        for side, found in zip(sides, rates, strict=True):
            found.append(await count_answers(side.port, side.question, seconds))
    return rates
