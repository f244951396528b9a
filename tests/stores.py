"""Opens the stores of a test, empty."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import orjson
import redis
from sqlalchemy import text

from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.resources import Resources, open_resources
from app.settings import Settings, load_settings


def make_settings(servers: EmbeddedServers, data_dir: Path, **others: Any) -> Settings:
    """Settings of a development server on these servers."""
    return load_settings(
        db_url=servers.database_url,
        redis_url=servers.redis_url,
        data_dir=data_dir,
        configured_profile="test",
        debug_endpoints_enabled=True,
        migrate_at_start=False,
        # Tests change accounts behind the server's back.
        account_cache_seconds=0,
        **others,
    )


@asynccontextmanager
async def open_empty(settings: Settings, database: Database) -> AsyncIterator[Resources]:
    """Connections of a process, over empty tables and an empty Redis."""
    async with database.transaction() as session:
        # Everything hangs on users by ON DELETE CASCADE.
        await session.execute(text("DELETE FROM users"))
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushdb()
    async with open_resources(settings) as opened:
        # The connections of the run, since each new one costs more than most tests.
        yield dataclasses.replace(opened, database=database)


@contextmanager
def hold_messages(resources: Resources) -> Iterator[None]:
    """While the block runs, Redis lets whoever wants to write wait, and answers those who read."""
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as client:
        client.client_pause(60_000, all=False)
        try:
            yield
        finally:
            client.client_unpause()


def messages(resources: Resources) -> list[str]:
    """The call ids in the pipeline queue, oldest first."""
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as client:
        ids = client.lrange("dramatiq:pipeline", 0, -1)
        return [orjson.loads(client.hget("dramatiq:pipeline.msgs", key))["args"][0] for key in ids]  # type: ignore
