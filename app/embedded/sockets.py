"""Where the sockets are: no network port is opened, so who can enter the folder decides who can connect."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.accounts import Account, can_act_as
from app.embedded.data_dir import DataDir
from app.embedded.errors import EmbeddedServersError

MAX_SOCKET_PATH_BYTES = 107
"""What Linux takes in `sun_path`; therefore the sockets do not lie in the data directory."""

_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


@contextmanager
def socket_folder(data_dir: DataDir) -> Iterator[Path]:
    """Make a folder that nobody but the servers' account (and root) can enter; it is removed at the end.

    Raises:
        EmbeddedServersError: the folder for temporary files does not suit, or root may not act as somebody else.
    """
    with data_dir.temporary_folder() as path:
        if len(os.fsencode(path / _LONGEST_SOCKET_NAME)) > MAX_SOCKET_PATH_BYTES:
            raise EmbeddedServersError(f"The path {path} is too long for a socket: set TMPDIR to a shorter one")
        account = data_dir.account
        if account is not None:
            _require_switch_to(account)
            os.chown(path, account.uid, account.gid)
        yield path


def _require_switch_to(account: Account) -> None:
    if not can_act_as(account):
        raise EmbeddedServersError(
            "PostgreSQL does not run as root, and root may not switch to another user here: "
            "start as an ordinary user, or set DB_URL and REDIS_URL"
        )
