"""Every statement of the users feature."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Date, Integer, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.models import ActionItem, ActionStatus
from app.calls.models import CallRecord
from app.users.models import User

WEEK = timedelta(days=7)
_FCM_TOKEN_LOCK = 0x5C4E_0101
"""Advisory lock of `take_fcm_token`."""


class IdentityRow(NamedTuple):
    """Who somebody is and whether they may do anything."""

    id: UUID
    account_status: str
    account_status_reason: str | None


class StatsRow(NamedTuple):
    """The figures of one user (rest.md, section 2.15); none is ever None."""

    total_calls: int
    calls_this_week: int
    average_call_duration_seconds: int
    open_action_items: int
    overdue_action_items: int
    completed_action_items: int


async def find_identity(session: AsyncSession, external_user_id: str) -> IdentityRow | None:
    """The user whom the identity provider knows by this id."""
    statement = select(col(User.id), col(User.account_status), col(User.account_status_reason)).where(
        col(User.external_user_id) == external_user_id
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else IdentityRow._make(row)


async def add_user(session: AsyncSession, external_user_id: str, *, email: str | None, email_verified: bool) -> None:
    """Make the user unless somebody else has just done so; `last_login_at` is the time of creation."""
    await session.execute(
        insert(User)
        .values(
            id=uuid4(),
            external_user_id=external_user_id,
            email=email,
            email_verified=email_verified,
            last_login_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=[col(User.external_user_id)])
    )


async def find_user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The whole row; `lock` keeps others from changing it, and from adding what it owns, until the commit."""
    statement = select(User).where(col(User.id) == user_id)
    return (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()


async def take_fcm_token(session: AsyncSession, user_id: UUID, token: str) -> None:
    """Take a push token away from every other account: a device has one owner.

    One such change at a time, and before the user's own row is locked: accounts that swap tokens would otherwise wait
    for each other, and two that claim the same one would both get it.
    """
    await session.execute(select(func.pg_advisory_xact_lock(_FCM_TOKEN_LOCK)))
    await session.execute(
        update(User)
        .where(col(User.fcm_token) == token, col(User.id) != user_id)
        .values(fcm_token=None, updated_at=func.now())
    )


async def delete_user(session: AsyncSession, user_id: UUID) -> None:
    """Delete the row, and by its foreign keys everything that the user owns."""
    await session.execute(delete(User).where(col(User.id) == user_id))


async def get_stats(session: AsyncSession, user_id: UUID) -> StatsRow:
    """All figures in one statement; days and weeks are counted in UTC."""
    calls = (
        select(
            func.count().label("total"),
            func.count().filter(col(CallRecord.created_at) >= func.now() - WEEK).label("week"),
            # floor(x + 0.5) rounds half up, as the contract says.
            cast(func.floor(func.coalesce(func.avg(col(CallRecord.duration_seconds)), 0) + 0.5), Integer).label("mean"),
        )
        .where(col(CallRecord.user_id) == user_id)
        .subquery("calls")
    )
    status = col(ActionItem.status)
    is_open = or_(status == ActionStatus.OPEN, status == ActionStatus.IN_PROGRESS)
    is_overdue = is_open & (col(ActionItem.due_date) < cast(func.timezone("UTC", func.now()), Date))
    items = (
        select(
            func.count().filter(is_open).label("open"),
            func.count().filter(is_overdue).label("overdue"),
            func.count().filter(status == ActionStatus.DONE).label("done"),
        )
        .where(col(ActionItem.user_id) == user_id)
        .subquery("items")
    )
    statement = select(*calls.c, *items.c).join(items, onclause=calls.c.total.is_not(None))
    return StatsRow._make((await session.execute(statement)).one())
