"""One run of one call: its claim, and reading and writing artifacts and events under it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlmodel import col

from app.calls.artifacts import find_artifact, put_artifact_row, read_artifact, remove_artifact_row
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.claims import Claim, ClaimLostError, call_exists, change_status, ensure_held, update_claimed
from app.pipeline.events import EventWriter
from app.pipeline.failures import HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.models import Stage, StageStatus
from app.providers.engines import Engines
from app.resources import Resources
from app.storage.keys import call_prefix, document_key
from app.users.models import User

log = structlog.get_logger()

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class CallContext:
    """What the stages may know about a call besides its audio."""

    title: str | None
    contact_name: str | None
    phone_number: str | None
    direction: str
    recorded_at: datetime
    user_display_name: str | None


@dataclass(slots=True)
class StageReport:
    """What a stage wants on its COMPLETED event, filled in while it runs."""

    provider: str | None = None
    extra: dict[str, int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed call and everything that its stages need."""

    resources: Resources
    engines: Engines
    claim: Claim
    events: EventWriter
    heartbeat: Heartbeat

    @property
    def call_id(self) -> UUID:
        return self.claim.call_id

    @asynccontextmanager
    async def stage(self, stage: Stage, provider: str | None = None) -> AsyncIterator[StageReport]:
        """Check the claim, run the block, write its COMPLETED event with the time that it took, or its FAILED event.

        Raises:
            ClaimLostError: the call is not ours any more; nothing is written.
        """
        async with self.resources.database.read() as session:
            await ensure_held(session, self.claim)
        report, started = StageReport(provider), time.monotonic()
        try:
            yield report
        except ClaimLostError:
            raise
        except Exception as error:
            code = str(error.reason) if isinstance(error, HardFailureError) else type(error).__name__
            await self.events.write(
                stage, StageStatus.FAILED, provider=provider, duration_ms=_since(started), error_code=code
            )
            raise
        await self.events.write(
            stage, StageStatus.COMPLETED, provider=report.provider, duration_ms=_since(started), extra=report.extra
        )

    async def read_context(self) -> CallContext:
        """Raises ClaimLostError when the call is gone."""
        call = CallRecord
        statement = (
            select(
                col(call.title),
                col(call.contact_name),
                col(call.phone_number),
                col(call.direction),
                col(call.recorded_at),
                col(call.created_at),
                col(call.recorded_at_offset_minutes),
                col(User.display_name),
            )
            .join(User, col(User.id) == col(call.user_id))
            .where(col(call.id) == self.call_id)
        )
        async with self.resources.database.read() as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            raise ClaimLostError
        offset = timezone(timedelta(minutes=row.recorded_at_offset_minutes or 0))
        return CallContext(
            title=row.title,
            contact_name=row.contact_name,
            phone_number=row.phone_number,
            direction=row.direction,
            recorded_at=(row.recorded_at or row.created_at).astimezone(offset),
            user_display_name=row.display_name,
        )

    async def read(self, artifact_type: ArtifactType) -> bytes | None:
        """The content of an artifact, None when it is missing."""
        artifact = await read_artifact(self.resources, self.call_id, artifact_type)
        return None if artifact is None else artifact[0]

    async def find_audio_key(self) -> str | None:
        """Where the recording lies, None when it is gone."""
        async with self.resources.database.read() as session:
            artifact = await find_artifact(session, self.call_id, ArtifactType.TEMP_AUDIO)
        return None if artifact is None else artifact.storage_key

    async def write(
        self,
        artifact_type: ArtifactType,
        content: bytes,
        *,
        schema_version: int | None = None,
        moves_to_analyzing: bool = False,
    ) -> None:
        """Store a document: the object first, then the row, in one transaction with a change of status if asked for.

        Progress sets the number of attempts back to 0.

        Raises:
            ClaimLostError: the call is not ours any more.
            StorageUnavailableError: the store did not take the object.
        """
        key = document_key(self.claim.user_id, self.call_id, artifact_type)
        await self.resources.storage.put(key, content)
        async with self.resources.database.transaction() as session:
            await update_claimed(session, self.claim, attempts=0)
            if moves_to_analyzing:
                await change_status(session, self.claim, CallStatus.TRANSCRIBING, CallStatus.ANALYZING)
                # An analysis from before this run is stale; a resumed run must not take it for its own.
                await remove_artifact_row(session, self.call_id, ArtifactType.ANALYSIS_JSON)
            await put_artifact_row(
                session,
                self.call_id,
                artifact_type,
                storage_key=key,
                content_type=JSON_TYPE,
                byte_size=len(content),
                schema_version=schema_version,
            )
        if moves_to_analyzing:
            await self.resources.queue.publish_status(self.call_id, CallStatus.ANALYZING)

    async def clean_up_if_deleted(self) -> None:
        """After a lost claim: remove what this run wrote, if the call was deleted meanwhile (pipeline.md 8, D4)."""
        async with self.resources.database.read() as session:
            if await call_exists(session, self.call_id):
                return
        await self.resources.storage.delete_prefix(call_prefix(self.claim.user_id, self.call_id))
        self.events.log(Stage.CALL_CANCELLED, StageStatus.COMPLETED)

    async def delete_temporary(self) -> None:
        """Delete recording and diarization state after the end; a failure is logged and left to the sweeper."""
        for artifact_type in (ArtifactType.TEMP_AUDIO, ArtifactType.DIARIZATION_RESULT_STATE):
            try:
                await self._delete_artifact(artifact_type)
            except Exception as error:
                log.warning("temporary_not_deleted", callId=str(self.call_id), error=type(error).__name__)

    async def _delete_artifact(self, artifact_type: ArtifactType) -> None:
        async with self.resources.database.read() as session:
            artifact = await find_artifact(session, self.call_id, artifact_type)
        if artifact is None:
            return
        await self.resources.storage.delete(artifact.storage_key)
        async with self.resources.database.transaction() as session:
            await remove_artifact_row(session, self.call_id, artifact_type)
        if artifact_type is ArtifactType.TEMP_AUDIO:
            await self.events.write(Stage.TEMP_AUDIO_DELETED, StageStatus.COMPLETED)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
