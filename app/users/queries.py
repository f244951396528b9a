"""Every statement of the users feature."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Date, Integer, Text, bindparam, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.models import ActionItem, ActionStatus
from app.calls.models import CallRecord
from app.db import Database
from app.entities import UTC_TIME
from app.prepared import Prepared
from app.text import MAX_DISPLAY_NAME_CHARS
from app.users.accounts import Account
from app.users.identity import Identity
from app.users.models import AccountStatus, User

WEEK = timedelta(days=7)
_FCM_TOKEN_LOCK = 0x5C4E_0101
"""Advisory lock of `take_fcm_token`."""


class IdentityRow(NamedTuple):
    """Who somebody is, whether they may do anything, and what is taken from their identity."""

    id: UUID
    account_status: str
    account_status_reason: str | None
    email: str | None
    email_verified: bool
    display_name: str | None
    photo_url: str | None
    last_login_at: datetime | None

    def follows(self, identity: Identity) -> bool:
        """Whether nothing of the identity is new."""
        has_name = self.display_name is not None or identity.display_name is None
        known, told = self.last_login_at, identity.signed_in_at
        is_current = told is None or (known is not None and known >= told)
        contact = (self.email, self.email_verified, self.photo_url)
        return contact == (identity.email, identity.email_verified, identity.photo_url) and has_name and is_current


class StatsRow(NamedTuple):
    """The figures of one user (rest.md, section 2.15); none is ever None."""

    total_calls: int
    calls_this_week: int
    average_call_duration_seconds: int
    open_action_items: int
    overdue_action_items: int
    completed_action_items: int


_BY_IDENTITY = Prepared(
    select(
        col(User.id),
        col(User.account_status),
        col(User.account_status_reason),
        col(User.email),
        col(User.email_verified),
        col(User.display_name),
        col(User.photo_url),
        col(User.last_login_at),
    ).where(col(User.external_user_id) == bindparam("external_user_id"))
)


async def find_identity(session: AsyncSession, external_user_id: str) -> IdentityRow | None:
    """The user whom the identity provider knows by this id, as the transaction of the session sees it."""
    row = (await session.execute(_BY_IDENTITY.statement, {"external_user_id": external_user_id})).one_or_none()
    return None if row is None else IdentityRow._make(row)


async def read_identity(database: Database, external_user_id: str) -> IdentityRow | None:
    """The user whom the identity provider knows by this id."""
    rows = await _BY_IDENTITY.fetch(database, external_user_id=external_user_id)
    return IdentityRow._make(rows[0]) if rows else None


async def add_user(session: AsyncSession, identity: Identity) -> None:
    """Make the user unless somebody else has just done so.

    Where nobody says when the user signed in, it is the time of creation.
    """
    await session.execute(
        insert(User)
        .values(
            id=uuid4(),
            external_user_id=identity.external_user_id,
            email=identity.email,
            email_verified=identity.email_verified,
            display_name=_cut_name(identity),
            photo_url=identity.photo_url,
            last_login_at=identity.signed_in_at or func.now(),
        )
        .on_conflict_do_nothing(index_elements=[col(User.external_user_id)])
    )


async def follow_identity(session: AsyncSession, identity: Identity) -> None:
    """Take over what the identity says."""
    await session.execute(
        update(User)
        .where(col(User.external_user_id) == identity.external_user_id)
        .values(
            email=identity.email,
            email_verified=identity.email_verified,
            display_name=func.coalesce(col(User.display_name), literal(_cut_name(identity), Text)),
            photo_url=identity.photo_url,
            last_login_at=func.greatest(col(User.last_login_at), literal(identity.signed_in_at, UTC_TIME)),
        )
    )


def _cut_name(identity: Identity) -> str | None:
    """A name as long as users may give themselves one."""
    return None if identity.display_name is None else identity.display_name.strip()[:MAX_DISPLAY_NAME_CHARS]


async def find_user(session: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The whole row; `lock` keeps others from changing it, and from adding what it owns, until the commit."""
    statement = select(User).where(col(User.id) == user_id)
    return (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()


async def lock_account(session: AsyncSession, user_id: UUID) -> Account | None:
    """Find an account and keep others from changing it, or from locking it, too, until the commit."""
    statement = select(col(User.id), col(User.account_status), col(User.account_status_reason))
    row = (
        await session.execute(statement.where(col(User.id) == user_id).with_for_update(key_share=True))
    ).one_or_none()
    return None if row is None else Account(row[0], AccountStatus(row[1]), row[2])


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
