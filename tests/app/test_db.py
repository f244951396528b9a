"""What counts as an outage of the database, and that connections survive one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from app.db import Database, is_unreachable, migrate

LOCK = 0x7E57
LONG = timedelta(minutes=1)
DEADLINE_SECONDS = 20


def wrapped(cause: Exception) -> DBAPIError:
    """An error of asyncpg as SQLAlchemy passes it on, within one of its own adapter."""
    adapted = Exception()
    adapted.__cause__ = cause
    return DBAPIError("SELECT 1", None, adapted)


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        (asyncpg.CannotConnectNowError("starting up"), True),
        (asyncpg.AdminShutdownError("shutting down"), True),
        (asyncpg.TooManyConnectionsError("no slot"), True),
        (asyncpg.ConnectionDoesNotExistError("closed in the midst of an operation"), True),
        (asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"), True),
        (ConnectionRefusedError(), True),
        (asyncpg.UndefinedTableError("no such table"), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_outage_is_told_from_a_bug(error: Exception, is_outage: bool) -> None:
    assert is_unreachable(error) is is_outage
    assert is_unreachable(wrapped(error)) is is_outage


@asynccontextmanager
async def opened(url: str, *, statement_seconds: float = 30) -> AsyncIterator[Database]:
    database = Database(url, pool_size=2, statement_seconds=statement_seconds)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


async def test_connections_that_the_server_has_closed_are_replaced(database: Database, url: str) -> None:
    async with opened(url) as client:
        async with client.engine.connect() as connection:
            pid = await connection.scalar(text("SELECT pg_backend_pid()"))
            driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        closed = asyncio.Event()
        driver.add_termination_listener(lambda _connection: closed.set())
        async with database.engine.begin() as other:
            await other.execute(text(f"SELECT pg_terminate_backend({pid})"))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await closed.wait()

        async with client.engine.connect() as connection:
            assert await connection.scalar(text("SELECT pg_backend_pid()")) != pid


async def test_each_statement_of_a_bare_connection_is_a_transaction(url: str) -> None:
    number = text("SELECT pg_backend_pid(), pg_current_xact_id()::text::bigint")
    async with opened(url) as client:
        async with client.autocommit() as connection:
            bare = [(await connection.execute(number)).one() for _ in range(2)]
        # The same connection as any other use finds it after that.
        async with client.transaction() as session:
            usual = [(await session.execute(number)).one() for _ in range(2)]

    assert len({row[0] for row in [*bare, *usual]}) == 1
    assert (len(set(bare)), len(set(usual))) == (2, 1)


async def test_server_is_told_to_end_sessions_of_clients_that_are_gone(url: str) -> None:
    async with opened(url) as client, client.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT name FROM pg_settings WHERE source = 'session' AND name ~ '^(tcp|idle)_'")
        )

    assert {row[0] for row in rows} == {
        "tcp_keepalives_idle",
        "tcp_keepalives_interval",
        "tcp_keepalives_count",
        "tcp_user_timeout",
        "idle_in_transaction_session_timeout",
    }


async def test_statement_that_takes_too_long_is_given_up(url: str) -> None:
    async with opened(url, statement_seconds=0.2) as client:
        with pytest.raises(TimeoutError) as failed:
            async with client.transaction() as session:
                await session.execute(text("SELECT pg_sleep(60)"))

        assert is_unreachable(failed.value)
        await client.ping()


class SilentLink:
    """A way to the server's socket on which nothing gets through, and nobody hangs up, while it is cut."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._path)
        for source, sink in ((reader, server_writer), (server_reader, writer)):
            self._tasks.add(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._is_open.wait()
                sink.write(data)
        except ConnectionError:
            pass
        finally:
            sink.close()

    def cut(self) -> None:
        self._is_open.clear()

    def mend(self) -> None:
        self._is_open.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_dead_connection_is_given_up_and_replaced(url: str) -> None:
    address = make_url(url)
    link = SilentLink(f"{address.query['host']}/.s.PGSQL.{address.query['port']}")
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    over_link = address.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)

    async with opened(over_link, statement_seconds=0.2) as client:
        await client.ping()
        link.cut()
        with pytest.raises(TimeoutError):
            await client.ping()
        link.mend()
        await client.ping()

    server.close()
    await link.close()


async def test_lock_is_held_by_one_and_free_again_after_it(url: str) -> None:
    async with opened(url) as first, opened(url) as second:
        async with first.try_lock(LOCK, silence=LONG) as mine, second.try_lock(LOCK, silence=LONG) as foreign:
            assert (mine is not None, foreign) == (True, None)

        async with second.try_lock(LOCK, silence=LONG) as mine:
            assert mine is not None
            # The connection that had it is not in the pool, where the next one would find the lock taken by itself.
            assert await mine.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 1


async def test_lock_of_a_process_that_says_nothing_goes_to_another(url: str) -> None:
    async with (
        opened(url) as silent,
        opened(url) as other,
        silent.try_lock(LOCK, silence=timedelta(milliseconds=100)) as lost,
    ):
        assert lost is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                async with other.try_lock(LOCK, silence=LONG) as taken:
                    if taken is not None:
                        break
        with pytest.raises(DBAPIError) as failed:
            await lost.execute(text("SELECT 1"))

    assert is_unreachable(failed.value)


async def test_migration_may_take_its_time(url: str) -> None:
    async with opened(url, statement_seconds=1e-9) as client:
        await migrate(client)
