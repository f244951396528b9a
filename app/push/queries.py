"""Every statement about who is told of a call."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.users.models import User


class Recipient(NamedTuple):
    """A user, and the token of their phone."""

    user_id: UUID
    token: str


async def find_recipient(session: AsyncSession, call_id: UUID, status: CallStatus) -> Recipient | None:
    """The owner of a call that has this status; None when it has another or is gone, or the owner has no token."""
    statement = (
        select(col(User.id), col(User.fcm_token))
        .join(CallRecord, col(CallRecord.user_id) == col(User.id))
        .where(col(CallRecord.id) == call_id, col(CallRecord.status) == status)
        .where(col(User.fcm_token).is_not(None))
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Recipient._make(row)


async def forget_token(session: AsyncSession, recipient: Recipient) -> None:
    """Take a token off the user's row, unless the phone has brought a new one meanwhile."""
    await session.execute(
        update(User)
        .where(col(User.id) == recipient.user_id, col(User.fcm_token) == recipient.token)
        .values(fcm_token=None, updated_at=func.now())
    )
