"""Claims: one worker at a time works on a call, and a worker that lost its claim can write nothing more.

A claim is a token and an expiry on the call's row. Whoever holds it extends it while it works; whatever it writes is
guarded by the token. Source: pipeline.md, section 2, "Claiming"; section 4.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import UpdateBase, and_, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.db import Database
from app.pipeline.failures import FailureReason
from app.prepared import Prepared

LEASE = timedelta(seconds=15)
"""How long a claim lives without being extended."""

BACK_OFFS = (timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=300))
"""How long a call rests after an unexpected error, by the number of attempts without progress."""

_FIND_CLAIMED = Prepared(
    select(col(CallRecord.attempts)).where(
        col(CallRecord.id) == bindparam("call_id"), col(CallRecord.claim_token) == bindparam("token")
    )
)
IN_FLIGHT = (CallStatus.TRANSCRIBING, CallStatus.ANALYZING)


class ClaimLostError(Exception):
    """The call is somebody else's now, or gone: the run ends and writes nothing more."""


class Loss(Enum):
    """What has become of a call whose claim is lost."""

    DELETED = auto()
    BEING_DELETED = auto()
    TAKEN = auto()
    """Somebody else's, or ended by somebody else."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one call. `status` is the call's at the time of the claim."""

    call_id: UUID
    user_id: UUID
    token: UUID
    status: CallStatus
    attempts: int


def is_claimable() -> ColumnElement[bool]:
    """The condition under which a worker may take a call."""
    lease = col(CallRecord.lease_expires_at)
    return and_(
        or_(lease.is_(None), lease <= func.now()),
        or_(
            col(CallRecord.status) == CallStatus.QUEUED,
            and_(col(CallRecord.status).in_(IN_FLIGHT), col(CallRecord.callback_deadline_at).is_(None)),
        ),
    )


async def claim_call(session: AsyncSession | AsyncConnection, call_id: UUID) -> Claim | None:
    """Take a call; None when there is nothing to take: it is gone, finished, or somebody works on it.

    A QUEUED call becomes TRANSCRIBING. The result's `attempts` counts this claim; the caller fails a call that has
    had too many.
    """
    token = uuid4()
    row = (await session.execute(_CLAIM, {"wanted_call": call_id, "new_token": token})).one_or_none()
    return None if row is None else Claim(call_id, row.user_id, token, CallStatus(row.status), row.attempts)


def _make_claim() -> UpdateBase:
    """One statement, which answers the status from before, and does not wait for who has the row just now."""
    call = CallRecord
    free = (
        select(col(call.id), col(call.status))
        .where(col(call.id) == bindparam("wanted_call"), is_claimable())
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    was_queued = free.c.status == CallStatus.QUEUED
    return (
        update(call)
        .where(col(call.id) == free.c.id)
        .values(
            claim_token=bindparam("new_token"),
            lease_expires_at=func.now() + LEASE,
            attempts=col(call.attempts) + 1,
            dispatch_count=0,
            status=case((was_queued, CallStatus.TRANSCRIBING), else_=free.c.status),
            updated_at=case((was_queued, func.now()), else_=col(call.updated_at)),
            # An operator may have set back a call that was waiting for a callback; others that wait cannot be taken.
            callback_deadline_at=None,
        )
        .returning(col(call.user_id), free.c.status, col(call.attempts))
    )


_CLAIM = _make_claim()


async def claim_completed_call(session: AsyncSession, user_id: UUID, call_id: UUID) -> Claim | None:
    """Take a finished call of the user to analyse it again; None when it is gone, not COMPLETED, or somebody has it.

    No worker takes a COMPLETED call, whatever its lease says; other analyses are kept away as long as the lease lives.
    """
    token, lease = uuid4(), col(CallRecord.lease_expires_at)
    result = await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id) == call_id, col(CallRecord.user_id) == user_id)
        .where(col(CallRecord.status) == CallStatus.COMPLETED, or_(lease.is_(None), lease <= func.now()))
        .values(claim_token=token, lease_expires_at=func.now() + LEASE)
        .returning(col(CallRecord.attempts))
    )
    attempts = result.scalar_one_or_none()
    return None if attempts is None else Claim(call_id, user_id, token, CallStatus.COMPLETED, attempts)


async def extend_leases(session: AsyncSession, claims: Collection[Claim]) -> set[UUID]:
    """Extend all leases of this process in one statement; returns the tokens that are still held.

    A call that somebody has locked keeps the lease that it has, and its token is held as long as it stands there:
    nobody waits, or one lock would cost the leases of all the others.
    """
    held = and_(
        # By their keys, since there is no index on tokens.
        col(CallRecord.id).in_({claim.call_id for claim in claims}),
        col(CallRecord.claim_token).in_({claim.token for claim in claims}),
    )
    free = select(col(CallRecord.id)).where(held).with_for_update(key_share=True, skip_locked=True).cte("free")
    extended = (
        update(CallRecord)
        .where(col(CallRecord.id).in_(select(free.c.id)))
        .values(lease_expires_at=func.now() + LEASE)
        .returning(col(CallRecord.id))
        .cte("extended")
    )
    tokens = await session.scalars(select(col(CallRecord.claim_token)).where(held).add_cte(extended))
    return {token for token in tokens if token is not None}


async def update_claimed(session: AsyncSession | AsyncConnection, claim: Claim, **values: Any) -> None:
    """Write to the claimed call.

    Raises:
        ClaimLostError: the claim is not ours any more, or the call is gone.
    """
    await _update_guarded(session, claim, IN_FLIGHT, values)


async def change_status(
    session: AsyncSession, claim: Claim, before: CallStatus, after: CallStatus, **values: Any
) -> None:
    """Move the claimed call on, if it still has the status `before`. A terminal status ends the claim.

    Raises:
        ClaimLostError: the claim is not ours any more, the status is another, or the call is gone.
    """
    if after.is_terminal:
        values |= {"completed_at": func.now(), "claim_token": None, "lease_expires_at": None}
    await _update_guarded(session, claim, (before,), {"status": after, "updated_at": func.now(), **values})


async def fail_call(session: AsyncSession, claim: Claim, reason: FailureReason) -> None:
    """Make the claimed call FAILED, whatever stage it is in.

    Raises:
        ClaimLostError: the claim is not ours any more, or the call is gone.
    """
    await _update_guarded(session, claim, IN_FLIGHT, failed_values(reason))


def failed_values(reason: FailureReason) -> dict[str, Any]:
    """What the row of a call becomes when it fails: nobody works on it, nothing is awaited."""
    return {
        "status": CallStatus.FAILED,
        "error_reason": reason,
        "updated_at": func.now(),
        "completed_at": func.now(),
        "attempts": 0,
        "claim_token": None,
        "lease_expires_at": None,
        "callback_deadline_at": None,
    }


async def end_reanalysis(session: AsyncSession, claim: Claim, **values: Any) -> None:
    """Write to a claimed COMPLETED call, which stays that, and end the claim.

    Raises:
        ClaimLostError: the claim is not ours any more, the call was set back, or it is gone.
    """
    ended = {"updated_at": func.now(), "claim_token": None, "lease_expires_at": None}
    await _update_guarded(session, claim, (CallStatus.COMPLETED,), {**ended, **values})


async def let_go(session: AsyncSession, claim: Claim) -> None:
    """End the claim of a COMPLETED call without a trace. A lost claim is left alone."""
    await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id) == claim.call_id, col(CallRecord.claim_token) == claim.token)
        .values(claim_token=None, lease_expires_at=None)
    )


async def _update_guarded(
    session: AsyncSession | AsyncConnection, claim: Claim, statuses: Collection[CallStatus], values: dict[str, Any]
) -> None:
    result = await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id) == claim.call_id, col(CallRecord.claim_token) == claim.token)
        .where(col(CallRecord.status).in_(statuses))
        .values(**values)
        .returning(col(CallRecord.id))
    )
    if result.one_or_none() is None:
        raise ClaimLostError


async def ensure_held(database: Database, claim: Claim) -> None:
    """Look before each stage, and at each poll, whether the call is still ours: the most frequent of all questions.

    Raises:
        ClaimLostError: the claim is not ours any more, or the call is gone.
    """
    if not await _FIND_CLAIMED.fetch(database, call_id=claim.call_id, token=claim.token):
        raise ClaimLostError


async def read_attempts(session: AsyncSession, claim: Claim) -> int:
    """How many claims in a row have brought no progress; fewer than at the claim when this run made some.

    Raises:
        ClaimLostError: the claim is not ours any more, or the call is gone.
    """
    attempts: int | None = await session.scalar(
        _FIND_CLAIMED.statement, {"call_id": claim.call_id, "token": claim.token}
    )
    if attempts is None:
        raise ClaimLostError
    return attempts


async def find_loss(session: AsyncSession, call_id: UUID) -> Loss:
    """Tell why the claim of a call is lost."""
    # A deletion takes the call away for longer than any claim lasts, and a call that rests is nobody's.
    is_for_long = col(CallRecord.lease_expires_at) > func.now() + LEASE
    is_being_deleted = and_(col(CallRecord.claim_token).is_not(None), is_for_long)
    row = (await session.execute(select(is_being_deleted).where(col(CallRecord.id) == call_id))).one_or_none()
    if row is None:
        return Loss.DELETED
    return Loss.BEING_DELETED if row[0] else Loss.TAKEN


async def give_back(session: AsyncSession, claim: Claim, *, rest: timedelta, refund_attempt: bool = False) -> None:
    """Let go of a claim; the call can be taken again after `rest`. A lost claim is left alone.

    `refund_attempt`: the run was stopped from outside and does not count (a worker that shuts down). The message that
    began it is used up, so that the dispatcher need not wait for it.
    """
    values: dict[str, Any] = {"claim_token": None, "lease_expires_at": func.now() + rest}
    if refund_attempt:
        values |= {"attempts": func.greatest(col(CallRecord.attempts) - 1, 0), "dispatched_at": None}
    await session.execute(
        update(CallRecord)
        .where(col(CallRecord.id) == claim.call_id, col(CallRecord.claim_token) == claim.token)
        .values(**values)
    )
