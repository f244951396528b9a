"""Takes a claimed call through its stages to COMPLETED or FAILED.

The stages that decide are pure functions; this module does the I/O around them, in their order, and resumes where an
earlier run has stopped. Source: pipeline.md, sections 2 to 4.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.calls.models import ArtifactType, CallStatus
from app.cancellation import bring_to_its_end
from app.errors import StorageUnavailableError
from app.observability.error_tracking import report_error
from app.pipeline import finishing
from app.pipeline.analyzing import ANALYSIS_SCHEMA_VERSION, ask_analyst, read_analysis
from app.pipeline.claims import BACK_OFFS, ClaimLostError, claim_call, give_back, read_attempts
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.listening import listen
from app.pipeline.models import Stage
from app.pipeline.run import CallContext
from app.pipeline.spans import RUN, run_span
from app.pipeline.transcript import Transcript
from app.pipeline.transcript_stages import read_transcript, write_transcript
from app.pipeline.worker_run import WorkerRun
from app.providers.engines import Engines
from app.resources import Resources

log = structlog.get_logger()


async def process_call(resources: Resources, engines: Engines, heartbeat: Heartbeat, call_id: UUID) -> None:
    """Take a claimable call to its end; a second delivery finds nothing to claim and ends at once."""
    async with resources.database.autocommit() as connection:
        claim = await claim_call(connection, call_id)
    if claim is None:
        return
    run = WorkerRun(resources, claim, EventWriter(resources, call_id, claim.user_id), heartbeat, engines)
    with structlog.contextvars.bound_contextvars(userId=str(claim.user_id)), run_span(call_id):
        await _hold_and_process(run, heartbeat)


async def _hold_and_process(run: WorkerRun, heartbeat: Heartbeat) -> None:
    async with heartbeat.hold(run.claim):
        try:
            await _process(run, run.resources.settings.pipeline_max_attempts)
        except ClaimLostError:
            # A beat must not take the loss, which is known, for a reason to stop what is done about it.
            heartbeat.release(run.claim)
            await bring_to_its_end(run.clean_up_if_deleted())
        except asyncio.CancelledError:
            # By the heartbeat, for a lost claim or a shutdown, or by the time limit: the run has ended in order, and so
            # does the task.
            await _stop(run, heartbeat)


async def _stop(run: WorkerRun, heartbeat: Heartbeat) -> None:
    """After a cancellation: the claim is gone, or others may go on at once.

    A shutdown does not count as an attempt. The time limit of the actor does: else a call that hangs each time would be
    tried for ever.
    """
    # A second signal, or a beat after the claim has ended, must not stop what is done here.
    heartbeat.release(run.claim)
    if heartbeat.has_lost(run.claim):
        await bring_to_its_end(run.clean_up_if_deleted())
        return
    async with run.resources.database.transaction() as session:
        await give_back(session, run.claim, rest=timedelta(0), refund_attempt=heartbeat.is_stopping)


async def _process(run: WorkerRun, max_attempts: int) -> None:
    try:
        if run.claim.attempts > max_attempts:
            raise HardFailureError(FailureReason.ATTEMPTS_EXHAUSTED)
        await _run_stages(run)
    except ClaimLostError:
        raise
    except HardFailureError as error:
        await finishing.fail(run, error.reason)
    except Exception as error:
        await _give_up_or_rest(run, error, max_attempts)


async def _give_up_or_rest(run: WorkerRun, error: Exception, max_attempts: int) -> None:
    """Storage, database and unexpected errors: rest and try again, or fail at the last attempt without progress.

    Raises:
        ClaimLostError: the call is not ours any more, which may be what broke the run.
    """
    async with run.resources.database.read() as session:
        attempts = await read_attempts(session, run.claim)
    log.error("run_failed", callId=str(run.call_id), attempt=attempts, exc_info=error)
    report_error(error, RUN)
    if attempts < max_attempts:
        rest = BACK_OFFS[min(max(attempts, 1), len(BACK_OFFS)) - 1]
        async with run.resources.database.transaction() as session:
            await give_back(session, run.claim, rest=rest)
        return
    is_storage = isinstance(error, StorageUnavailableError)
    await finishing.fail(run, FailureReason.STORAGE_ERROR if is_storage else FailureReason.INTERNAL_ERROR)


async def _run_stages(run: WorkerRun) -> None:
    context = await run.read_context()
    transcript = await _find_transcript(run, context)
    if transcript is None:
        # A callback is awaited; whoever takes it in sends the call to a worker again.
        return
    document = await _analyze(run, context, transcript)
    await finishing.complete(run, document, transcript)


async def _find_transcript(run: WorkerRun, context: CallContext) -> Transcript | None:
    """The named transcript, made now or by an earlier run; None when what was said is to be brought later.

    A function of its own, so that nothing keeps the recording in memory while the analyst works.
    """
    transcript = await read_transcript(run) if run.claim.status is CallStatus.ANALYZING else None
    if transcript is not None:
        return transcript
    heard = await listen(run, context)
    return None if heard is None else await write_transcript(run, context, heard)


async def _analyze(run: WorkerRun, context: CallContext, transcript: Transcript) -> dict[str, Any]:
    """Answer the analysis, made now or by an earlier run of this call; its bytes are stored as they came."""
    if run.claim.status is CallStatus.ANALYZING:
        stored = await run.read(ArtifactType.ANALYSIS_JSON)
        if stored is not None:
            return read_analysis(stored)
    analyst = run.engines.analyst
    async with run.stage(Stage.ANALYZED, analyst.provider) as report:
        analysis = await ask_analyst(analyst, run.call_id, context, transcript)
        report.extra |= analysis.facts
        await run.write(ArtifactType.ANALYSIS_JSON, analysis.content, schema_version=ANALYSIS_SCHEMA_VERSION)
    return analysis.document
