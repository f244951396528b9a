"""How long a body is waited for, and how much of it is read. Source: rest.md, sections 1.10 (E15) and 5."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import ValidationFailedError
from app.uploads.body import BodyPatience, RequestBody

LATE = {"fields": [{"field": "body", "message": "must arrive without long pauses"}]}


async def stalled() -> AsyncIterator[bytes]:
    """A body that stops in the middle."""
    yield b"half of it"
    await asyncio.Event().wait()


async def trickling() -> AsyncIterator[bytes]:
    """A body that never stalls and never ends."""
    while True:
        yield b"x"
        await asyncio.sleep(0)


async def test_body_that_stalls_is_refused() -> None:
    body = RequestBody(stalled(), None, None, BodyPatience(piece_seconds=0.01))

    with pytest.raises(ValidationFailedError) as refused:
        await body.read(1000)

    assert refused.value.details == LATE


async def test_body_that_trickles_is_refused_in_the_end() -> None:
    body = RequestBody(trickling(), None, None, BodyPatience(whole_seconds=0.05))

    with pytest.raises(ValidationFailedError) as refused:
        await body.read(10**9)

    assert refused.value.details == LATE


async def test_client_is_not_blamed_for_a_slow_reader() -> None:
    async def quick() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    read = []
    async for piece in RequestBody(quick(), None, None, BodyPatience(piece_seconds=0.01)).limited(1000):
        read.append(piece)
        await asyncio.sleep(0.02)

    assert read == [b"one", b"two"]
