"""The migrations make exactly the tables that the entities describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import SQLModel

import app.tables  # noqa: F401
from app.db import Database, migrate

ONLY_IN_MIGRATIONS = {"search_vector"}
"""Columns that the database fills by itself and that no entity reads."""


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection)
    found = compare_metadata(context, SQLModel.metadata)
    structural = ("add_table", "remove_table", "add_column", "remove_column", "modify_nullable")
    flat = [entry for change in found for entry in (change if isinstance(change, list) else [change])]
    return [
        entry for entry in flat if entry[0] in structural and getattr(entry[3], "name", None) not in ONLY_IN_MIGRATIONS
    ]


async def test_entities_and_migrations_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await migrate(database)

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
