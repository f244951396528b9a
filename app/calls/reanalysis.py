"""Analysing a finished call again, on demand of its owner and before their eyes.

Who may and when, one at a time over all processes, and what is left when it does not work; the work itself is in
`app/pipeline/reanalysis.py`. Source: rest.md, section 3.3; pipeline.md, section 10.
"""

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from app.calls import queries
from app.calls.models import CallStatus
from app.cancellation import bring_to_its_end
from app.errors import (
    AnalysisFailedError,
    CallNotFoundError,
    CallNotReanalyzableError,
    FeatureNotAvailableError,
    InternalError,
    ReanalyzeInProgressError,
    ScryonError,
    ServiceUnavailableError,
)
from app.idempotency.keyed import KeyedRequest
from app.pipeline.claims import Claim, ClaimLostError, claim_completed_call, let_go
from app.pipeline.events import EventWriter
from app.pipeline.failures import HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.reanalysis import analyze_again
from app.pipeline.run import Run
from app.pipeline.spans import run_span
from app.resources import Resources

log = structlog.get_logger()


async def reanalyze_call(
    resources: Resources, *, user_id: UUID, call_id: UUID, keyed: KeyedRequest | None = None
) -> None:
    """Make transcript and analysis of a COMPLETED call anew; returns when they have replaced the old ones.

    The call is claimed like a worker does it, with a lease that this process extends while it works: another one can
    begin 15 s after its death. The answer to a `keyed` request is named in the transaction that replaces the rows.

    Raises:
        FeatureNotAvailableError: not offered in production.
        CallNotFoundError: no such call of this user, or it was deleted meanwhile.
        CallNotReanalyzableError: it is not COMPLETED.
        ReanalyzeInProgressError: another analysis of it runs.
        TranscriptNotFoundError: nothing is stored that could be analysed.
        AnalysisFailedError: the analyst did not deliver; everything stored stays as it was.
        InternalError: no transcript can be built of what is stored.
        StorageUnavailableError: the store does not answer.
        ServiceUnavailableError: somebody else has taken the call meanwhile.
    """
    if not resources.settings.offers_reanalyze:
        raise FeatureNotAvailableError
    claim = await _claim(resources, user_id, call_id)
    run = Run(resources, claim, EventWriter(resources, call_id, user_id), Heartbeat(resources.database))
    try:
        # A task of its own, since the heartbeat cancels the one that holds a lost claim.
        with structlog.contextvars.bound_contextvars(callId=str(call_id)), run_span(call_id):
            await asyncio.create_task(_work(run, keyed))
    except BaseException as error:
        is_deleted = await bring_to_its_end(_give_up(run))
        told = _explain(error, is_deleted)
        if told is None:
            raise
        raise told from error


async def _claim(resources: Resources, user_id: UUID, call_id: UUID) -> Claim:
    async with resources.database.transaction() as session:
        claim = await claim_completed_call(session, user_id, call_id)
        state = await queries.find_state(session, user_id, call_id) if claim is None else None
    if claim is not None:
        return claim
    if state is None:
        raise CallNotFoundError
    if state.status != CallStatus.COMPLETED:
        raise CallNotReanalyzableError(state.status, state.error_reason)
    raise ReanalyzeInProgressError


async def _work(run: Run, keyed: KeyedRequest | None) -> None:
    beats = asyncio.create_task(run.heartbeat.run())
    try:
        async with run.heartbeat.hold(run.claim):
            await analyze_again(run, keyed)
    except asyncio.CancelledError:
        if run.heartbeat.has_lost(run.claim):
            raise ClaimLostError from None
        raise
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats


async def _give_up(run: Run) -> bool:
    """Let go of the call, or of what the run has written if it was deleted; tells whether it was."""
    try:
        async with run.resources.database.transaction() as session:
            await let_go(session, run.claim)
        return await run.clean_up_if_deleted()
    except Exception as error:
        # The lease runs out by itself, and a prefix without a row is the orphan sweeper's.
        log.warning("reanalysis_not_tidied_up", callId=str(run.call_id), error=type(error).__name__)
        return False


def _explain(error: BaseException, is_deleted: bool) -> ScryonError | None:
    """What the owner is told instead of the error; None for what is fit to leave as it is, cancellations among it."""
    if not isinstance(error, Exception):
        return None
    if is_deleted:
        return CallNotFoundError()
    if isinstance(error, ClaimLostError):
        return ServiceUnavailableError()
    if isinstance(error, HardFailureError):
        return AnalysisFailedError(str(error.reason)) if error.reason.startswith("analysis_") else InternalError()
    return None
