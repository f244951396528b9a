"""Stage 3: a recording is handed to the provider, which brings the transcript later, and nobody waits for it.

Only in callback mode, and only with a provider that can call back. Source: pipeline.md, sections 3 and 5.
"""

from datetime import UTC, datetime, timedelta

from app.audio.recording import PreparedAudio
from app.calls.artifacts import find_artifact
from app.calls.models import ArtifactType
from app.pipeline.callback_urls import write_callback_url
from app.pipeline.claims import update_claimed
from app.pipeline.models import Stage, StageStatus
from app.pipeline.worker_run import WorkerRun
from app.providers.protocols import CallbackTranscriber


def find_submitter(run: WorkerRun) -> CallbackTranscriber | None:
    """Who is told where to bring the transcript; None when it is waited for."""
    transcriber = run.engines.transcriber
    is_wanted = run.resources.settings.transcription_callback_enabled
    return transcriber if is_wanted and isinstance(transcriber, CallbackTranscriber) else None


async def submit(run: WorkerRun, submitter: CallbackTranscriber, audio: PreparedAudio) -> bytes | None:
    """Hand a recording over; answers its transcript when that is there already.

    Otherwise None: then the claim is gone, and whoever takes the callback in sends the call on.

    Raises:
        HardFailureError: the provider refused, failed or took too long.
        ClaimLostError: the call is not ours any more.
    """
    settings = run.resources.settings
    assert settings.public_base_url is not None
    assert settings.webhook_secret is not None
    submitted_at = datetime.now(UTC)
    timeout = timedelta(minutes=settings.transcription_callback_timeout_minutes)
    deadline_at = (submitted_at + timeout).replace(microsecond=0)
    url = write_callback_url(
        settings.public_base_url, settings.webhook_secret, run.call_id, int(deadline_at.timestamp())
    )
    provider = run.engines.transcriber.provider
    async with run.stage(Stage.LEMONFOX_SUBMITTED, provider) as report:
        answer = await submitter.submit(audio, url)
        report.status = StageStatus.STARTED
    if answer is None and await _let_go(run, submitted_at, deadline_at):
        return None
    # The first one wins: a callback may have been faster than the answer to the submission.
    stored = await run.read(ArtifactType.RAW_TRANSCRIPT_JSON)
    if stored is not None or answer is None:
        return stored
    await run.write(ArtifactType.RAW_TRANSCRIPT_JSON, answer)
    seconds = (datetime.now(UTC) - submitted_at).total_seconds()
    run.resources.metrics.observe_stage(Stage.TRANSCRIBED, provider, seconds)
    await run.events.write(
        Stage.TRANSCRIBED, StageStatus.COMPLETED, provider=provider, duration_ms=round(seconds * 1000)
    )
    return answer


async def _let_go(run: WorkerRun, submitted_at: datetime, deadline_at: datetime) -> bool:
    """Say that a callback is awaited and end the claim; False when the callback has come already."""
    async with run.resources.database.transaction() as session:
        # Locks the row: whoever takes a callback in has either committed, and is seen below, or waits for us.
        await update_claimed(session, run.claim, transcription_submitted_at=submitted_at)
        if await find_artifact(session, run.call_id, ArtifactType.RAW_TRANSCRIPT_JSON) is not None:
            return False
        # As at the end of a call: a beat after the commit must not take it for a loss.
        run.heartbeat.release(run.claim)
        await update_claimed(
            session, run.claim, callback_deadline_at=deadline_at, claim_token=None, lease_expires_at=None
        )
    return True
