"""The door to Postgres: one engine per process, short transactions, migrations.

Nobody below the edge commits: a mutation, a loader or a pipeline step opens `transaction()` or `read()`, works, closes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x5C4E_0001
"""Advisory lock that makes processes which start together migrate one after the other."""

UNREACHABLE_ERRORS = (
    OSError,
    OperationalError,
    InterfaceError,
    PoolTimeoutError,
    asyncpg.PostgresConnectionError,
    # A server that starts, stops or has no slot left; SQLAlchemy passes them on as they are while connecting.
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""What a missing or overloaded database raises; anything else is a bug."""


class Database:
    """An engine and its sessions. `url` is any `postgresql://` URL; a driver prefix is replaced by asyncpg."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"), pool_size=pool_size, max_overflow=0, pool_timeout=10
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose work is committed at the end, or rolled back when an exception leaves the block."""
        async with self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading; nothing is committed."""
        async with self._sessions() as session:
            yield session

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises one of `UNREACHABLE_ERRORS` when there is none."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def is_unreachable(error: BaseException) -> bool:
    """Tell an outage of the database from a bug in a statement."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, UNREACHABLE_ERRORS)


async def migrate(database: Database) -> None:
    """Run all pending migrations, in one transaction, safe against other processes that do the same."""
    async with database.engine.begin() as connection:
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
