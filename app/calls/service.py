"""Rules of calls: lists, polls, uploads, links to contacts, deletion. Source: rest.md, sections 2.2 to 2.9 and 3.2.

Transcript and analysis are read in `app/calls/documents.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import queries
from app.calls.artifacts import put_artifact_row
from app.calls.deletion import delete_stored_call
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.calls.queries import CallRow
from app.calls.upload_guard import check_upload
from app.contacts import service as contacts
from app.cursor import Cursor, Page, cut_page, decode_cursor
from app.db import Database, is_unreachable
from app.errors import (
    CallNotFoundError,
    ErrorCode,
    ServiceUnavailableError,
    StorageUnavailableError,
    ValidationFailedError,
)
from app.pipeline.events import EventWriter
from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.resources import Resources
from app.settings import Settings
from app.uploads.metadata import CallMetadata
from app.uploads.stored import StoredUpload
from app.users.queries import lock_account

log = structlog.get_logger()

POLL_IN_FLIGHT_MS = 3000
POLL_IDLE_MS = 15000
"""What clients are told to wait until the next poll (rest.md, section 2.4)."""

DELETES_AT_ONCE = 4
"""How many calls of one bulk delete go at the same time; each needs a database connection now and then."""

DELETE_BATCH = 200


@dataclass(frozen=True, slots=True)
class StatusList:
    """Answer to a bulk poll: known calls in the order of first mention."""

    items: list[tuple[UUID, CallStatus]]
    next_poll_ms: int


@dataclass(frozen=True, slots=True)
class DeletedCalls:
    """Outcome of a bulk delete; `failed` keeps the order of the request, and those calls are still there."""

    deleted: int
    missing: int
    failed: list[tuple[UUID, ErrorCode]]


async def get_call(session: AsyncSession, user_id: UUID, call_id: UUID) -> tuple[CallRow, str | None]:
    """One call of the user, and its notes, within a transaction. Raises CallNotFoundError."""
    found = await queries.find_call(session, user_id, call_id)
    if found is None:
        raise CallNotFoundError
    return found


async def read_call(database: Database, user_id: UUID, call_id: UUID) -> tuple[CallRow, str | None]:
    """One call of the user, and its notes. Raises CallNotFoundError."""
    found = await queries.read_call(database, user_id, call_id)
    if found is None:
        raise CallNotFoundError
    return found


async def list_calls(
    database: Database,
    user_id: UUID,
    *,
    first: int,
    after: str | None,
    status: CallStatus | None,
    contact_id: UUID | None,
) -> Page[CallRow]:
    """A page of the user's calls, newest first; an unknown or foreign contact has none.

    Raises:
        ValidationFailedError: `after` is no cursor.
    """
    cursor = None if after is None else decode_cursor(after)
    rows = await queries.list_calls(
        database, user_id, limit=first + 1, after=cursor, status=status, contact_id=contact_id
    )
    return cut_page(rows, first, lambda row: Cursor(row.created_at, row.id))


async def list_statuses(database: Database, user_id: UUID, call_ids: Sequence[UUID]) -> StatusList:
    """Where these calls stand; unknown and foreign ones are left out, repeated ones come once."""
    statuses = await queries.list_statuses(database, user_id, call_ids)
    items = [(call_id, statuses[call_id]) for call_id in dict.fromkeys(call_ids) if call_id in statuses]
    is_idle = all(status.is_terminal for _, status in items)
    return StatusList(items, POLL_IDLE_MS if is_idle else POLL_IN_FLIGHT_MS)


async def assign_contact(session: AsyncSession, user_id: UUID, call_id: UUID, contact_id: UUID | None) -> None:
    """Link a call to one of the user's contacts, or to none; the present link changes nothing.

    Raises:
        CallNotFoundError: the user has no such call.
        ContactNotFoundError: the user has no such contact.
    """
    if await queries.find_state(session, user_id, call_id) is None:
        raise CallNotFoundError
    if contact_id is not None:
        # Held before the call is, in the same order as a deletion of the contact does it.
        await contacts.require_contact(session, user_id, contact_id)
    await queries.set_contact(session, user_id, call_id, contact_id)


async def create_call(
    session: AsyncSession, settings: Settings, *, user_id: UUID, upload: StoredUpload, metadata: CallMetadata
) -> CallRecord:
    """Write down a new QUEUED call whose audio already lies in storage, and its first event.

    It is linked to the user's contact of its `contact_name`, which is made if need be. Uploads of one user come one
    after the other, so that they cannot share the last free place.

    `dispatched_at` is set, since `announce_call` follows the commit at once; should its message get lost, the
    dispatcher sends another one 15 s later.

    Raises:
        AccountSuspendedError: the account may not upload.
        UploadRateLimitError, ConcurrentCallsLimitError, UploadVolumeLimitError: as `check_upload`.
        ValidationFailedError: the recording is a call already; a GraphQL document may name one file twice.
        ServiceUnavailableError: the account was deleted while the upload ran.
    """
    account = await lock_account(session, user_id)
    if account is None:
        raise ServiceUnavailableError
    account.require_active()
    await check_upload(session, settings, user_id, upload.byte_size)
    now = datetime.now(UTC)
    linked_id = await contacts.find_or_create_contact(session, user_id, metadata.contact_name, metadata.phone_number)
    call = CallRecord(
        id=upload.call_id,
        user_id=user_id,
        title=metadata.title,
        original_file_name=metadata.file_name or upload.file_name,
        contact_name=metadata.contact_name,
        contact_id=metadata.contact_id,
        phone_number=metadata.phone_number,
        organization=metadata.organization,
        scryon_contact_id=linked_id,
        direction=metadata.direction,
        recorded_at=(metadata.recorded_at or now).astimezone(UTC),
        recorded_at_offset_minutes=_offset_minutes(metadata.recorded_at),
        duration_seconds=metadata.duration_seconds or None,
        byte_size=upload.byte_size,
        status=CallStatus.QUEUED,
        dispatched_at=now,
        dispatch_count=1,
    )
    session.add(call)
    try:
        await session.flush()
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != asyncpg.UniqueViolationError.sqlstate:
            raise
        raise ValidationFailedError.of("file", "must not be used twice") from None
    await put_artifact_row(
        session,
        call.id,
        ArtifactType.TEMP_AUDIO,
        storage_key=upload.storage_key,
        content_type=upload.content_type,
        byte_size=upload.byte_size,
    )
    session.add(
        CallProcessingEvent(call_id=call.id, user_id=user_id, stage=Stage.CALL_QUEUED, status=StageStatus.COMPLETED)
    )
    return call


def _offset_minutes(moment: datetime | None) -> int | None:
    offset = None if moment is None else moment.utcoffset()
    return None if offset is None else int(offset.total_seconds()) // 60


async def announce_call(resources: Resources, call: CallRecord, request_id: str) -> None:
    """Tell the workers and the subscribers of a call that has just been committed; failures are repaired elsewhere."""
    resources.metrics.calls_uploaded.inc(direction=call.direction)
    EventWriter(resources, call.id, call.user_id).log(Stage.CALL_QUEUED, StageStatus.COMPLETED)
    await asyncio.gather(
        resources.queue.send_process_call(call.id, request_id),
        resources.queue.publish_status(call.id, CallStatus.QUEUED),
    )


async def delete_calls(resources: Resources, user_id: UUID, call_ids: Sequence[UUID]) -> DeletedCalls:
    """Delete each of these calls on its own; one that cannot be removed does not stop the others.

    An unreachable database is raised, since then nothing more can be said about any of them.
    """
    distinct = list(dict.fromkeys(call_ids))
    outcomes = await _delete_each(resources, user_id, distinct)
    failed: list[tuple[UUID, ErrorCode]] = []
    for call_id, outcome in zip(distinct, outcomes, strict=True):
        if isinstance(outcome, StorageUnavailableError):
            failed.append((call_id, outcome.code))
        elif isinstance(outcome, BaseException):
            if is_unreachable(outcome):
                raise outcome
            log.error("call_not_deleted", callId=str(call_id), error=type(outcome).__name__)
            failed.append((call_id, ErrorCode.INTERNAL_ERROR))
    return DeletedCalls(outcomes.count(True), outcomes.count(False), failed)


async def delete_all_calls(resources: Resources, user_id: UUID) -> None:
    """Delete every call of the user, those that arrive meanwhile included.

    Raises:
        StorageUnavailableError: objects of a call could not be removed; its row stays.
    """
    while True:
        async with resources.database.read() as session:
            call_ids = await queries.list_call_ids(session, user_id, limit=DELETE_BATCH)
        if not call_ids:
            return
        for outcome in await _delete_each(resources, user_id, call_ids):
            if isinstance(outcome, BaseException):
                raise outcome


async def has_calls(session: AsyncSession, user_id: UUID) -> bool:
    """Whether the user has any call at all."""
    return bool(await queries.list_call_ids(session, user_id, limit=1))


async def _delete_each(resources: Resources, user_id: UUID, call_ids: Sequence[UUID]) -> list[bool | BaseException]:
    """Delete a few at a time; tells for each, in order, whether it was there, or what went wrong."""
    slots = asyncio.Semaphore(DELETES_AT_ONCE)

    async def delete_one(call_id: UUID) -> bool:
        async with slots:
            return await delete_stored_call(resources, user_id=user_id, call_id=call_id)

    outcomes = await asyncio.gather(*map(delete_one, call_ids), return_exceptions=True)
    await resources.queue.forget_calls(
        [call_id for call_id, outcome in zip(call_ids, outcomes, strict=True) if outcome is True]
    )
    return outcomes
