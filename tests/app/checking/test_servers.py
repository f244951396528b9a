"""What is found out about Postgres and Redis."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from uuid import uuid4

import pytest
import redis
from sqlalchemy import make_url, text

from app.checking.servers import check_database, check_redis
from app.checking.verdicts import State, Verdict
from app.db import Database
from app.embedded.servers import EmbeddedServers
from app.settings import Settings, load_settings

PASSWORD = "pa55word"


@pytest.fixture
def closed_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
async def empty_database(servers: EmbeddedServers, database: Database) -> AsyncIterator[str]:
    """The address of a database without tables."""
    name = f"empty_{uuid4().hex}"
    async with database.engine.connect() as connection:
        administrator = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await administrator.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(servers.database_url or "").set(database=name).render_as_string(hide_password=False)
        await administrator.execute(text(f"DROP DATABASE {name}"))


async def test_migrated_database_is_ok(settings: Settings, database: Database) -> None:
    assert await check_database(settings) == Verdict(State.OK, "Postgres 18, migrated, with pgvector")


@pytest.mark.parametrize(
    ("migrates_at_start", "state", "what"),
    [
        (True, State.WARNING, "Postgres 18, not migrated yet"),
        (False, State.FAILED, "Postgres 18, not migrated"),
    ],
)
async def test_database_without_tables_has_to_be_migrated(
    empty_database: str, migrates_at_start: bool, state: State, what: str
) -> None:
    verdict = await check_database(load_settings(db_url=empty_database, migrate_at_start=migrates_at_start))

    assert (verdict.state, verdict.what) == (state, what)


async def test_schema_of_a_newer_version_is_a_warning(empty_database: str) -> None:
    newer = Database(empty_database, pool_size=1)
    async with newer.transaction() as session:
        await session.execute(text("CREATE TABLE alembic_version (version_num text)"))
        await session.execute(text("INSERT INTO alembic_version VALUES ('9999')"))
    await newer.close()

    verdict = await check_database(load_settings(db_url=empty_database))

    assert verdict == Verdict(State.WARNING, "Postgres 18, with the schema of a newer version", "update Scryon")


async def test_missing_database_is_told_from_a_missing_server(settings: Settings, closed_port: int) -> None:
    url = make_url(settings.db_url or "").set(database="nobody").render_as_string(hide_password=False)

    missing = await check_database(load_settings(db_url=url))
    nowhere = await check_database(load_settings(db_url=f"postgresql://u:{PASSWORD}@127.0.0.1:{closed_port}/x"))

    assert (missing.state, missing.what) == (State.FAILED, "Postgres has no such database")
    assert (nowhere.state, nowhere.what) == (State.FAILED, "Postgres cannot be reached")
    assert PASSWORD not in (nowhere.cure or "")


async def test_option_that_the_driver_does_not_know_is_told(settings: Settings) -> None:
    url = make_url(settings.db_url or "").update_query_dict({"sslmode": "require"})

    verdict = await check_database(load_settings(db_url=url.render_as_string(hide_password=False)))

    assert (verdict.state, verdict.what) == (State.FAILED, "DB_URL holds an option that asyncpg does not know")


async def test_unknown_user_is_refused(settings: Settings) -> None:
    url = make_url(settings.db_url or "").set(username="nobody", password=PASSWORD)

    verdict = await check_database(load_settings(db_url=url.render_as_string(hide_password=False)))

    assert (verdict.state, verdict.what) == (State.FAILED, "Postgres refuses the login")


@pytest.fixture
def guarded_redis(settings: Settings) -> Iterator[str]:
    """The address of the Redis of the run for a user who needs a password; it goes with the user's name alone."""
    assert settings.redis_url is not None
    with redis.Redis.from_url(settings.redis_url) as client:
        client.acl_setuser("guarded", enabled=True, passwords=[f"+{PASSWORD}"], commands=["+ping"])
        yield settings.redis_url
        client.acl_deluser("guarded")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        (PASSWORD, Verdict(State.OK, "answers")),
        ("wrong", Verdict(State.FAILED, "Redis refuses the login", "check user and password of REDIS_URL")),
    ],
    ids=["right", "wrong"],
)
async def test_password_of_redis_is_tried(guarded_redis: str, password: str, expected: Verdict) -> None:
    separator = "&" if "?" in guarded_redis else "?"
    url = f"{guarded_redis}{separator}username=guarded&password={password}"

    assert await check_redis(load_settings(redis_url=url)) == expected


async def test_redis_that_is_not_there_fails(closed_port: int) -> None:
    verdict = await check_redis(load_settings(redis_url=f"redis://:{PASSWORD}@127.0.0.1:{closed_port}"))

    assert (verdict.state, verdict.what) == (State.FAILED, "Redis cannot be reached")


@pytest.mark.parametrize("option", ["socket_timeout=long", "tls=yes"])
async def test_option_that_the_client_of_redis_does_not_take_is_told(option: str) -> None:
    verdict = await check_redis(load_settings(redis_url=f"redis://:{PASSWORD}@127.0.0.1:1/0?{option}"))

    assert verdict == Verdict(
        State.FAILED, "REDIS_URL holds an option that its client does not take", "set it to redis://host:port/0"
    )


async def test_server_that_is_no_redis_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def greet() -> None:
            connection, _ = await asyncio.to_thread(server.accept)
            with connection, suppress(OSError):
                connection.sendall(b"x" * 1024 * 1024)

        greeting = asyncio.create_task(greet())
        verdict = await check_redis(load_settings(redis_url=f"redis://127.0.0.1:{server.getsockname()[1]}"))
        await greeting

    assert (verdict.state, verdict.what) == (State.FAILED, "what answers at REDIS_URL is no Redis")


async def test_servers_that_nobody_configured_are_those_of_scryon_dev(closed_port: int) -> None:
    verdicts = [
        await check_database(load_settings(), f"postgresql://u:p@127.0.0.1:{closed_port}/x"),
        await check_redis(load_settings(), f"redis://127.0.0.1:{closed_port}"),
    ]

    assert [(verdict.state, verdict.what) for verdict in verdicts] == [
        (State.OFF, "embedded: started by scryon dev"),
        (State.OFF, "embedded: started by scryon dev"),
    ]
