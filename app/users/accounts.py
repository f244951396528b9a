"""What an account may do. Source: rest.md, sections 1.3 and 2.2."""

from dataclasses import dataclass
from uuid import UUID

from app.errors import AccountDisabledError, AccountSuspendedError
from app.users.models import AccountStatus


@dataclass(frozen=True, slots=True)
class Account:
    """A user, as far as permissions go; `reason` is None unless somebody gave one for the status."""

    id: UUID
    status: AccountStatus
    reason: str | None

    def require_enabled(self) -> None:
        """Raises AccountDisabledError."""
        if self.status is AccountStatus.DISABLED:
            raise AccountDisabledError(self.reason)

    def require_active(self) -> None:
        """Let an upload pass. Raises AccountSuspendedError, AccountDisabledError."""
        self.require_enabled()
        if self.status is AccountStatus.SUSPENDED:
            raise AccountSuspendedError(self.reason)
