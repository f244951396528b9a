"""The door to Postgres: one engine per process, short transactions, migrations.

Nobody below the edge commits: a mutation, a loader or a pipeline step opens `transaction()` or `read()`, works, closes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 30.0
"""How long anything may take but a migration; whoever waits longer talks to a server that is gone, or stuck."""

_SESSION = """
SET tcp_keepalives_idle = 5;
SET tcp_keepalives_interval = 3;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = 14000;
SET idle_in_transaction_session_timeout = 60000;
"""
"""What the server does about clients that are gone with locks in hand: it ends their sessions.

It notices a machine that does not answer after 14 s, instead of 2 hours, and one that answers for a process which does
nothing any more after a minute. Not as parameters of the connection, which poolers refuse.
"""

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x5C4E_0001
"""Advisory lock that makes processes which start together migrate one after the other."""

UNREACHABLE_ERRORS = (
    OSError,
    OperationalError,
    InterfaceError,
    PoolTimeoutError,
    asyncpg.PostgresConnectionError,
    # Of a connection that was closed under a statement, or is just being closed.
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    # A server that starts, stops or has no slot left.
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""What a missing or overloaded database raises; anything else is a bug."""


class Database:
    """An engine and its sessions. `url` is any `postgresql://` URL; a driver prefix is replaced by asyncpg."""

    def __init__(self, url: str, *, pool_size: int = 10, statement_seconds: float = STATEMENT_SECONDS) -> None:
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"timeout": CONNECT_SECONDS, "command_timeout": statement_seconds},
        )
        event.listen(self.engine.sync_engine, "connect", _begin_session)
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        # Without BEGIN and ROLLBACK a reading is one exchange with the server in the place of three.
        reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._readings = async_sessionmaker(reading, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose work is committed at the end, or rolled back when an exception leaves the block."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading: each statement sees what is committed by then, and locks nothing for longer."""
        async with self._readings() as session:
            yield session

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """Open a bare connection on which every statement is a transaction of its own.

        For what workers ask and write most: one exchange with the server in the place of three, and no session. What
        a statement has written stays, whatever becomes of the block.
        """
        # Not an engine with that option: its listeners take longer than setting it each time.
        async with self.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        """Take asyncpg's own connection from the pool, for statements that need nothing of SQLAlchemy (`Prepared`).

        Errors are asyncpg's own, those of opening a connection, too.
        """
        try:
            pooled = await self.engine.raw_connection()
        except AsyncAdapt_asyncpg_dbapi.Error as error:
            # SQLAlchemy's stand-in for what a driver raises, which it turns into an error of its own elsewhere.
            raise error.__cause__ or error from None
        try:
            yield pooled.driver_connection
        finally:
            # Nothing of SQLAlchemy's is open on it, so that this asks the server nothing.
            pooled.close()

    @asynccontextmanager
    async def try_lock(self, key: int, *, silence: timedelta) -> AsyncIterator[AsyncConnection | None]:
        """Hold an advisory lock while the block runs; None when another process has it.

        The lock is the connection's and goes with it. The server ends both when it hears nothing on that connection
        for as long as `silence`: a process that hangs must not keep the others from the work.
        """
        async with self.engine.connect() as connection:
            is_ours = None
            try:
                is_ours = await connection.scalar(text(f"SELECT pg_try_advisory_lock({key})"))
                if is_ours:
                    await connection.execute(text(f"SET idle_session_timeout = {silence // timedelta(milliseconds=1)}"))
                await connection.commit()
                yield connection if is_ours else None
            finally:
                # A pooled connection would keep the lock: one that has it, or may have it, is closed for good.
                if is_ours is not False:
                    await connection.invalidate()

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises one of `UNREACHABLE_ERRORS` when there is none."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def _begin_session(connection: Any, _record: Any) -> None:
    connection.run_async(_prepare_session)


async def _prepare_session(driver: Any) -> None:
    await driver.execute(_SESSION)
    # SQLAlchemy's own codec decodes in Python what orjson takes as it is, for every row of a page.
    await driver.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads, format="text")


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool open another connection for one that the server has closed, as it does to all when it restarts."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def is_unreachable(error: BaseException) -> bool:
    """Tell an outage of the database from a bug in a statement."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
            return True
        # SQLAlchemy has no class of its own for a server that starts, stops, or breaks off: asyncpg's is the cause.
        return error.orig is not None and isinstance(error.orig.__cause__, UNREACHABLE_ERRORS)
    return isinstance(error, UNREACHABLE_ERRORS)


async def migrate(database: Database) -> None:
    """Run all pending migrations, in one transaction, safe against other processes that do the same.

    On a connection of its own, whose statements may take as long as they need.
    """
    engine = create_async_engine(database.engine.url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    # Processes that do not migrate need not load Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, "head")


def migrate_now(url: str) -> None:
    """Run all pending migrations from synchronous code."""

    async def run() -> None:
        database = Database(url, pool_size=1)
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(run())
