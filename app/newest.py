"""Pages of lists that are sorted by `created_at` descending, then `id` descending, by prepared statements.

Source: rest.md, section 1.8.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, tuple_
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped

from app.cursor import Cursor
from app.db import Database
from app.entities import UTC_TIME
from app.prepared import Prepared


class NewestFirst:
    """The rows of a statement, newest first, by any of the columns that may be asked for."""

    def __init__(
        self,
        rows: "Select[*tuple[Any, ...]]",
        *,
        created_at: Mapped[Any],
        id: Mapped[Any],
        columns: Mapping[str, Mapped[Any]],
    ) -> None:
        self._rows = rows.order_by(created_at.desc(), id.desc()).limit(bindparam("size"))
        self._place = tuple_(created_at, id)
        self._columns = columns
        self._prepared: dict[tuple[str, ...], Prepared] = {}

    async def fetch(
        self, database: Database, *, limit: int, after: Cursor | None, **equal: Any
    ) -> Sequence[Sequence[Any]]:
        """The newest rows behind the cursor whose columns are equal to these values; None leaves a column alone."""
        values = {name: value for name, value in equal.items() if value is not None}
        if after is not None:
            values |= {"before": after.created_at, "before_id": after.id}
        names = tuple(values)
        if names not in self._prepared:
            self._prepared[names] = self._prepare(names)
        return await self._prepared[names].fetch(database, size=limit, **values)

    def _prepare(self, names: Sequence[str]) -> Prepared:
        statement = self._rows.where(
            *(self._columns[name] == bindparam(name) for name in names if name in self._columns)
        )
        if "before" in names:
            before = tuple_(bindparam("before", type_=UTC_TIME), bindparam("before_id", type_=UUID()))
            statement = statement.where(self._place < before)
        return Prepared(statement)
