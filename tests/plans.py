"""How Postgres answers the statements that a piece of code has sent."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from app.db import Database
from tests.sent import Sent

_EXPLAINED = ("SELECT", "UPDATE", "DELETE", "WITH")
"""Inserts of values look for nothing."""


async def find_flaws(
    database: Database, statements: Iterable[Sent], *, most_rows: int, without: str | None = None
) -> list[str]:
    """Run the statements once more, to no effect, and tell what of their plans is not fit for many rows.

    That is each walk through a table, and each part of a plan that looks at more than `most_rows` rows. `without` is an
    index that is not there meanwhile.
    """
    flaws: list[str] = []
    async with _undone(database) as driver:
        if without is not None:
            await driver.execute(f"DROP INDEX {without}")
        for statement, values in dict(sent for sent in statements if sent.sql.startswith(_EXPLAINED)).items():
            [[answer]] = await driver.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", *values)
            flaws += _flaws_of(answer[0]["Plan"], most_rows)
    return flaws


async def explain_kept(database: Database, statement: str, values: int) -> Mapping[str, Any]:
    """The plan for whatever values: the server may keep it for a prepared statement that is used again and again."""
    nothing = ", ".join(["NULL"] * values)
    async with _undone(database) as driver:
        await driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await driver.execute(f"PREPARE asked AS {statement}")
        [[answer]] = await driver.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({nothing})")
        # It would outlive the transaction.
        await driver.execute("DEALLOCATE asked")
    plan: Mapping[str, Any] = answer[0]["Plan"]
    return plan


@asynccontextmanager
async def _undone(database: Database) -> AsyncIterator[Any]:
    """The driver's connection, in a transaction that is rolled back."""
    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        transaction = driver.transaction()
        await transaction.start()
        try:
            yield driver
        finally:
            await transaction.rollback()


def _flaws_of(node: Mapping[str, Any], most_rows: int) -> Iterator[str]:
    name, rows = node["Node Type"], _rows_of(node)
    if name == "Seq Scan":
        yield f"Seq Scan on {node['Relation Name']}"
    elif rows > most_rows:
        yield f"{name} of {rows} rows"
    for child in node.get("Plans", ()):
        yield from _flaws_of(child, most_rows)


def _rows_of(node: Mapping[str, Any]) -> int:
    """What it looked at, in all of its rounds."""
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round(seen * node["Actual Loops"])
