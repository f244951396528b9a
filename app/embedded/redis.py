"""The embedded Redis: append-only file in the data directory, reachable through a private socket only."""

import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from app.embedded.binaries import redis_server
from app.embedded.data_dir import DataDir
from app.embedded.process import Command, Server

_SOCKET_NAME = "redis.sock"


def redis_url(sockets: Path) -> str:
    """Return the URL for redis-py and Dramatiq."""
    return f"unix://{quote(str(sockets / _SOCKET_NAME))}"


def prepare_redis(data_dir: DataDir, sockets: Path, stack: ExitStack) -> Server:
    """Make the folder of the data and return the server, not yet started."""
    folder = data_dir.open_folder(data_dir.path / "redis", stack)
    path = sockets / _SOCKET_NAME
    program = redis_server(data_dir, stack)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": folder.child_path,
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",  # The append-only file is enough.
        "maxmemory-policy": "noeviction",  # Dramatiq would lose messages.
    }
    argv = [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]
    return Server(
        name="Redis",
        command=Command(argv=argv, account=data_dir.account, fds=(*folder.fds, data_dir.lock_fd)),
        log_fd=data_dir.open_log("redis", stack),
        stop_signal=signal.SIGTERM,
        is_ready=lambda: _answers(path),
    )


def _answers(path: Path) -> bool:
    """Ask for a sign of life; while Redis loads its file it answers with an error instead."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"
    except OSError:
        return False
