"""However an application ends, its servers end too, and the next start finds the data."""

import signal
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis

from app.embedded.servers import EmbeddedServers


def socket_folder(application) -> Path:
    return Path(urlsplit(application.redis_url).path).parent


def test_orderly_end_leaves_no_process(data_dir, start_application, wait_for_end):
    application = start_application(data_dir)
    processes = application.descendants()

    application.process.communicate()

    assert application.process.returncode == 0
    wait_for_end(processes)


def test_servers_end_although_a_fork_of_the_application_lives_on(data_dir, start_application, wait_for_end):
    application = start_application(data_dir, after_start="import os, time; os.fork() or time.sleep(600)")
    fork = application.descendant("os.fork()")
    processes = [process for process in application.descendants() if process != fork]

    application.process.kill()
    application.process.wait()

    wait_for_end(processes)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_the_application(data_dir, start_application, run_sql, wait_for_end, number):
    application = start_application(data_dir)
    run_sql(application.database_url, "CREATE TABLE kept AS SELECT 1 AS value")
    sockets = socket_folder(application)
    processes = application.descendants()

    application.end(number)

    wait_for_end(processes)
    assert not sockets.exists()
    with EmbeddedServers.start(data_dir) as servers:
        assert run_sql(servers.database_url, "SELECT value FROM kept") == 1


def test_next_start_waits_for_the_servers_of_a_killed_application(data_dir, start_application, run_sql):
    application = start_application(data_dir)
    run_sql(application.database_url, "CREATE TABLE kept AS SELECT 1 AS value")

    application.end(signal.SIGKILL)
    with EmbeddedServers.start(data_dir) as servers:
        value = run_sql(servers.database_url, "SELECT value FROM kept")

    assert value == 1


def test_committed_data_survives_when_everything_is_killed(data_dir, start_application, run_sql, wait_for_end):
    application = start_application(data_dir)
    processes = application.descendants()
    run_sql(application.database_url, "CREATE TABLE kept AS SELECT 1 AS value")

    for process in [application.descendant("bin/postgres"), *processes]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    application.end(signal.SIGKILL)

    wait_for_end(processes)
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    assert socket_folder(application).exists()
    with EmbeddedServers.start(data_dir) as servers:
        assert run_sql(servers.database_url, "SELECT value FROM kept") == 1
    assert not socket_folder(application).exists()


def test_servers_end_when_their_watchdog_is_killed(data_dir, start_application, run_sql, wait_for_end):
    application = start_application(data_dir)
    watchdog = application.descendant("app.embedded.watchdog")
    children = [process for process in application.descendants() if process != watchdog]

    watchdog.kill()

    wait_for_end(children)
    with EmbeddedServers.start(data_dir) as servers:
        assert run_sql(servers.database_url, "SELECT 1") == 1


def test_server_that_is_killed_is_started_again(data_dir, start_application, wait_until):
    application = start_application(data_dir)
    client = redis.Redis.from_url(application.redis_url)
    killed = application.descendant("redis-server")

    def answers_again() -> bool:
        try:
            return client.info("server")["process_id"] != killed.pid
        except redis.ConnectionError:
            return False

    killed.kill()

    wait_until(answers_again)


def test_first_start_that_was_killed_is_done_again(tmp_path, start_application, run_sql, wait_until, wait_for_end):
    data_dir = tmp_path / "data"
    application = start_application(data_dir, wait=False)
    wait_until((data_dir / "postgres.new" / "cluster" / "PG_VERSION").exists)
    processes = application.descendants()

    application.end(signal.SIGKILL)

    wait_for_end(processes)
    assert not (data_dir / "postgres").exists()
    with EmbeddedServers.start(data_dir) as servers:
        assert run_sql(servers.database_url, "SELECT current_database()") == "scryon"
    assert not (data_dir / "postgres.new").exists()
