"""What Firebase knows of a user beyond the token: disabled, signed out everywhere, deleted.

Needs a service account, and a question to Google, whose answer is kept for a minute.
Source: rest.md, section 1.3 (AU3); providers.md, section 4.2.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import structlog

from app.admin_sdk import AdminSdk
from app.errors import AuthDisabledError, AuthInvalidError, AuthScheme, ServiceUnavailableError

log = structlog.get_logger()

FRESH_SECONDS = 60
"""How long a disabled user may go on; so long nobody asks again."""

USABLE_SECONDS = 3600
"""How long an answer serves when Google does not give a new one."""

PATIENCE_SECONDS = 1
"""How long a request waits for a new answer when there is an old one; the SDK by itself tries for many seconds."""

MAX_KNOWN = 10_000
TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer. `valid_since_ms`: tokens issued before it are revoked."""

    asked_at: float
    exists: bool
    is_disabled: bool
    valid_since_ms: int


class FirebaseAccounts:
    """Asks the Admin SDK, which blocks, in threads. `clock` counts seconds."""

    def __init__(
        self, project_id: str, service_account: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises ValueError for a service account that cannot be one."""
        # Slow to import, and needed by few.
        from firebase_admin import auth

        self._clock = clock
        self._auth: ModuleType = auth
        self._sdk = AdminSdk(project_id, service_account, timeout_seconds=TIMEOUT_SECONDS)
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[_Known]] = {}

    async def close(self) -> None:
        """Forget the service account."""
        await self._sdk.close()

    async def check(self, user_id: str, issued_at: int) -> None:
        """Let a token of a user pass that was issued at that time, in seconds since 1970.

        Raises:
            AuthInvalidError: the token is revoked, or the user is gone.
            AuthDisabledError: the user is disabled.
            ServiceUnavailableError: Google does not answer, and has not for an hour.
        """
        known = await self._look_up(user_id)
        if not known.exists or issued_at * 1000 < known.valid_since_ms:
            raise AuthInvalidError(AuthScheme.BEARER)
        if known.is_disabled:
            raise AuthDisabledError

    async def delete(self, user_id: str) -> None:
        """Delete a user, as well as it goes: a failure is logged."""
        try:
            await self._sdk.run(self._auth.delete_user, user_id)
        except Exception as error:
            log.warning("identity_not_deleted", error=type(error).__name__)
        self._known.pop(user_id, None)

    async def _look_up(self, user_id: str) -> _Known:
        known = self._known.get(user_id)
        now = self._clock()
        if known is not None and now < known.asked_at + FRESH_SECONDS:
            return known
        task = self._asking.get(user_id)
        if task is None:
            task = self._asking[user_id] = asyncio.create_task(self._ask(user_id))
            task.add_done_callback(lambda _: self._asking.pop(user_id, None))
        is_usable = known is not None and now < known.asked_at + USABLE_SECONDS
        try:
            async with asyncio.timeout(PATIENCE_SECONDS if is_usable else None):
                # Shielded: other requests of this user wait for the same answer.
                return await asyncio.shield(task)
        except (ServiceUnavailableError, TimeoutError):
            if known is None or not is_usable:
                raise
            return known

    async def _ask(self, user_id: str) -> _Known:
        asked_at = self._clock()
        try:
            record = await self._sdk.run(self._auth.get_user, user_id)
        except self._auth.UserNotFoundError:
            known = _Known(asked_at, exists=False, is_disabled=False, valid_since_ms=0)
        except Exception as error:
            log.warning("identity_not_checked", error=type(error).__name__)
            raise ServiceUnavailableError from error
        else:
            known = _Known(asked_at, True, bool(record.disabled), int(record.tokens_valid_after_timestamp or 0))
        self._known.pop(user_id, None)
        self._known[user_id] = known
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return known
