"""The ends of a call: what an analysis writes into tables, COMPLETED, FAILED.

Action items, sentiment row, title, summary, tags and the status change are one transaction, so that a client that sees
COMPLETED can read everything. Source: pipeline.md, sections 2 (S3), 6; analysis.md, sections 9 to 11.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.models import ActionItem, ActionSource
from app.analysis.action_items import action_item_rows
from app.analysis.call_fields import call_fields
from app.analysis.models import CallSentimentSummary
from app.analysis.sentiment import sentiment_values
from app.calls.models import CallRecord, CallStatus
from app.pipeline.claims import change_status, fail_call
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.pipeline.transcript import Transcript
from app.pipeline.worker_run import WorkerRun

log = structlog.get_logger()


async def complete(run: WorkerRun, document: dict[str, Any], transcript: Transcript) -> None:
    """Write the side effects of an analysis and make the call COMPLETED.

    Raises:
        ClaimLostError: the call is not ours any more; nothing is written.
    """
    # The claim ends with the commit: a beat after it must not take that for a loss and cancel what follows.
    run.heartbeat.release(run.claim)
    async with run.resources.database.transaction() as session:
        await change_status(
            session, run.claim, CallStatus.ANALYZING, CallStatus.COMPLETED, attempts=0, **_field_updates(document)
        )
        error = await _replace_rows(session, run.call_id, document, transcript)
    await run.resources.queue.publish_status(run.call_id, CallStatus.COMPLETED)
    if error is None:
        await run.events.write(Stage.ACTION_ITEMS_EXTRACTED, StageStatus.COMPLETED)
    else:
        await run.events.write(Stage.ACTION_ITEMS_EXTRACTED, StageStatus.FAILED, error_code=error)
    await run.events.write(Stage.CALL_COMPLETED, StageStatus.COMPLETED)
    await run.delete_temporary()


async def fail(run: WorkerRun, reason: FailureReason) -> None:
    """Make the call FAILED.

    Raises:
        ClaimLostError: the call is not ours any more.
    """
    run.heartbeat.release(run.claim)
    async with run.resources.database.transaction() as session:
        await fail_call(session, run.claim, reason)
    await run.resources.queue.publish_status(run.call_id, CallStatus.FAILED)
    await run.events.write(Stage.CALL_FAILED, StageStatus.FAILED, error_code=reason)
    await run.delete_temporary()


def _field_updates(document: dict[str, Any]) -> dict[str, Any]:
    """Title, summary and tags; what the user or the upload has set stays (analysis.md, section 11)."""
    fields, call = call_fields(document), CallRecord
    keeps_title = or_(col(call.title).is_not(None), col(call.title_edited_at).is_not(None))
    keeps_summary = col(call.summary_edited_at).is_not(None)
    return {
        "title": case((keeps_title, col(call.title)), else_=fields.title),
        "short_summary": case((keeps_summary, col(call.short_summary)), else_=fields.short_summary),
        "tags_json": list(fields.tags),
    }


async def _replace_rows(
    session: AsyncSession, call_id: UUID, document: dict[str, Any], transcript: Transcript
) -> str | None:
    """Replace AI action items and sentiment row; on failure the old rows stay and the error's name is returned."""
    try:
        async with session.begin_nested():
            await _replace_action_items(session, call_id, document, transcript)
            await _replace_sentiment(session, call_id, document)
    except Exception as error:
        log.warning("action_items_failed", callId=str(call_id), error=type(error).__name__)
        return type(error).__name__
    return None


async def _replace_action_items(
    session: AsyncSession, call_id: UUID, document: dict[str, Any], transcript: Transcript
) -> None:
    drafts = action_item_rows(document, transcript)
    statement = select(col(CallRecord.user_id), col(CallRecord.scryon_contact_id), func.clock_timestamp())
    owner = (await session.execute(statement.where(col(CallRecord.id) == call_id))).one()
    source = col(ActionItem.source)
    await session.execute(
        delete(ActionItem).where(
            col(ActionItem.call_record_id) == call_id, or_(source == ActionSource.AI, source.is_(None))
        )
    )
    now: datetime = owner[2]
    for index, draft in enumerate(drafts):
        # Items of one analysis are a microsecond apart, so that their order is the document's (rest.md 2.10).
        created_at = now + timedelta(microseconds=index)
        session.add(
            ActionItem(
                call_record_id=call_id,
                user_id=owner[0],
                contact_id=owner[1],
                source=ActionSource.AI,
                created_at=created_at,
                updated_at=created_at,
                **draft.columns(),
            )
        )
    await session.flush()


async def _replace_sentiment(session: AsyncSession, call_id: UUID, document: dict[str, Any]) -> None:
    values = sentiment_values(document)
    table = CallSentimentSummary
    if values is None:
        await session.execute(delete(table).where(col(table.call_record_id) == call_id))
        return
    when = func.coalesce(col(CallRecord.recorded_at), col(CallRecord.created_at))
    owner = (await session.execute(select(col(CallRecord.user_id), when).where(col(CallRecord.id) == call_id))).one()
    columns = {"user_id": owner[0], "recorded_at": owner[1], **values.columns()}
    statement = insert(table).values(call_record_id=call_id, **columns)
    await session.execute(statement.on_conflict_do_update(index_elements=["call_record_id"], set_=columns))
