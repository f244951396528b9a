"""The data directory of the embedded servers: one user at a time, and an account of its own below root.

Nothing outside the directory is created or changed, apart from missing parents and the folder of the sockets.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from app.embedded.accounts import Account
from app.embedded.errors import EmbeddedServersError

SERVER_UID = 60_900
"""Account of the servers when root starts them. It needs no entry in /etc/passwd, and lies between the numbers that
Debian gives to packages on request and those that systemd gives to dynamic users."""

_TEMPORARY_PREFIX = "scryon-"

LOCK_PATIENCE_SECONDS = 2.0
"""How long a start waits for the lock: the process that holds it may be about to end, or ended a moment ago."""

STOP_PATIENCE_SECONDS = 25.0
"""The same when that process is gone and its servers are still stopping; their watchdog forces them by then."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder below the data directory as a child process sees it.

    Below root the child has lost the right to walk through the parents (a home of mode 0700, say), so it gets an open
    descriptor and a path that starts there: `fds` are to be passed on under the same numbers.
    """

    path: Path
    child_path: str
    fds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DataDir:
    """A locked data directory. `account` is set when this process is root: the servers must run as somebody else.

    `lock_fd` holds the lock. Every server inherits it, so that the directory counts as used until the last one is gone.
    """

    path: Path
    account: Account | None
    lock_fd: int

    def open_folder(self, path: Path, stack: ExitStack, owner: Account | None = None) -> Folder:
        """Make the folder (mode 0700) if it is missing, give it to `owner` (the servers' account by default), open it.

        The descriptor lives as long as `stack`.
        """
        path.mkdir(mode=0o700, exist_ok=True)
        owner = owner or self.account
        if owner is None:
            return Folder(path=path, child_path=str(path), fds=())
        if path.lstat().st_uid != owner.uid:
            change_owner(path, owner)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        return Folder(path=path, child_path=f"/proc/self/fd/{fd}", fds=(fd,))

    @contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """Make a folder for the time of a run that nobody else can enter, under a path as short as can be.

        Should the run be killed with its watchdog, the next one on this data directory removes the folder.
        """
        path = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=_temporary_parent()))
        try:
            os.pwrite(self.lock_fd, f"{path}\n".encode(), os.fstat(self.lock_fd).st_size)
            yield path
        finally:
            rmtree(path, ignore_errors=True)

    def open_log(self, name: str, stack: ExitStack) -> int:
        """Open `<data dir>/<name>.log`, empty, for reading and appending; the descriptor lives as long as `stack`."""
        fd = _open_private(self.path / f"{name}.log", os.O_RDWR | os.O_APPEND | os.O_TRUNC)
        stack.callback(os.close, fd)
        return fd


@contextmanager
def open_data_dir(path: Path, *, user_pid: int) -> Iterator[DataDir]:
    """Make the directory (mode 0700) if it is missing, and lock it for the process `user_pid`.

    Raises:
        EmbeddedServersError: it cannot be made or written to, or somebody else uses it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock_fd = _open_private(path / "embedded.lock", os.O_RDWR)
    except OSError as error:
        raise EmbeddedServersError(
            f"The data directory {path} cannot be used ({error.strerror}): choose another one with --data-dir"
        ) from error
    try:
        _lock(path, lock_fd)
        data_dir = DataDir(path=path, account=_server_account(path), lock_fd=lock_fd)
        _remove_leftovers(data_dir)
        os.ftruncate(lock_fd, 0)
        os.pwrite(lock_fd, f"{user_pid}\n".encode(), 0)
        yield data_dir
    finally:
        os.close(lock_fd)


def change_owner(top: Path, owner: Account) -> None:
    """Give everything in the folder `top` to `owner`, and `top` itself last: an interrupted change is taken up again.

    Symbolic links are changed, not followed.
    """
    for _, folders, files, folder_fd in os.fwalk(top, topdown=False):
        for name in folders + files:
            os.chown(name, owner.uid, owner.gid, dir_fd=folder_fd, follow_symlinks=False)
    os.chown(top, owner.uid, owner.gid, follow_symlinks=False)


def _remove_leftovers(data_dir: DataDir) -> None:
    """Remove the temporary folders of a run that was killed with its watchdog, by the list in the lock file."""
    _, *paths = _read(data_dir.lock_fd) or [""]
    owners = {os.geteuid()} | ({data_dir.account.uid} if data_dir.account else set())
    for path in map(Path, paths):
        with suppress(FileNotFoundError):
            is_ours = path.parent == _temporary_parent() and path.name.startswith(_TEMPORARY_PREFIX)
            if is_ours and path.lstat().st_uid in owners:
                rmtree(path, ignore_errors=True)


def _temporary_parent() -> Path:
    """Return the folder with the shortest path that serves."""
    shortest = Path("/tmp")  # noqa: S108
    return shortest if os.access(shortest, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def _server_account(path: Path) -> Account | None:
    """Tell whom root hands the servers to: the owner of the data directory, or else an account of their own."""
    if os.geteuid() != 0:
        return None
    status = path.stat()
    if status.st_uid != 0:
        return Account(uid=status.st_uid, gid=status.st_gid)
    return Account(uid=SERVER_UID, gid=SERVER_UID)


def _open_private(path: Path, flags: int) -> int:
    """Open a file that belongs to the owner of its folder; root must not be led elsewhere by a link."""
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    return fd


def _lock(path: Path, lock_fd: int) -> None:
    start = time.monotonic()
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        user = (_read(lock_fd) or ["unknown"])[0]
        if time.monotonic() - start > (STOP_PATIENCE_SECONDS if _has_ended(user) else LOCK_PATIENCE_SECONDS):
            raise EmbeddedServersError(
                f"The data directory {path} is in use (process {user}): stop it, or choose another one with --data-dir"
            )
        time.sleep(0.05)


def _has_ended(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (ValueError, PermissionError):
        return False
    return False


def _read(lock_fd: int) -> list[str]:
    """Return the lines of the lock file: the process that uses the directory, then its temporary folders."""
    return os.pread(lock_fd, os.fstat(lock_fd).st_size, 0).decode(errors="replace").splitlines()
