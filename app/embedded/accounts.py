"""Acting as somebody else: root starts the servers as another user, and may lack the right to signal them."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as."""

    uid: int
    gid: int


def can_act_as(account: Account) -> bool:
    """Tell whether this process may switch to the account; containers can forbid it even to root."""
    return _act_as(account, lambda: None)


def send_signal(pid: int, number: signal.Signals, account: Account | None) -> None:
    """Send a signal to a process of the account, or to its group if `pid` is negative; without effect if it has ended.

    Root without CAP_KILL has to do so as the account.
    """
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        if account is None:
            raise
        _act_as(account, lambda: os.kill(pid, number))


def _act_as(account: Account, action: Callable[[], None]) -> bool:
    """Do something in a short-lived process of the account; tell whether it went well."""
    pid = os.fork()  # Safe: the watchdog has one thread only.
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            action()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
