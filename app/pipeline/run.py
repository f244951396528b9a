"""One run of one call: its claim, and reading artifacts and writing events under it.

What only a worker needs beside it is in `app/pipeline/worker_run.py`.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlmodel import col

from app.calls.artifacts import read_artifact
from app.calls.deletion import delete_late_objects
from app.calls.models import ArtifactType, CallRecord
from app.observability.error_tracking import note_stage
from app.pipeline.claims import Claim, ClaimLostError, Loss, ensure_held, find_loss
from app.pipeline.events import EventWriter
from app.pipeline.failures import DiarizationFailedError, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.models import Stage, StageStatus
from app.pipeline.spans import stage_span
from app.resources import Resources
from app.users.models import User

_CONTEXT = (
    select(
        col(CallRecord.title),
        col(CallRecord.contact_name),
        col(CallRecord.phone_number),
        col(CallRecord.direction),
        col(CallRecord.recorded_at),
        col(CallRecord.created_at),
        col(CallRecord.recorded_at_offset_minutes),
        col(User.display_name),
    )
    .join(User, col(User.id) == col(CallRecord.user_id))
    .where(col(CallRecord.id) == bindparam("wanted_call"))
)


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
    """What a stage wants on its last event, filled in while it runs; one that has only STARTED took no time yet."""

    provider: str | None = None
    status: StageStatus = StageStatus.COMPLETED
    extra: dict[str, int | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed call and what every stage needs."""

    resources: Resources
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
        await self.ensure_held()
        report, started = StageReport(provider), time.monotonic()
        try:
            with stage_span(self.call_id, stage):
                yield report
        except ClaimLostError:
            raise
        except Exception as error:
            note_stage(error, stage)
            if isinstance(error, HardFailureError | DiarizationFailedError):
                code = str(error.reason)
            else:
                code = type(error).__name__
            self.resources.metrics.observe_stage(stage, provider, time.monotonic() - started)
            await self.events.write(
                stage, StageStatus.FAILED, provider=provider, duration_ms=milliseconds_since(started), error_code=code
            )
            raise
        self.resources.metrics.observe_stage(stage, report.provider, time.monotonic() - started)
        duration_ms = milliseconds_since(started) if report.status is StageStatus.COMPLETED else None
        await self.events.write(
            stage, report.status, provider=report.provider, duration_ms=duration_ms, extra=report.extra
        )

    async def ensure_held(self) -> None:
        """Raises ClaimLostError when the call is not ours any more."""
        await ensure_held(self.resources.database, self.claim)

    async def read_context(self) -> CallContext:
        """Raises ClaimLostError when the call is gone."""
        async with self.resources.database.autocommit() as connection:
            row = (await connection.execute(_CONTEXT, {"wanted_call": self.call_id})).one_or_none()
        if row is None:
            raise ClaimLostError
        offset = timezone(timedelta(minutes=row.recorded_at_offset_minutes or 0))
        return CallContext(
            title=row.title,
            contact_name=row.contact_name,
            phone_number=row.phone_number,
            direction=row.direction,
            recorded_at=(row.recorded_at or row.created_at).astimezone(offset),
            user_display_name=row.display_name or None,
        )

    async def read(self, artifact_type: ArtifactType) -> bytes | None:
        """The content of an artifact, None when it is missing."""
        artifact = await read_artifact(self.resources, self.call_id, artifact_type)
        return None if artifact is None else artifact[0]

    async def clean_up_if_deleted(self) -> bool:
        """After a lost claim: remove what this run wrote, if the call was deleted meanwhile (pipeline.md 8, D4).

        Tells whether it was. What is written of a call that is just being deleted goes with the rest of it.
        """
        async with self.resources.database.read() as session:
            loss = await find_loss(session, self.call_id)
        if loss is Loss.DELETED:
            await delete_late_objects(self.resources, self.claim.user_id, self.call_id)
        if loss is not Loss.TAKEN:
            self.events.log(Stage.CALL_CANCELLED, StageStatus.COMPLETED)
        return loss is Loss.DELETED


def milliseconds_since(started: float) -> int:
    """How long ago a reading of the monotonic clock was."""
    return round((time.monotonic() - started) * 1000)
