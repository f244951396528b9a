"""Accounts that were looked up a moment ago, so that a client that reads on and on asks the database once.

What somebody else changes about an account (disabled, suspended, deleted) reaches the readings of a process after
`SCRYON_ACCOUNT_CACHE_SECONDS` at the latest; requests that change something always look.
"""

import time
from collections.abc import Callable
from uuid import UUID

from app.users.accounts import Account
from app.users.identity import Identity

MAX_KNOWN = 10_000


class RecentAccounts:
    """The accounts of identities, each for some seconds. `clock` counts seconds."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: dict[Identity, tuple[float, Account]] = {}

    def find(self, identity: Identity) -> Account | None:
        """The account of an identity that has said exactly the same a moment ago."""
        until, account = self._known.get(identity, (0.0, None))
        return account if self._clock() < until else None

    def remember(self, identity: Identity, account: Account) -> None:
        """Keep an account that has just been read."""
        if not self._seconds:
            return
        # The oldest come first, as each is put at the end anew.
        self._known.pop(identity, None)
        self._known[identity] = self._clock() + self._seconds, account
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def forget(self, user_id: UUID) -> None:
        """The account is gone."""
        for identity in [identity for identity, (_, account) in self._known.items() if account.id == user_id]:
            del self._known[identity]
