"""Statements that are written once and then go to asyncpg as they are, for what clients and runs repeat all day.

SQLAlchemy writes the SQL; what it does per execution (cache keys, compilation, a session, row objects) costs more than
such a statement takes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, UpdateBase
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from app.db import Database


class Prepared:
    """The SQL of a statement whose values are `bindparam`s with a name; a `Select`, or one that writes."""

    def __init__(self, statement: "Select[*tuple[Any, ...]] | UpdateBase") -> None:
        compiled = statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        self._sql = str(compiled)
        self._values = compiled.params
        self._order = tuple(compiled.positiontup or ())

    async def fetch(self, database: Database, **values: Any) -> Sequence[Sequence[Any]]:
        """Run it by itself on a connection of the pool; rows have their values in the order of the columns.

        What it writes is committed at once. Errors are asyncpg's own.
        """
        given = {**self._values, **values}
        async with database.driver() as connection:
            rows: Sequence[Sequence[Any]] = await connection.fetch(self._sql, *[given[name] for name in self._order])
        return rows
