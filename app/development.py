"""`scryon dev` and `scryon demo`: everything on one machine, with embedded servers where none are configured.

This process starts Postgres and Redis, migrates, and supervises the API and the workers as children. It starts the
children first and imports what it needs itself while they import theirs: a start is mostly imports.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from app.settings import Settings
from app.supervisor import Supervisor, bind

if TYPE_CHECKING:
    from app.client.api import ScryonClient
    from app.embedded.servers import EmbeddedServers

START_TIMEOUT_SECONDS = 60.0


class StartError(Exception):
    """A part did not come up; its own lines say why."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running Scryon: where it listens, and what keeps it running."""

    base_url: str
    supervisor: Supervisor
    client: "ScryonClient"


@contextmanager
def run_stack(settings: Settings, environment: dict[str, str] | None = None) -> Iterator[Stack]:
    """Start everything and stop it in reverse when the block ends; the API answers when the block begins.

    `environment` goes to the API and the workers on top of this process's own.

    Raises:
        EmbeddedServersError: the embedded servers did not start.
        PortTakenError: somebody else listens on the port.
        StartError: the API or a worker ended instead of starting.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(bind(settings.server_host, settings.server_port))
        servers = stack.enter_context(_Servers(settings))
        supervisor = Supervisor()
        stack.enter_context(supervisor.until_signalled())
        supervisor.start(["serve", "--listen-fd", str(listener.fileno())], pass_fds=[listener.fileno()])
        for number in range(settings.worker_processes):
            supervisor.start(["worker", "--single", "--number", str(number)])
        database_url, redis_url = servers.start()
        if settings.migrate_at_start:
            from app.db import migrate_now

            migrate_now(database_url)
        supervisor.configure(
            {
                "DB_URL": database_url,
                "REDIS_URL": redis_url,
                "SCRYON_DATA_DIR": str(settings.data_dir),
                "FLYWAY_ENABLED": "false",
                **(environment or {}),
            }
        )
        host, port = listener.getsockname()[:2]
        base_url = f"http://{f'[{host}]' if ':' in host else _reachable(host)}:{port}"
        from app.client.api import ScryonClient

        client = ScryonClient(base_url, api_key=next(iter(settings.api_keys), None))
        stack.callback(client.close)
        _wait_until_healthy(supervisor, client)
        yield Stack(base_url, supervisor, client)


class _Servers:
    """The embedded servers that the settings leave to us; stopped after everything that uses them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: EmbeddedServers | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.stop()

    def start(self) -> tuple[str, str]:
        """Start what is not configured; answers the URLs of Postgres and Redis."""
        database_url, redis_url = self._settings.configured_database_url, self._settings.redis_url
        if database_url is None or redis_url is None:
            from app.embedded.servers import EmbeddedServers

            self._running = EmbeddedServers.start(
                self._settings.data_dir, postgres=database_url is None, redis=redis_url is None
            )
            database_url = database_url or self._running.database_url
            redis_url = redis_url or self._running.redis_url
        assert database_url is not None
        assert redis_url is not None
        return database_url, redis_url


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else quote(host)  # noqa: S104


def _wait_until_healthy(supervisor: Supervisor, client: "ScryonClient") -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not client.is_healthy():
        if supervisor.find_ended() is not None:
            raise StartError("A part of Scryon ended while starting.")
        if supervisor.is_stopping or time.monotonic() > deadline:
            raise StartError("Scryon did not start in time.")
        time.sleep(0.05)
