"""The callback that never comes: at its deadline the call fails, and is not submitted again.

A callback that comes at the same moment either finds the call failed or keeps it from failing.
Source: pipeline.md, sections 5 and 9, "callback".
"""

from sqlalchemy import func
from sqlmodel import col

from app.calls.models import CallRecord, CallStatus
from app.pipeline.failures import FailureReason
from app.resources import Resources
from app.sweeps.failing import fail_calls


async def fail_overdue_callbacks(resources: Resources) -> int:
    """Fail the calls whose callback is overdue; returns how many."""
    return await fail_calls(
        resources,
        FailureReason.TRANSCRIPTION_CALLBACK_TIMEOUT,
        col(CallRecord.status) == CallStatus.TRANSCRIBING,
        col(CallRecord.callback_deadline_at) < func.now(),
    )
