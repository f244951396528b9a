"""Stage 2: who spoke when, by the recording's own channels or by a diarizer; soft, since a call can go on without.

Source: pipeline.md, sections 3.1 (A4, A5) and 3.3.
"""

import dataclasses
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

import orjson
import structlog

from app.audio.recording import ChannelMode, PreparedAudio
from app.calls.models import ArtifactType
from app.observability.error_tracking import report_error
from app.pipeline.claims import ClaimLostError
from app.pipeline.diarization import (
    DUAL_CHANNEL,
    NO_DIARIZATION,
    PYANNOTE,
    PYANNOTE_FALLBACK,
    Diarization,
    StoredState,
    read_diarization,
    read_state,
    write_state,
    write_turns,
)
from app.pipeline.failures import DiarizationFailedError, DiarizationFallback
from app.pipeline.models import Stage, StageStatus
from app.pipeline.run import CallContext
from app.pipeline.worker_run import WorkerRun
from app.providers.protocols import Diarizer, JobContext, JobTicket

log = structlog.get_logger()

NEVER_STARTED = frozenset({DiarizationFallback.TOO_LONG, DiarizationFallback.NOT_CONFIGURED})


async def read_stored_state(run: WorkerRun, stored: AbstractSet[ArtifactType]) -> StoredState | None:
    """What an earlier run has left of this stage; None when it has not begun. `stored` is what there may be."""
    state_type = ArtifactType.DIARIZATION_RESULT_STATE
    content = await run.read(state_type) if state_type in stored else None
    state = None if content is None else read_state(content)
    if state is not None and state.ticket is None:
        return state
    # A call that an operator has set back to QUEUED has lost its state but kept its turns; and a run can die between
    # storing the turns and saying so.
    content = await run.read(ArtifactType.DIARIZATION_JSON) if ArtifactType.DIARIZATION_JSON in stored else None
    if content is None:
        return state
    diarization = read_diarization(orjson.loads(content))
    if state is None:
        return StoredState(diarization, None, None)
    # The state of the job knows the model, which the provider's answer does not tell.
    return StoredState(dataclasses.replace(diarization, model=state.diarization.model), state.duration_seconds, None)


async def diarize(run: WorkerRun, context: CallContext, audio: PreparedAudio, state: StoredState | None) -> Diarization:
    """Answer who spoke when, now found or by an earlier run.

    Raises:
        ClaimLostError: the call is not ours any more.
        StorageUnavailableError: the turns could not be stored.
    """
    if state is not None and state.ticket is None:
        return state.diarization
    if audio.channel_mode is ChannelMode.DUAL_PARTY:
        async with run.stage(Stage.DIARIZED, DUAL_CHANNEL):
            diarization = Diarization(DUAL_CHANNEL, None, audio.channel_turns)
            await run.write(ArtifactType.DIARIZATION_JSON, write_turns(DUAL_CHANNEL, audio.channel_turns))
        await _store_state(run, diarization, audio)
        return diarization
    diarizer = run.engines.diarizer
    if diarizer is None:
        await run.events.write(Stage.DIARIZED, StageStatus.SKIPPED, extra={"reason": "disabled"})
        await _store_state(run, NO_DIARIZATION, audio)
        return NO_DIARIZATION
    return await _ask(run, context, audio, diarizer, state.ticket if state else None)


async def _ask(
    run: WorkerRun, context: CallContext, audio: PreparedAudio, diarizer: Diarizer, pending: JobTicket | None
) -> Diarization:
    # What breaks on our side while the provider works is no failure of the provider: the run decides about it.
    ours: list[Exception] = []

    async def remember(ticket: JobTicket) -> None:
        waiting = Diarization(diarizer.provider, diarizer.model, ())
        with _collecting(ours):
            await run.write(ArtifactType.DIARIZATION_RESULT_STATE, write_state(waiting, audio, ticket=ticket))

    async def ensure_wanted() -> None:
        with _collecting(ours):
            await run.ensure_held()

    job = JobContext(run.call_id, run.claim.token.hex, remember, ensure_wanted, pending)
    is_pyannote = diarizer.provider == PYANNOTE
    if is_pyannote:
        await run.events.write(Stage.PYANNOTE_STARTED, StageStatus.STARTED, provider=diarizer.provider)
    try:
        async with run.stage(Stage.DIARIZED, diarizer.provider):
            answer = await diarizer.diarize(audio, max_speakers=_max_speakers(run, context), job=job)
    except Exception as error:
        if isinstance(error, ClaimLostError) or error in ours:
            raise
        # Soft: the call goes on with the transcription's labels, or with one speaker.
        fallback = await _report_failure(run, diarizer, error)
        none = dataclasses.replace(NO_DIARIZATION, provider=PYANNOTE_FALLBACK) if is_pyannote else NO_DIARIZATION
        await _store_state(run, none, audio, fallback)
        return none
    await run.write(ArtifactType.DIARIZATION_JSON, answer.content)
    diarization = Diarization(diarizer.provider, diarizer.model, answer.turns)
    await _store_state(run, diarization, audio)
    return diarization


@contextmanager
def _collecting(errors: list[Exception]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        errors.append(error)
        raise


async def _report_failure(run: WorkerRun, diarizer: Diarizer, error: Exception) -> DiarizationFallback:
    if not isinstance(error, DiarizationFailedError):
        log.warning("diarization_failed", callId=str(run.call_id), exc_info=error)
        report_error(error, Stage.DIARIZED)
        error = DiarizationFailedError(DiarizationFallback.JOB_FAILED, type(error).__name__)
    run.resources.metrics.diarization_fallback.inc(reason=error.reason)
    if diarizer.provider == PYANNOTE:
        await run.events.write(
            Stage.PYANNOTE_FAILED_FALLBACK,
            StageStatus.SKIPPED if error.reason in NEVER_STARTED else StageStatus.FAILED,
            provider=diarizer.provider,
            error_code=error.reason,
            extra={"reason": error.reason, "detail": error.detail},
        )
    return error.reason


async def _store_state(
    run: WorkerRun, diarization: Diarization, audio: PreparedAudio, fallback: DiarizationFallback | None = None
) -> None:
    await run.write(ArtifactType.DIARIZATION_RESULT_STATE, write_state(diarization, audio, fallback=fallback))


def _max_speakers(run: WorkerRun, context: CallContext) -> int | None:
    """A call with a direction has two parties; of any other recording nobody knows (pipeline.md, section 3.3)."""
    hint = run.resources.settings.diarization_hint_two_speakers
    return 2 if hint and context.direction in ("INCOMING", "OUTGOING") else None
