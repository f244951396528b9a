"""The ends of a call: COMPLETED, FAILED.

What an analysis writes into tables and the status change are one transaction, so that a client that sees COMPLETED can
read everything. Source: pipeline.md, sections 2 (S3) and 6.
"""

from typing import Any

from app.calls.models import CallStatus
from app.pipeline.aftermath import announce, delete_temporary, tell_failure
from app.pipeline.analysis_rows import field_updates, replace_rows, write_rows_event
from app.pipeline.claims import change_status, fail_call
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.pipeline.transcript import Transcript
from app.pipeline.worker_run import WorkerRun


async def complete(run: WorkerRun, document: dict[str, Any], transcript: Transcript) -> None:
    """Write the side effects of an analysis and make the call COMPLETED.

    Raises:
        ClaimLostError: the call is not ours any more; nothing is written.
    """
    # The claim ends with the commit: a beat after it must not take that for a loss and cancel what follows.
    run.heartbeat.release(run.claim)
    async with run.resources.database.transaction() as session:
        await change_status(
            session, run.claim, CallStatus.ANALYZING, CallStatus.COMPLETED, attempts=0, **field_updates(document)
        )
        written = await replace_rows(session, run.call_id, document, transcript)
    run.resources.metrics.calls_completed.inc()
    await announce(run.resources, run.call_id, CallStatus.COMPLETED)
    await write_rows_event(run.events, written)
    await run.events.write(Stage.CALL_COMPLETED, StageStatus.COMPLETED)
    await delete_temporary(run.events)


async def fail(run: WorkerRun, reason: FailureReason) -> None:
    """Make the call FAILED.

    Raises:
        ClaimLostError: the call is not ours any more.
    """
    run.heartbeat.release(run.claim)
    async with run.resources.database.transaction() as session:
        await fail_call(session, run.claim, reason)
    await tell_failure(run.events, reason)
