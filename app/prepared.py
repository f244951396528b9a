"""Statements that are written once and then go to asyncpg as they are, for what clients and runs repeat all day.

SQLAlchemy writes the SQL; what it does per execution (cache keys, compilation, a session, row objects) costs more than
such a statement takes.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Select, UpdateBase
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from app.db import Database


class Prepared:
    """A statement whose values are `bindparam`s with a name; a `Select`, or one that writes.

    Within a transaction of a session, `statement` is executed in the ordinary way.
    """

    def __init__(self, statement: "Select[*tuple[Any, ...]] | UpdateBase") -> None:
        self.statement = statement

    @cached_property
    def _written(self) -> tuple[str, Mapping[str, Any], Sequence[str]]:
        """The SQL, the values that are always the same, the order of all values; on first use, not at import."""
        compiled = self.statement.compile(dialect=dialect())  # type: ignore[no-untyped-call]
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return str(compiled), constants, tuple(compiled.positiontup or ())

    async def fetch(self, database: Database, **values: Any) -> Sequence[Sequence[Any]]:
        """Run it by itself on a connection of the pool; rows have their values in the order of the columns.

        What it writes is committed at once. Errors are asyncpg's own, but KeyError for a value that is missing.
        """
        sql, constants, order = self._written
        given = {**constants, **values}
        async with database.driver() as connection:
            rows: Sequence[Sequence[Any]] = await connection.fetch(sql, *[given[name] for name in order])
        return rows
