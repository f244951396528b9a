"""What happened to a call: a log line and a row per stage and status.

A row is written in its own transaction, so that a rollback elsewhere does not lose it, and a failing write breaks
nothing. Source: pipeline.md, section 11.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import structlog
from sqlalchemy import bindparam, insert

from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.prepared import Prepared
from app.resources import Resources

log = structlog.get_logger()

MAX_ERROR_MESSAGE_CHARS = 200
_COLUMNS = ("id", "call_id", "user_id", "stage", "status", "provider", "duration_ms", "error_code", "error_message")
_INSERT = Prepared(insert(CallProcessingEvent).values({name: bindparam(f"new_{name}") for name in _COLUMNS}))


@dataclass(frozen=True, slots=True)
class EventWriter:
    """Writes the events of one call. `extra` goes to the log line only: ids, counts and codes, never content."""

    resources: Resources
    call_id: UUID
    user_id: UUID

    async def write(
        self,
        stage: Stage,
        status: StageStatus,
        *,
        provider: str | None = None,
        duration_ms: int | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
        extra: Mapping[str, int | str | None] | None = None,
    ) -> None:
        """Write one event; a call that is gone in between is dropped in silence."""
        self.log(stage, status, provider=provider, durationMs=duration_ms, errorCode=error_code, **(extra or {}))
        values = {
            "new_id": uuid4(),
            "new_call_id": self.call_id,
            "new_user_id": self.user_id,
            "new_stage": stage,
            "new_status": status,
            "new_provider": provider,
            "new_duration_ms": duration_ms,
            "new_error_code": error_code,
            "new_error_message": error_message[:MAX_ERROR_MESSAGE_CHARS] if error_message else None,
        }
        try:
            # A call has more events than all other rows together.
            await _INSERT.fetch(self.resources.database, **values)
        except asyncpg.ForeignKeyViolationError:
            return
        except Exception as error:
            # Whatever an outage raises: an event is not worth a call.
            log.warning("event_not_written", callId=str(self.call_id), error=type(error).__name__)

    def log(self, stage: Stage, status: StageStatus, **fields: int | str | None) -> None:
        """Write the line alone: for what must leave no row behind."""
        settings = self.resources.settings
        # The master switch leaves errors alone.
        if settings.logs_pipeline or (settings.pipeline_logging_enabled and status is StageStatus.FAILED):
            self._log("PIPELINE", stage=stage, status=status, **fields)

    def log_event(self, event: str, **fields: float | str | None) -> None:
        """Write a line of another event than those of stages."""
        if self.resources.settings.logs_pipeline:
            self._log(event, **fields)

    def _log(self, event: str, **fields: float | str | None) -> None:
        known = {name: value for name, value in fields.items() if value is not None}
        log.info(event, callId=str(self.call_id), **known)
