"""The embedded PostgreSQL 18: the database cluster in the data directory, reachable through a private socket only.

initdb and postgres are run by us. The package's own starter is not used: its server outlives a killed parent, and it
changes permissions of folders that are not ours.
"""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

from app.embedded.binaries import postgres_install
from app.embedded.cluster import NAME, ensure_cluster
from app.embedded.data_dir import DataDir
from app.embedded.process import Command, Server

PORT = 5432
"""No network port: it is part of the socket's name, and stands in the URL so that PGPORT cannot change it."""

_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Errors reach the caller; in the log their text could carry contents of calls.
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


def database_url(sockets: Path) -> str:
    """Return the URL for SQLAlchemy and asyncpg."""
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(sockets))}&port={PORT}"


def prepare_postgres(data_dir: DataDir, sockets: Path, stack: ExitStack, *, pause: Callable[[float], None]) -> Server:
    """Make the cluster if there is none and return the server, not yet started.

    `pause` sleeps for some seconds, and raises when nobody waits for the result any more.

    Raises:
        EmbeddedServersError: the package is missing, or the cluster cannot be made.
    """
    home = data_dir.path / "postgres"
    install = postgres_install(data_dir, stack)
    log_fd = data_dir.open_log("postgres", stack)
    ensure_cluster(data_dir, home, install, log_fd, pause=pause)
    _remove_stale_pid_file(home)
    folder = data_dir.open_folder(home, stack)
    options = {**_OPTIONS, "unix_socket_directories": str(sockets), "unix_socket_permissions": "0700"}
    argv = [str(install / "bin" / "postgres"), "-D", folder.child_path]
    argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Server(
        name="PostgreSQL",
        command=Command(argv=argv, account=data_dir.account, fds=(*folder.fds, data_dir.lock_fd)),
        log_fd=log_fd,
        stop_signal=signal.SIGINT,  # "Fast": running transactions are rolled back, then a checkpoint is written.
        is_ready=lambda: _is_ready(home, sockets),
    )


def _is_ready(home: Path, sockets: Path) -> bool:
    """Read the status that postgres keeps in `postmaster.pid`; the new folder of sockets tells it from an old file.

    Source: PostgreSQL 18, src/include/utils/pidfile.h: line 5 is the folder of the socket, line 8 the status.
    """
    try:
        lines = (home / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[4] == str(sockets) and lines[7].strip() == "ready"


def _remove_stale_pid_file(home: Path) -> None:
    """Remove the `postmaster.pid` of a server that was killed.

    postgres would do so itself, unless another process of this user has got the same id in the meantime, which is
    common in containers. A living server on this cluster is never ignored: it works in this folder.
    """
    path = home / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError, IndexError):
        pid = int(path.read_text().splitlines()[0])
        if Path("/proc/self/cwd").exists() and not _works_in(pid, home):
            path.unlink()


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False  # It has ended, or belongs to another user, who could not have opened the cluster.
