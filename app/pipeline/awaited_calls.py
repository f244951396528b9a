"""What callbacks do to rows of calls: every statement of theirs.

`callback_deadline_at` is set while a callback is awaited, and cleared in the transaction that ends the wait, whatever
ends it: a transcript, a failure, or the sweep after the deadline (`app/sweeps/callbacks.py`).
Source: pipeline.md, section 5.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.artifacts import find_artifact
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.claims import failed_values
from app.pipeline.failures import FailureReason


@dataclass(frozen=True, slots=True)
class Recipient:
    """A call that a transcript has come for. `submitted_at` is None unless a callback is awaited."""

    call_id: UUID
    user_id: UUID
    is_transcribing: bool
    has_transcript: bool
    is_awaited: bool
    submitted_at: datetime | None

    @property
    def wants_transcript(self) -> bool:
        """Whether the transcript is the first one and comes in time; a worker need not have said that it waits."""
        return self.is_transcribing and not self.has_transcript


async def find_recipient(session: AsyncSession, call_id: UUID, *, locks: bool = False) -> Recipient | None:
    """The call as it is now, None when it is gone; with `locks` it stays so until the transaction ends."""
    call = CallRecord
    statement = select(
        col(call.user_id), col(call.status), col(call.callback_deadline_at), col(call.transcription_submitted_at)
    ).where(col(call.id) == call_id)
    if locks:
        # The weaker kind of lock: events of the call can still be written.
        statement = statement.with_for_update(key_share=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    # A statement of its own: it sees what was committed while the one before waited for the lock.
    transcript = await find_artifact(session, call_id, ArtifactType.RAW_TRANSCRIPT_JSON)
    is_awaited = row.callback_deadline_at is not None
    return Recipient(
        call_id=call_id,
        user_id=row.user_id,
        is_transcribing=row.status == CallStatus.TRANSCRIBING,
        has_transcript=transcript is not None,
        is_awaited=is_awaited,
        submitted_at=row.transcription_submitted_at if is_awaited else None,
    )


async def note_transcript(session: AsyncSession, recipient: Recipient) -> None:
    """End the wait of a locked call whose transcript is stored: a worker may take it.

    A lease is left alone, since it belongs to somebody: to a worker that has not yet said that it waits, or to a
    deletion. A call that was awaited counts as sent, since its message follows the commit.
    """
    values: dict[str, Any] = {"attempts": 0}
    if recipient.is_awaited:
        values |= {
            "callback_deadline_at": None,
            "dispatched_at": func.now(),
            "dispatch_count": col(CallRecord.dispatch_count) + 1,
        }
    await session.execute(update(CallRecord).where(col(CallRecord.id) == recipient.call_id).values(**values))


async def fail_recipient(session: AsyncSession, recipient: Recipient, reason: FailureReason) -> None:
    """Make a locked call FAILED; a worker that has not yet said that it waits loses its claim."""
    statement = update(CallRecord).where(col(CallRecord.id) == recipient.call_id)
    await session.execute(statement.values(**failed_values(reason)))
