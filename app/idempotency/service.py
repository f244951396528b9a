"""A request with an `Idempotency-Key` is done once, and answered as often as it is sent.

Source: rest.md, section 1.7.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import IntegrityError

from app.cancellation import bring_to_its_end
from app.db import Database, is_unreachable
from app.errors import (
    FeatureNotAvailableError,
    IdempotencyInProgressError,
    IdempotencyKeyConflictError,
    ScryonError,
    ServiceUnavailableError,
    ValidationFailedError,
)
from app.idempotency import queries
from app.idempotency.answers import Answer
from app.idempotency.keyed import KeyedRequest
from app.idempotency.queries import Scope

log = structlog.get_logger()

HEADER = "Idempotency-Key"
KEY_PROBLEM = "must be 1 to 255 visible ASCII characters"
WAIT_SECONDS = 30
"""How long a duplicate waits for the answer of the first request (ID5)."""

FIRST_LOOK_SECONDS = 0.05
LONGEST_LOOK_SECONDS = 0.5
BEAT_SECONDS = 10

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_NEVER_KEPT = frozenset({400, 401, 403, 413, 415, 429})
"""Decided before the replay, or by what will have changed (ID6, E1)."""

Work = Callable[[KeyedRequest], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that came with a key: where the key counts, and what exactly was asked for."""

    scope: Scope
    request_hash: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, and whether it is an earlier one."""

    answer: Answer
    is_replayed: bool


def read_key(header: str | None) -> str | None:
    """Check the header's form; None when there is none. Raises ValidationFailedError."""
    if header is not None and not _KEY.fullmatch(header):
        raise ValidationFailedError.of(HEADER, KEY_PROBLEM)
    return header


def is_kept(error: ScryonError) -> bool:
    """Whether a repetition gets the same error again: those about the state of things, as it was when they arose."""
    is_early = error.status in _NEVER_KEPT or isinstance(error, FeatureNotAvailableError)
    return error.status < 500 and not is_early


def make_scope(user_id: UUID, method: str, path: str, key: str) -> Scope:
    """Where a key counts. The path is kept as a digest, since it may hold the id of something that gets deleted."""
    return Scope(user_id, method, hashlib.sha256(path.encode()).hexdigest(), key)


async def do_once(database: Database, attempt: Attempt, work: Work) -> Outcome:
    """Do the work, unless it was done before: then answer as then; a deletion that is answered again is a bare 204.

    Whatever `work` raises leaves nothing that blocks a repetition, and so does an answer that is not final.

    Raises:
        IdempotencyKeyConflictError: the key was used with another request.
        IdempotencyInProgressError: the first request still runs after 30 s.
        ServiceUnavailableError: the account was deleted while the request ran.
    """
    with _told_outages():
        begun = await _begin(database, attempt)
    if isinstance(begun, Answer):
        return Outcome(begun, is_replayed=True)
    try:
        async with _beating(database, begun):
            answer = await work(begun)
        if begun.is_final:
            with _told_outages():
                async with database.transaction() as session:
                    await queries.finish(session, begun.record_id, begun.owner_token, answer)
    except BaseException:
        await bring_to_its_end(_release(database, begun))
        raise
    if not begun.is_final:
        await _release(database, begun)
    return Outcome(answer, is_replayed=False)


@contextmanager
def _told_outages() -> Iterator[None]:
    """Raises ServiceUnavailableError for a database that does not answer, or is too busy."""
    try:
        yield
    except Exception as error:
        if is_unreachable(error):
            log.warning("database_unavailable", error=type(error).__name__)
            raise ServiceUnavailableError from error
        raise


async def _begin(database: Database, attempt: Attempt) -> KeyedRequest | Answer:
    """Take the record of the key, or wait for the answer of whoever has it."""
    async with database.transaction() as session:
        # By itself: beside the new record, it could wait in a circle with the deletion of the account.
        await queries.delete_expired(session, attempt.scope.user_id)
    token, pause = uuid4(), FIRST_LOOK_SECONDS
    give_up = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        begun = await _try_to_begin(database, attempt, token)
        if begun is not None:
            return begun
        if asyncio.get_running_loop().time() + pause > give_up:
            raise IdempotencyInProgressError
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_LOOK_SECONDS)


async def _try_to_begin(database: Database, attempt: Attempt, token: UUID) -> KeyedRequest | Answer | None:
    """None while somebody else is at it."""
    try:
        async with database.transaction() as session:
            record_id = await queries.add(session, attempt.scope, attempt.request_hash, token)
            if record_id is not None:
                return KeyedRequest(record_id, token, None)
            found = await queries.find(session, attempt.scope)
            if found is None:
                return None
            if found.request_hash != attempt.request_hash:
                raise IdempotencyKeyConflictError
            if found.answer is not None or not found.is_stale:
                return found.answer
            is_ours, resource_id = await queries.take_over(session, found, token)
            return KeyedRequest(found.record_id, token, resource_id) if is_ours else None
    except IntegrityError as error:
        raise ServiceUnavailableError from error


@asynccontextmanager
async def _beating(database: Database, request: KeyedRequest) -> AsyncIterator[None]:
    """Show while the block runs that somebody is at it."""
    beats = asyncio.create_task(_beat(database, request))
    try:
        yield
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats


async def _beat(database: Database, request: KeyedRequest) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            async with database.transaction() as session:
                await queries.extend(session, request.record_id, request.owner_token)
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.warning("idempotency_beat_missed", error=type(error).__name__)


async def _release(database: Database, request: KeyedRequest) -> None:
    """Let go of the record; where that fails, it can be taken over a minute later."""
    try:
        async with database.transaction() as session:
            await queries.release(session, request.record_id, request.owner_token)
    except Exception as error:
        log.warning("idempotency_record_not_released", error=type(error).__name__)
