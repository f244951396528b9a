"""What an analysis writes into tables: action items, sentiment row, and fields of the call.

Source: analysis.md, sections 9 to 11.
"""

from dataclasses import dataclass
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
from app.calls.models import CallRecord
from app.idempotency.queries import drop_answers
from app.observability.error_tracking import report_error
from app.pipeline.events import EventWriter
from app.pipeline.models import Stage, StageStatus
from app.pipeline.spans import stage_span
from app.pipeline.transcript import Transcript

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """How many action items were written, and the name of the error that has kept the old rows where they were."""

    action_items: int
    error: str | None = None


def field_updates(document: dict[str, Any]) -> dict[str, Any]:
    """Title, summary and tags; what the user or the upload has set stays (analysis.md, section 11)."""
    fields, call = call_fields(document), CallRecord
    keeps_title = or_(col(call.title).is_not(None), col(call.title_edited_at).is_not(None))
    keeps_summary = col(call.summary_edited_at).is_not(None)
    return {
        "title": case((keeps_title, col(call.title)), else_=fields.title),
        "short_summary": case((keeps_summary, col(call.short_summary)), else_=fields.short_summary),
        "tags_json": list(fields.tags),
    }


async def replace_rows(
    session: AsyncSession, call_id: UUID, document: dict[str, Any], transcript: Transcript
) -> WrittenRows:
    """Replace AI action items and sentiment row; on failure the old rows stay."""
    try:
        async with session.begin_nested():
            with stage_span(call_id, Stage.ACTION_ITEMS_EXTRACTED):
                count = await _replace_action_items(session, call_id, document, transcript)
                await _replace_sentiment(session, call_id, document)
    except Exception as error:
        log.warning("action_items_failed", callId=str(call_id), error=type(error).__name__)
        report_error(error, Stage.ACTION_ITEMS_EXTRACTED)
        return WrittenRows(0, type(error).__name__)
    return WrittenRows(count)


async def write_rows_event(events: EventWriter, written: WrittenRows) -> None:
    """Tell how `replace_rows` went, after its transaction."""
    if written.error is None:
        events.resources.metrics.action_items_extracted.inc(written.action_items)
        await events.write(Stage.ACTION_ITEMS_EXTRACTED, StageStatus.COMPLETED)
    else:
        await events.write(Stage.ACTION_ITEMS_EXTRACTED, StageStatus.FAILED, error_code=written.error)


async def _replace_action_items(
    session: AsyncSession, call_id: UUID, document: dict[str, Any], transcript: Transcript
) -> int:
    drafts = action_item_rows(document, transcript)
    statement = select(col(CallRecord.user_id), col(CallRecord.scryon_contact_id), func.clock_timestamp())
    owner = (await session.execute(statement.where(col(CallRecord.id) == call_id))).one()
    source = col(ActionItem.source)
    replaced = await session.scalars(
        delete(ActionItem)
        .where(col(ActionItem.call_record_id) == call_id, or_(source == ActionSource.AI, source.is_(None)))
        .returning(col(ActionItem.id))
    )
    # After the rows: whoever changes an item under a key holds its row, and names it before letting go.
    await drop_answers(session, owner[0], replaced.all())
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
    return len(drafts)


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
