"""Recordings that outlived their call's end, because a process died between the last commit and the delete.

The end of a call deletes its recording by itself; this is the second pair of eyes (pipeline.md, sections 6, T1, and 9,
"temp audio", for calls that have ended).
"""

from datetime import timedelta

import structlog
from sqlalchemy import func, select
from sqlmodel import col

from app.calls.artifacts import remove_artifact_row
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.resources import Resources

log = structlog.get_logger()

GRACE = timedelta(seconds=60)
"""How long a worker may take to tidy up after itself."""

MAX_PER_ROUND = 200
_TEMPORARY = (ArtifactType.TEMP_AUDIO, ArtifactType.DIARIZATION_RESULT_STATE)
_ENDED = (CallStatus.COMPLETED, CallStatus.FAILED)


async def delete_leftovers_of_ended_calls(resources: Resources) -> int:
    """Delete recording and diarization state of calls that ended a while ago; returns how many artifacts.

    Raises:
        StorageUnavailableError: an object could not be deleted; the next round tries again.
    """
    statement = (
        select(col(CallArtifact.call_id), col(CallArtifact.artifact_type), col(CallArtifact.storage_key))
        .join(CallRecord, col(CallRecord.id) == col(CallArtifact.call_id))
        .where(col(CallArtifact.artifact_type).in_(_TEMPORARY))
        .where(col(CallRecord.status).in_(_ENDED))
        .where(func.coalesce(col(CallRecord.completed_at), col(CallRecord.updated_at)) < func.now() - GRACE)
        .limit(MAX_PER_ROUND)
    )
    async with resources.database.read() as session:
        rows = (await session.execute(statement)).all()
    for call_id, artifact_type, storage_key in rows:
        await resources.storage.delete(storage_key)
        async with resources.database.transaction() as session:
            await remove_artifact_row(session, call_id, ArtifactType(artifact_type))
        log.warning("leftover_deleted", callId=str(call_id), artifact=artifact_type)
    return len(rows)
