"""Making the database cluster at the first start: initdb, and which account can run it."""

import os
import pwd
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree

from app.embedded.accounts import Account
from app.embedded.binaries import copy_postgres_install
from app.embedded.data_dir import DataDir, change_owner
from app.embedded.errors import EmbeddedServersError
from app.embedded.process import Command, find_reason, kill, spawn

NAME = "scryon"
"""The one role (a superuser) and the one database."""

_PROGRAM_SECONDS = 120.0
_POLL_SECONDS = 0.01

_INITDB_OPTIONS = (
    f"--username={NAME}",
    # The socket's folder, which only the owner can enter, is the lock on the door.
    "--auth-local=trust",
    "--auth-host=reject",
    # Independent of the locales that the machine has.
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)


def ensure_cluster(
    data_dir: DataDir, home: Path, install: Path, log_fd: int, *, pause: Callable[[float], None]
) -> None:
    """Make the cluster `home` unless it is there; what a killed start left is removed.

    `pause` sleeps for some seconds, and raises when nobody waits for the result any more.

    Raises:
        EmbeddedServersError: there is no account for initdb, or one of the programs fails.
    """
    building = data_dir.path / "postgres.new"
    if building.exists():
        rmtree(building)
    if (home / "PG_VERSION").is_file():
        return
    # Root's own, so that nobody else who shares the account of initdb can look in.
    building.mkdir(mode=0o700)
    cluster = _build_cluster(data_dir, building, install, log_fd, pause)
    if data_dir.account is not None:
        change_owner(cluster, data_dir.account)
    cluster.rename(home)
    _sync_folder(data_dir.path)
    rmtree(building)


def _build_cluster(
    data_dir: DataDir, building: Path, install: Path, log_fd: int, pause: Callable[[float], None]
) -> Path:
    account, install = _find_account(data_dir.account, install, building)
    with ExitStack() as stack:
        folder = data_dir.open_folder(building / "cluster", stack, owner=account)
        fds = (*folder.fds, data_dir.lock_fd)
        initdb = [str(install / "bin" / "initdb"), "-D", folder.child_path, *_INITDB_OPTIONS]
        _run(Command(initdb, account, fds), log_fd, pause=pause)
        single = [str(install / "bin" / "postgres"), "--single", "-D", folder.child_path, "-c", "exit_on_error=on"]
        _run(Command([*single, "postgres"], account, fds), log_fd, pause=pause, statement=f"CREATE DATABASE {NAME};\n")
    return folder.path


def _find_account(wanted: Account | None, install: Path, scratch: Path) -> tuple[Account | None, Path]:
    """Return who runs initdb, and which installation; initdb insists on a user with an entry in /etc/passwd.

    Root borrows an account for the purpose; an ordinary user without an entry gets a copy that does without.
    """
    if _has_entry(os.geteuid() if wanted is None else wanted.uid):
        return wanted, install
    if wanted is not None:
        return _any_account(), install
    return None, _copy_for_nameless_user(install, scratch)


def _has_entry(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _any_account() -> Account:
    """Find `nobody`, or else the first account that is not root's."""
    for entry in sorted(pwd.getpwall(), key=lambda entry: entry.pw_name != "nobody"):
        if entry.pw_uid != 0:
            return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedServersError("PostgreSQL does not run as root, and there is no other account: set DB_URL")


def _copy_for_nameless_user(install: Path, scratch: Path) -> Path:
    """Copy the installation so that initdb runs for a user without an entry (`docker run --user 1234`).

    initdb and the single-user server look up the name of their user, make no use of it (`--username` is given), and
    refuse to work without one. In the copy they ask for the first entry of the list instead: getpwent takes no
    argument and its name is as long. The server itself needs no name and runs from the unchanged package.
    """
    copy = copy_postgres_install(install, scratch)
    for program in ("initdb", "postgres"):
        path = copy / "bin" / program
        content = path.read_bytes()
        if content.count(b"\0getpwuid\0") != 1:
            raise EmbeddedServersError(
                f"PostgreSQL needs an entry in /etc/passwd for the user {os.geteuid()}: add one, or set DB_URL"
            )
        path.write_bytes(content.replace(b"\0getpwuid\0", b"\0getpwent\0"))
    return copy


def _sync_folder(path: Path) -> None:
    """Make the renaming last; the programs have written their own files through to the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _run(command: Command, log_fd: int, *, pause: Callable[[float], None], statement: str = "") -> None:
    """Run a program to its end, with `statement` as its input."""
    reader, writer = os.pipe()
    with open(writer, "w") as pipe:
        pipe.write(statement)
    process = spawn(command, output_fd=log_fd, stdin=reader)
    os.close(reader)
    try:
        deadline = time.monotonic() + _PROGRAM_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            pause(_POLL_SECONDS)
    finally:
        kill(process, command)
    if process.returncode != 0:
        program = Path(command.argv[0]).name
        raise EmbeddedServersError(f"{program} could not set up the database: {find_reason(log_fd)}")
