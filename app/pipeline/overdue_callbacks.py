"""The callback that never comes: at its deadline the call fails, and is not submitted again.

A callback that comes at the same moment either finds the call failed or keeps it from failing.
Source: pipeline.md, sections 5 and 9, "callback".
"""

import structlog

from app.pipeline.aftermath import tell_failure
from app.pipeline.awaited_calls import fail_overdue_calls
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.resources import Resources

log = structlog.get_logger()

MAX_PER_ROUND = 200


async def fail_overdue_callbacks(resources: Resources) -> int:
    """Fail the calls whose callback is overdue; returns how many."""
    reason = FailureReason.TRANSCRIPTION_CALLBACK_TIMEOUT
    async with resources.database.transaction() as session:
        overdue = await fail_overdue_calls(session, reason, limit=MAX_PER_ROUND)
    for call_id, user_id in overdue:
        log.warning("callback_overdue", callId=str(call_id))
        events = EventWriter(resources, call_id, user_id)
        await events.write(Stage.CALL_SWEPT, StageStatus.COMPLETED, extra={"reason": reason})
        await tell_failure(events, reason)
    return len(overdue)
