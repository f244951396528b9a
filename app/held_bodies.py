"""What requests have sent of their bodies so far, all together, has a limit, whatever each of them may send.

Those that have been waited for longest go first, so that slow senders do not keep out those who send at once.
Uploads are not held: they go on to storage as they come.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import Message, Receive

from app.errors import ServiceUnavailableError

MAX_HELD_BYTES = 128 * 1024 * 1024
"""Of a process: as many as 128 of the longest JSON bodies, or 4 of the longest callbacks (rest.md, section 5)."""


@dataclass(eq=False, slots=True)
class _Body:
    """What has come of one."""

    size_bytes: int = 0


class HeldBodies:
    """The bodies of a process that are on their way, or whose requests are in work."""

    def __init__(self, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._free_bytes = max_bytes
        # Those whose client has to act, longest first.
        self._waiting: dict[_Body, asyncio.Timeout] = {}

    @contextmanager
    def hold(self, receive: Receive) -> Iterator[Receive]:
        """Count what is received in the block until it ends.

        What it is to receive with raises ServiceUnavailableError when there is too much, and no other body that has
        been waited for longer.
        """
        body = _Body()

        async def receive_held() -> Message:
            message = await self._wait(body, receive)
            size_bytes = len(message.get("body", b""))
            body.size_bytes += size_bytes
            self._free_bytes -= size_bytes
            self._make_room()
            return message

        try:
            yield receive_held
        finally:
            self._free_bytes += body.size_bytes

    async def _wait(self, body: _Body, receive: Receive) -> Message:
        try:
            async with asyncio.timeout(None) as patience:
                self._waiting[body] = patience
                try:
                    return await receive()
                finally:
                    self._waiting.pop(body, None)
        except TimeoutError as error:
            raise ServiceUnavailableError from error

    def _make_room(self) -> None:
        while self._free_bytes < 0:
            body = next((body for body in self._waiting if body.size_bytes), None)
            if body is None:
                raise ServiceUnavailableError
            self._waiting.pop(body).reschedule(0)
            self._free_bytes += body.size_bytes
            body.size_bytes = 0
