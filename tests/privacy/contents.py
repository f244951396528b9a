"""Everything that is stored anywhere, as text, and the part of it that is about somebody."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import redis
from sqlalchemy import text

from app.resources import Resources

OBJECTS, REDIS = "object storage", "redis"
"""The places that are no table of the database."""

Contents = dict[str, list[str]]
"""What is stored, sorted, by place: rows as JSON by the name of their table, objects with their keys, values of Redis
with theirs. A place without anything is left out."""

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY table_name
"""


async def read_contents(resources: Resources) -> Contents:
    """Read every table that the database knows of, the whole object store and all of Redis."""
    places = {
        **await read_tables(resources),
        OBJECTS: _read_objects(resources.settings.storage_path),
        REDIS: read_redis(resources),
    }
    return {place: sorted(found) for place, found in places.items() if found}


def about(contents: Contents, words: Collection[str]) -> Contents:
    """The part that mentions one of these words, which are in lower case, in any case."""
    found = {place: [entry for entry in entries if mentions(entry, words)] for place, entries in contents.items()}
    return {place: entries for place, entries in found.items() if entries}


def mentions(text: str, words: Collection[str]) -> list[str]:
    """Those of these words, which are in lower case, that stand in the text in any case."""
    lowered = text.lower()
    return [word for word in words if word in lowered]


def find_ids(contents: Contents, seeds: Collection[str]) -> frozenset[str]:
    """Every id in a row that belongs together with these: that names one of them, or names one that does, and so on."""
    known = frozenset(seeds)
    ids = [set(_UUID.findall(row)) for place, rows in contents.items() if is_table(place) for row in rows]
    while True:
        found = known.union(*(together for together in ids if not known.isdisjoint(together)))
        if found == known:
            return known
        known = found


def is_table(place: str) -> bool:
    return place not in (OBJECTS, REDIS)


def row_ids(contents: Contents, table: str) -> list[str]:
    """The keys of the rows of a table that has an `id`."""
    rows: list[dict[str, Any]] = [orjson.loads(row) for row in contents.get(table, ())]
    return [str(UUID(row["id"])) for row in rows if "id" in row]


async def list_tables(resources: Resources) -> set[str]:
    """The names of all tables of the database."""
    async with resources.database.read() as session:
        return {name for _, name in await session.execute(text(_TABLES))}


async def list_text_columns(resources: Resources) -> set[str]:
    """`table.column` of every column that can hold words."""
    statement = """
        SELECT table_name || '.' || column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'json', 'jsonb')
    """
    async with resources.database.read() as session:
        return set((await session.scalars(text(statement))).all())


async def read_tables(resources: Resources) -> Contents:
    """Read every row of every table."""
    async with resources.database.read() as session:
        names = (await session.execute(text(_TABLES))).all()
        parts = [f'SELECT \'{name}\', to_jsonb(t)::text FROM "{schema}"."{name}" t' for schema, name in names]
        found: Contents = {}
        for table, row in await session.execute(text(" UNION ALL ".join(parts))):
            found.setdefault(table, []).append(row)
    return found


def _read_objects(root: Path) -> list[str]:
    """Files as they are, so that parts of broken uploads are seen, which the store does not list."""
    files = (path for path in root.rglob("*") if path.is_file())
    return [f"{path.relative_to(root)}: {path.read_bytes().decode('latin-1')}" for path in files]


def read_redis(resources: Resources) -> list[str]:
    """Read every member of every key, each with its key."""
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url, decode_responses=True) as client:
        return [f"{key}: {member}" for key in client.scan_iter() for member in _read_members(client, key)]


def _read_members(client: "redis.Redis", key: str) -> Iterable[Any]:
    match client.type(key):
        case "hash":
            return client.hgetall(key).items()
        case "list":
            return client.lrange(key, 0, -1)
        case "set":
            return client.smembers(key)
        case "zset":
            return client.zrange(key, 0, -1)
        case "string":
            return [client.get(key)]
        case other:
            raise AssertionError(f"{key} is a {other!r}, which nobody reads here")
