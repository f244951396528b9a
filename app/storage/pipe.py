"""A stream on its way into the store, which the sender can break off.

obstore aborts an upload when its source raises, and forgets about it when it is cancelled itself, which would leave
paid, invisible parts in a bucket. So it is never cancelled: it reads from a pipe, and the pipe breaks.
Source: providers.md, sections 5.1 and 5.2.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import Any

ABORT_SECONDS = 5.0
"""How long the end of a broken upload or put is waited for; it goes on in the background after that."""

PIECE_BYTES = 1024**2
"""Handed over at a time: obstore takes a tenth of a millisecond for each, and 50 MB may come in hundreds of chunks."""


class _BrokenError(Exception):
    """The rest of the stream will not come."""


class _Pipe:
    """Hands one chunk at a time to its only reader. `None` is the end, an exception breaks it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | _BrokenError | None] = asyncio.Queue(maxsize=1)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._queue.get()) is not None:
            if isinstance(chunk, _BrokenError):
                raise chunk
            yield chunk

    async def send(self, chunk: bytes | None) -> None:
        """Wait until there is room, and put it there."""
        await self._queue.put(chunk)

    def break_off(self) -> None:
        """Let the reader fail at its next read."""
        self.make_room()
        self._queue.put_nowait(_BrokenError())

    def make_room(self) -> None:
        """Drop what the reader has not fetched, so that nobody waits to send."""
        while not self._queue.empty():
            self._queue.get_nowait()


async def pump(
    chunks: AsyncIterable[bytes], store: Callable[[AsyncIterable[bytes]], Coroutine[Any, Any, None]]
) -> None:
    """Feed `store` with the chunks; what they or the store raise leaves as it is.

    When the chunks fail, or this is cancelled, the store's source fails, and it has some seconds to clean up.
    """
    pipe = _Pipe()
    storing = asyncio.create_task(store(pipe))
    storing.add_done_callback(lambda task: _forget(task, pipe))
    try:
        async for piece in _gather(chunks):
            await pipe.send(piece)
            if storing.done():
                break
        else:
            await pipe.send(None)
        await asyncio.shield(storing)
    except BaseException:
        pipe.break_off()
        await asyncio.wait({storing}, timeout=ABORT_SECONDS)
        raise


async def _gather(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same content in pieces of at least `PIECE_BYTES`, apart from the last."""
    gathered, size = list[bytes](), 0
    async for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size >= PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def _forget(storing: "asyncio.Task[None]", pipe: _Pipe) -> None:
    """Wake up a sender that waits for a reader who is gone, and take note of an error that nobody else may look at."""
    pipe.make_room()
    if not storing.cancelled():
        storing.exception()
