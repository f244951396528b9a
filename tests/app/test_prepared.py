"""What becomes of a pooled connection whose statement went past SQLAlchemy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.types import Float

from app.db import Database, is_unreachable
from app.prepared import Prepared

WHO = Prepared(select(func.pg_backend_pid()))
SLEEP = Prepared(select(func.pg_sleep(bindparam("seconds", type_=Float()))))
FAILURES = 12
"""Enough of them that some meet a connection in the middle of being closed, as every third one does."""


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Database]:
    """A pool of one connection."""
    url = database.engine.url.render_as_string(hide_password=False)
    opened = Database(url, pool_size=1, statement_seconds=0.2)
    yield opened
    await opened.close()


async def _ask(client: Database) -> int:
    [[pid]] = await WHO.fetch(client)
    return int(pid)


async def test_cancelled_statement_leaves_its_connection_to_the_next(client: Database) -> None:
    pid = await _ask(client)

    for turns in range(30):
        sleeping = asyncio.create_task(SLEEP.fetch(client, seconds=60.0))
        for _ in range(turns):
            await asyncio.sleep(0)
        sleeping.cancel()
        with suppress(asyncio.CancelledError):
            await sleeping

    assert await _ask(client) == pid


async def test_statement_that_takes_too_long_leaves_its_connection_to_the_next(client: Database) -> None:
    pid = await _ask(client)

    with pytest.raises(TimeoutError):
        await SLEEP.fetch(client, seconds=60.0)

    assert await _ask(client) == pid


async def test_connection_that_is_just_being_closed_is_an_outage(database: Database, client: Database) -> None:
    failures = list[Exception]()
    async with asyncio.timeout(20), database.engine.connect() as other:
        while len(failures) < FAILURES:
            try:
                pid = await _ask(client)
                await other.execute(text(f"SELECT pg_terminate_backend({pid})"))
                await _ask(client)
            except (asyncpg.PostgresError, asyncpg.InternalClientError) as failure:
                failures.append(failure)

    assert [is_unreachable(failure) for failure in failures] == [True] * FAILURES
    assert await _ask(client) != pid


async def test_value_that_is_missing_is_no_null(client: Database) -> None:
    with pytest.raises(KeyError, match="seconds"):
        await SLEEP.fetch(client, second=1.0)


_REFUSAL = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer like a server that is about to be there: without encryption, and not yet."""
    await reader.readexactly(8)
    writer.write(b"N")
    await reader.read(1)
    writer.write(b"E" + (len(_REFUSAL) + 4).to_bytes(4, "big") + _REFUSAL)
    writer.close()


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize("meet", [_refuse, _hang_up])
async def test_server_that_takes_no_connection_is_an_outage(
    meet: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = Database(f"postgresql://nobody@127.0.0.1:{port}/none")
        with pytest.raises(Exception, match=r"starting up|[Cc]onnection") as failure:
            await WHO.fetch(client)
        await client.close()

    assert is_unreachable(failure.value)
