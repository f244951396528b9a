"""Recordings that stay longer than they may, and what is left of calls that have ended.

The end of a call deletes its recording by itself; this is the second pair of eyes, and the limit for calls that do not
come to their end. A call in flight goes on without: it needs no recording any more, or fails by itself.
Source: pipeline.md, sections 6 (T1), 9 ("temp audio", and "queue repair" for calls that still wait) and 15.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.errors import StorageUnavailableError
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.resources import Resources
from app.sweeps.failing import fail_calls

log = structlog.get_logger()

MAX_PER_ROUND = 500
_ENDED = (CallStatus.COMPLETED, CallStatus.FAILED)
_type, _created_at = col(CallArtifact.artifact_type), col(CallArtifact.created_at)


class _Artifact(NamedTuple):
    id: UUID
    call_id: UUID
    user_id: UUID
    artifact_type: str
    storage_key: str


async def delete_temp_audio(resources: Resources, ttl: timedelta, ended_grace: timedelta) -> int:
    """Delete recordings older than `ttl`, and recordings and states of calls that ended `ended_grace` ago.

    A QUEUED call that only its recording could bring further fails. Returns how many calls and artifacts that were. An
    object that cannot be deleted keeps its row, and so is tried again by the next round.
    """
    failed = await fail_calls(resources, FailureReason.AUDIO_MISSING, *_waits_in_vain(ttl))
    deleted = 0
    for artifact in await _list_overdue(resources, ttl, ended_grace):
        try:
            deleted += await _delete(resources, artifact)
        except StorageUnavailableError:
            log.warning("temporary_not_deleted", callId=str(artifact.call_id), artifact=artifact.artifact_type)
    return failed + deleted


def _waits_in_vain(ttl: timedelta) -> tuple[ColumnElement[bool], ...]:
    of_call = col(CallArtifact.call_id) == col(CallRecord.id)
    return (
        col(CallRecord.status) == CallStatus.QUEUED,
        exists().where(of_call, _is_overdue_audio(ttl)),
        # One that was set back by an operator goes on from what was heard then.
        ~exists().where(of_call, _type == ArtifactType.RAW_TRANSCRIPT_JSON),
    )


async def _list_overdue(resources: Resources, ttl: timedelta, ended_grace: timedelta) -> list[_Artifact]:
    ended_at = func.coalesce(col(CallRecord.completed_at), col(CallRecord.updated_at))
    of_ended_call = and_(
        _type.in_((ArtifactType.TEMP_AUDIO, ArtifactType.DIARIZATION_RESULT_STATE)),
        col(CallRecord.status).in_(_ENDED),
        ended_at < func.now() - ended_grace,
    )
    statement = (
        select(
            col(CallArtifact.id),
            col(CallArtifact.call_id),
            col(CallRecord.user_id),
            _type,
            col(CallArtifact.storage_key),
        )
        .join(CallRecord, col(CallRecord.id) == col(CallArtifact.call_id))
        .where(or_(_is_overdue_audio(ttl), of_ended_call))
        .order_by(_created_at)
        .limit(MAX_PER_ROUND)
    )
    async with resources.database.read() as session:
        return [_Artifact(*row) for row in await session.execute(statement)]


def _is_overdue_audio(ttl: timedelta) -> ColumnElement[bool]:
    return and_(_type == ArtifactType.TEMP_AUDIO, _created_at < func.now() - ttl)


async def _delete(resources: Resources, artifact: _Artifact) -> bool:
    """Delete object and row; tells whether it was this sweep that did. Raises StorageUnavailableError."""
    await resources.storage.delete(artifact.storage_key)
    async with resources.database.transaction() as session:
        statement = delete(CallArtifact).where(col(CallArtifact.id) == artifact.id).returning(col(CallArtifact.id))
        is_ours = (await session.execute(statement)).one_or_none() is not None
    if is_ours and artifact.artifact_type == ArtifactType.TEMP_AUDIO:
        events = EventWriter(resources, artifact.call_id, artifact.user_id)
        await events.write(Stage.TEMP_AUDIO_DELETED, StageStatus.COMPLETED)
    return is_ours
