"""Which bodies are given up when they are too many. The real ones come over `app/overload.py`."""

import asyncio
from typing import Any

import pytest

from app.errors import ServiceUnavailableError
from app.held_bodies import HeldBodies


class Client:
    """Sends pieces of a body when it is told to, to a request that reads until its end and then stays in work."""

    def __init__(self, bodies: HeldBodies) -> None:
        self._bodies = bodies
        self._pieces: asyncio.Queue[Any] = asyncio.Queue()
        self.done = asyncio.Event()
        self.request = asyncio.create_task(self._read())

    async def _read(self) -> int:
        size = 0
        with self._bodies.hold(self._pieces.get) as receive:
            while (message := await receive())["more_body"]:
                size += len(message["body"])
            await self.done.wait()
        return size

    async def send(self, size: int, *, more_body: bool = True) -> None:
        """Send a piece and let everybody take notice."""
        self._pieces.put_nowait({"type": "http.request", "body": b"x" * size, "more_body": more_body})
        for _ in range(5):
            await asyncio.sleep(0)


async def test_who_is_waited_for_longest_makes_room() -> None:
    bodies = HeldBodies(100)
    idle, busy, silent, new = (Client(bodies) for _ in range(4))
    await busy.send(30)
    await silent.send(30)
    await busy.send(30)

    await new.send(40)

    with pytest.raises(ServiceUnavailableError):
        await silent.request
    assert [client.request.done() for client in (idle, busy, new)] == [False, False, False]
    for client in (idle, busy, new):
        client.request.cancel()


async def test_bodies_of_requests_in_work_make_no_room() -> None:
    bodies = HeldBodies(100)
    working, new, later = (Client(bodies) for _ in range(3))
    await working.send(80)
    await working.send(0, more_body=False)

    await new.send(40)
    working.done.set()
    assert await working.request == 80
    await later.send(100)

    with pytest.raises(ServiceUnavailableError):
        await new.request
    assert not later.request.done()
    later.request.cancel()
