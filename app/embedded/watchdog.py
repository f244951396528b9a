"""The process between an application and its embedded servers: starts them, watches, and stops them at the end.

It runs in a session of its own, so that Ctrl-C reaches the application only, which then stops the servers in order
by closing the pipe. However the application ends, kill -9 included, the pipe ends with it. There is no moment at which
a server runs without a watchdog. Imports the standard library only, because it is on the way to every start.
"""

import json
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from app.embedded.data_dir import open_data_dir
from app.embedded.errors import EmbeddedServersError
from app.embedded.parent import Parent, StopRequestedError
from app.embedded.postgres import database_url, prepare_postgres
from app.embedded.process import Server, find_reason, stop_all
from app.embedded.redis import prepare_redis, redis_url
from app.embedded.sockets import socket_folder

START_SECONDS = 120.0
"""How long a server may take to be ready: after a crash, Postgres and Redis first read their logs."""

_WATCH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What to start, and for which process; JSON on the command line."""

    data_dir: str
    postgres: bool
    redis: bool
    parent_pid: int


@dataclass(frozen=True, slots=True)
class Report:
    """How the start went: the URLs, or one line that says why not; a line of JSON on standard output."""

    database_url: str | None = None
    redis_url: str | None = None
    error: str | None = None


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    parent = Parent(order.parent_pid)
    try:
        _serve(order, parent)
    except StopRequestedError:
        return
    except EmbeddedServersError as error:
        _send(Report(error=str(error)))
    except OSError as error:
        _send(Report(error=f"The embedded servers cannot use {error.filename or order.data_dir}: {error.strerror}"))


def _serve(order: Order, parent: Parent) -> None:
    """Start the servers, report, and watch until the parent is gone; on every way out, the servers are stopped."""
    with ExitStack() as stack:
        data_dir = stack.enter_context(open_data_dir(Path(order.data_dir), user_pid=order.parent_pid))
        sockets = stack.enter_context(socket_folder(data_dir))
        servers: list[Server] = []
        stack.callback(stop_all, servers)
        if order.redis:
            servers.append(prepare_redis(data_dir, sockets, stack))
        if order.postgres:
            servers.append(prepare_postgres(data_dir, sockets, stack, pause=parent.pause))
        _start(servers, parent)
        _send(
            Report(
                database_url=database_url(sockets) if order.postgres else None,
                redis_url=redis_url(sockets) if order.redis else None,
            )
        )
        _watch(servers, parent)


def _start(servers: list[Server], parent: Parent) -> None:
    for server in servers:
        server.start()
    deadline = time.monotonic() + START_SECONDS
    for server in servers:
        while not server.is_ready():
            if not server.is_running():
                raise EmbeddedServersError(f"{server.name} did not start: {find_reason(server.log_fd)}")
            if time.monotonic() > deadline:
                raise EmbeddedServersError(f"{server.name} was not ready within {START_SECONDS:.0f} s")
            parent.pause(0.01)


def _watch(servers: list[Server], parent: Parent) -> None:
    """Start again what ends by itself (the kernel's out-of-memory killer ...), until the parent is gone."""
    while True:
        parent.pause(_WATCH_SECONDS)
        for server in servers:
            if not server.is_running():
                server.start()


def _send(report: Report) -> None:
    with suppress(BrokenPipeError):
        print(json.dumps(asdict(report)), flush=True)


if __name__ == "__main__":
    main()
