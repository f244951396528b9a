"""What goes to Postgres while a piece of code runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import event

from app.db import Database


class Sent(NamedTuple):
    """A statement and its values."""

    sql: str
    values: tuple[Any, ...]


@asynccontextmanager
async def sent(database: Database) -> AsyncIterator[list[Sent]]:
    """Collect the statements of the block, apart from what the driver asks for itself; complete after its end."""
    found: list[Sent] = []

    def remember(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        found.append(Sent(statement, tuple(values)))

    def remember_prepared(query: asyncpg.connection.LoggedQuery) -> None:
        # Not the kinds of arrays, BEGIN and COMMIT.
        if query.query.startswith(("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ")) and "pg_catalog" not in (
            query.query
        ):
            found.append(Sent(query.query, tuple(query.args)))

    def watch(connection: Any, *_: Any) -> None:
        # What goes to asyncpg as it is (app/prepared.py).
        connection.driver_connection.add_query_logger(remember_prepared)

    def unwatch(connection: Any, *_: Any) -> None:
        connection.driver_connection.remove_query_logger(remember_prepared)

    engine = database.engine.sync_engine
    listeners = {"before_cursor_execute": remember, "checkout": watch, "checkin": unwatch}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield found
        # asyncpg tells of a query in the next turn of the loop.
        await asyncio.sleep(0)
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)
