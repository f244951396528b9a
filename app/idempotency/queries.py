"""Every statement on idempotency records. Whatever an attempt writes is fenced by its owner token."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ColumnElement, Update, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.idempotency.answers import Answer
from app.idempotency.models import IdempotencyRecord, IdempotencyState

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
"""Without sign of life for that long, an attempt counts as dead (rest.md 1.7, ID7)."""


class Scope(NamedTuple):
    """Where a key counts: the same key of another user, or on another path, is another request."""

    user_id: UUID
    method: str
    path_digest: str
    key: str


class FoundRecord(NamedTuple):
    """What is known of a key; `answer` is None while its first request runs, `is_stale` when that one died."""

    record_id: UUID
    request_hash: str
    owner_token: UUID
    answer: Answer | None
    is_stale: bool


_record = IdempotencyRecord
_id, _token, _state = col(_record.id), col(_record.owner_token), col(_record.state)


def _in_scope(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (
        col(_record.user_id) == scope.user_id,
        col(_record.method) == scope.method,
        col(_record.path_digest) == scope.path_digest,
        col(_record.key) == scope.key,
    )


async def delete_expired(session: AsyncSession, user_id: UUID) -> None:
    """Forget what this user's keys have answered long ago."""
    await session.execute(
        delete(_record).where(col(_record.user_id) == user_id, col(_record.created_at) < func.now() - KEPT)
    )


async def delete_older(session: AsyncSession, age: timedelta, *, limit: int) -> int:
    """Forget what keys of anybody have answered longer ago than that; returns how many."""
    old = (
        select(_id)
        .where(col(_record.created_at) < func.now() - age)
        .limit(limit)
        # Nobody is waited for: neither for a request that still runs, nor for the deletion of an account.
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return len((await session.scalars(delete(_record).where(_id.in_(select(old.c.id))).returning(_id))).all())


async def add(session: AsyncSession, scope: Scope, request_hash: str, owner_token: UUID) -> UUID | None:
    """Make the record of a key; None when there is one already."""
    statement = insert(_record).values(
        id=uuid4(), **scope._asdict(), request_hash=request_hash, owner_token=owner_token, alive_at=func.now()
    )
    statement = statement.on_conflict_do_nothing(constraint="idempotency_records_one_per_key")
    return (await session.execute(statement.returning(_id))).scalar_one_or_none()


async def find(session: AsyncSession, scope: Scope) -> FoundRecord | None:
    """Look a key up."""
    statement = select(
        _id,
        col(_record.request_hash),
        _token,
        _state,
        col(_record.response_status),
        col(_record.response_headers),
        col(_record.response_body),
        col(_record.alive_at) < func.now() - LEASE,
    ).where(*_in_scope(scope))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    answer = Answer(row[4], (row[6] or "").encode(), row[5] or {}) if row[3] == IdempotencyState.DONE else None
    return FoundRecord(row[0], row[1], row[2], answer, row[7])


async def take_over(session: AsyncSession, found: FoundRecord, owner_token: UUID) -> tuple[bool, UUID | None]:
    """Make a dead attempt's record ours: whether that worked, and what the attempt has made or changed."""
    statement = (
        update(_record)
        .where(_id == found.record_id, _token == found.owner_token, _state == IdempotencyState.IN_PROGRESS)
        .where(col(_record.alive_at) < func.now() - LEASE)
        .values(owner_token=owner_token, alive_at=func.now())
        .returning(col(_record.resource_id))
    )
    row = (await session.execute(statement)).one_or_none()
    return row is not None, None if row is None else row[0]


async def extend(session: AsyncSession, record_id: UUID, owner_token: UUID) -> None:
    """Give a sign of life."""
    await session.execute(_held(record_id, owner_token).values(alive_at=func.now()))


async def name_resource(session: AsyncSession, record_id: UUID, owner_token: UUID, resource_id: UUID) -> bool:
    """Note what the attempt made or changed; False when it does not hold the record any more.

    Until the commit, `drop_answers` waits for this resource.
    """
    await session.execute(select(func.pg_advisory_xact_lock_shared(_lock_of(resource_id))))
    statement = _held(record_id, owner_token).values(resource_id=resource_id).returning(_id)
    return (await session.execute(statement)).one_or_none() is not None


async def finish(session: AsyncSession, record_id: UUID, owner_token: UUID, answer: Answer) -> bool:
    """Keep an answer; False when the attempt does not hold the record any more."""
    statement = _held(record_id, owner_token).values(
        state=IdempotencyState.DONE,
        response_status=answer.status,
        response_headers=answer.headers,
        response_body=answer.body.decode(),
    )
    return (await session.execute(statement.returning(_id))).one_or_none() is not None


async def release(session: AsyncSession, record_id: UUID, owner_token: UUID) -> None:
    """Let the next attempt begin at once: with nothing, or, where something was made or changed, with that."""
    held = (_id == record_id, _token == owner_token, _state == IdempotencyState.IN_PROGRESS)
    await session.execute(delete(_record).where(*held, col(_record.resource_id).is_(None)))
    await session.execute(update(_record).where(*held).values(alive_at=func.now() - 2 * LEASE))


async def drop_answers(session: AsyncSession, user_id: UUID, resource_ids: Sequence[UUID]) -> None:
    """Forget every answer that names one of these, which the caller has deleted in this transaction (rest.md 1.7, ID9).

    After the rows, and not before: whoever is naming one just now is waited for, whoever comes later finds no row.
    """
    if not resource_ids:
        return
    keys = literal(sorted(map(_lock_of, resource_ids)), ARRAY(BigInteger))
    await session.execute(select(func.pg_advisory_xact_lock(func.unnest(keys))))
    await session.execute(
        delete(_record).where(col(_record.user_id) == user_id, col(_record.resource_id).in_(resource_ids))
    )


def _lock_of(resource_id: UUID) -> int:
    """The key of an advisory lock, 64 bits with a sign; two resources that share one only wait for each other."""
    return int.from_bytes(resource_id.bytes[:8], "big", signed=True)


def _held(record_id: UUID, owner_token: UUID) -> Update:
    return update(_record).where(_id == record_id, _token == owner_token, _state == IdempotencyState.IN_PROGRESS)
