import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, rmtree
from urllib.parse import urlsplit

import pytest
import redis
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.embedded.errors import EmbeddedServersError
from app.embedded.servers import EmbeddedServers


def test_first_start_makes_database_and_restart_keeps_the_data(tmp_path, run_sql):
    data_dir = tmp_path / "made" / "on demand"

    with EmbeddedServers.start(data_dir) as servers:
        run_sql(servers.database_url, "CREATE EXTENSION vector")
        run_sql(servers.database_url, "CREATE TABLE kept AS SELECT '[1,2]'::vector AS value")
        redis.Redis.from_url(servers.redis_url).set("kept", "yes")
    with EmbeddedServers.start(data_dir) as servers:
        in_database = run_sql(servers.database_url, "SELECT value::text FROM kept")
        in_redis = redis.Redis.from_url(servers.redis_url).get("kept")

    assert (in_database, in_redis) == ("[1,2]", b"yes")
    assert sorted(path.name for path in data_dir.iterdir()) == [
        "embedded.lock",
        "postgres",
        "postgres.log",
        "redis",
        "redis.log",
    ]


@pytest.fixture(scope="module")
def servers(seed_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Running servers, for the tests that only look."""
    data_dir = copytree(seed_dir, tmp_path_factory.mktemp("shared") / "data")
    with EmbeddedServers.start(data_dir) as servers:
        yield servers
    rmtree(data_dir)


def test_database_has_the_promised_settings(servers, run_sql):
    settings = ["server_encoding", "fsync", "synchronous_commit", "max_connections", "listen_addresses", "TimeZone"]

    values = [run_sql(servers.database_url, f"SHOW {name}") for name in settings]
    version = run_sql(servers.database_url, "SELECT current_setting('server_version_num')::int / 10000")
    locale = run_sql(servers.database_url, "SELECT datlocale FROM pg_database WHERE datname = 'scryon'")

    assert values == ["UTF8", "on", "on", "200", "", "UTC"]
    assert (version, locale) == (18, "C.UTF-8")


async def test_urls_suit_sqlalchemy_and_dramatiq(servers):
    engine = create_async_engine(make_url(servers.database_url).set(drivername="postgresql+asyncpg"))

    async with engine.connect() as connection:
        user = await connection.scalar(text("SELECT current_user"))
    await engine.dispose()
    answer = RedisBroker(url=servers.redis_url).client.ping()

    assert (user, answer) == ("scryon", True)


def test_servers_are_reachable_through_a_private_folder_only(data_dir, start_application):
    application = start_application(data_dir)

    mode = Path(urlsplit(application.redis_url).path).parent.stat().st_mode & 0o777
    programs = [application.descendant("bin/postgres"), application.descendant("bin/redis-server")]
    ports = [connection for program in programs for connection in program.net_connections("inet")]

    assert (mode, ports) == (0o700, [])


def test_data_dir_in_use_is_refused(tmp_path):
    data_dir = tmp_path / "data"
    with EmbeddedServers.start(data_dir, postgres=False) as user:
        with pytest.raises(EmbeddedServersError) as refusal:
            EmbeddedServers.start(data_dir, postgres=False)
        answer = redis.Redis.from_url(user.redis_url).ping()

    assert str(refusal.value) == (
        f"The data directory {data_dir} is in use (process {os.getpid()}): "
        "stop it, or choose another one with --data-dir"
    )
    assert answer is True


def test_second_stop_does_nothing(data_dir):
    servers = EmbeddedServers.start(data_dir)
    sockets = Path(urlsplit(servers.redis_url).path).parent

    servers.stop()
    servers.stop()

    assert not sockets.exists()


def test_one_server_can_be_left_out(tmp_path):
    with EmbeddedServers.start(tmp_path / "data", postgres=False) as servers:
        answer = redis.Redis.from_url(servers.redis_url).ping()

    assert (servers.database_url, answer) == (None, True)
    assert not (tmp_path / "data" / "postgres").exists()


def test_two_data_dirs_are_served_side_by_side(servers, data_dir, run_sql):
    with EmbeddedServers.start(data_dir) as others:
        run_sql(others.database_url, "CREATE TABLE only_there ()")
        redis.Redis.from_url(others.redis_url).set("only", "there")
        table = run_sql(servers.database_url, "SELECT to_regclass('only_there')::text")
        keys = redis.Redis.from_url(servers.redis_url).keys()

    assert (table, keys) == (None, [])


def test_data_dir_that_cannot_be_made_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("not a folder")

    with pytest.raises(EmbeddedServersError) as refusal:
        EmbeddedServers.start(path)

    assert str(refusal.value) == (
        f"The data directory {path} cannot be used (File exists): choose another one with --data-dir"
    )


def test_server_that_does_not_start_gives_its_reason(data_dir):
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedServersError) as refusal:
        EmbeddedServers.start(data_dir)

    assert str(refusal.value) == "PostgreSQL did not start: database files are incompatible with server"
