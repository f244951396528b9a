"""What follows the commit that ended a call: who is told, and what is deleted.

None of it changes the status any more, and whoever dies in between leaves the rest to the sweepers.
Source: pipeline.md, section 6.
"""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import bindparam, func, select
from sqlmodel import col

from app.calls.artifacts import find_artifact, remove_artifact_row
from app.calls.deletion import forget_deleted_calls
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.resources import Resources
from app.storage.keys import document_key

log = structlog.get_logger()

DELETE_SECONDS = 5.0
"""How long the end of a call waits for the deletion of an artifact: both take less than a worker has to stop."""

_AGE = select(func.extract("epoch", func.clock_timestamp() - col(CallRecord.created_at))).where(
    col(CallRecord.id) == bindparam("wanted_call")
)


async def tell_failure(events: EventWriter, reason: FailureReason) -> None:
    """Tell everybody, and the history of a call, that it has just FAILED, and delete what was temporary of it."""
    events.resources.metrics.calls_failed.inc(reason=reason)
    await announce(events.resources, events.call_id, CallStatus.FAILED)
    await events.write(Stage.CALL_FAILED, StageStatus.FAILED, error_code=reason)
    await delete_temporary(events)


async def announce(resources: Resources, call_id: UUID, status: CallStatus) -> None:
    """Tell subscribers and, where push is configured, the owner's phone of a terminal status that is committed.

    Once for each change of status, by whoever made it; best effort. A push goes out under the id of the present
    request, as its message or its headers have brought it.
    """
    await resources.queue.publish_status(call_id, status)
    if resources.settings.sends_pushes:
        request_id: str | None = structlog.contextvars.get_contextvars().get("reqId")
        await resources.queue.send_notify_call(call_id, status, request_id)
        await _take_back_if_deleted(resources, call_id)
    await _observe_duration(resources, call_id)


async def _take_back_if_deleted(resources: Resources, call_id: UUID) -> None:
    """Whoever has deleted the call since the commit has looked through the queue before; best effort, too."""
    try:
        await forget_deleted_calls(resources, [call_id])
    except Exception as error:
        # An outage must not keep the recording from being deleted; a push about a call that is gone is not sent.
        log.warning("message_not_taken_back", callId=str(call_id), error=type(error).__name__)


async def _observe_duration(resources: Resources, call_id: UUID) -> None:
    """Note how long the call took from its row to its last commit, by the database's clock; best effort, too."""
    try:
        async with resources.database.autocommit() as connection:
            seconds = await connection.scalar(_AGE, {"wanted_call": call_id})
    except Exception as error:
        log.warning("duration_not_observed", callId=str(call_id), error=type(error).__name__)
    else:
        if seconds is not None:
            resources.metrics.pipeline_total_duration.observe(float(seconds))


async def delete_temporary(events: EventWriter) -> None:
    """Delete recording and diarization state of an ended call; a failure is logged and left to the sweeper.

    So is a store that hangs: neither the other calls of a sweep nor the end of a worker wait for it.
    """
    for artifact_type in (ArtifactType.TEMP_AUDIO, ArtifactType.DIARIZATION_RESULT_STATE):
        try:
            async with asyncio.timeout(DELETE_SECONDS):
                await _delete_artifact(events, artifact_type)
        except Exception as error:
            log.warning("temporary_not_deleted", callId=str(events.call_id), error=type(error).__name__)


async def _delete_artifact(events: EventWriter, artifact_type: ArtifactType) -> None:
    resources = events.resources
    async with resources.database.autocommit() as connection:
        artifact = await find_artifact(connection, events.call_id, artifact_type)
    if artifact is None:
        if artifact_type is ArtifactType.DIARIZATION_RESULT_STATE:
            # A run that was cut off between the object and its row, as by a failed transcription beside it.
            await resources.storage.delete(document_key(events.user_id, events.call_id, artifact_type))
        return
    await resources.storage.delete(artifact.storage_key)
    async with resources.database.autocommit() as connection:
        await remove_artifact_row(connection, events.call_id, artifact_type)
    if artifact_type is ArtifactType.TEMP_AUDIO:
        await events.write(Stage.TEMP_AUDIO_DELETED, StageStatus.COMPLETED)
