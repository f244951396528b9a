"""How old something has to be before a sweep takes it away. Source: pipeline.md, sections 9 and 15."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from app.idempotency.queries import KEPT
from app.settings import Settings

ENDED_CALL_GRACE = timedelta(seconds=60)
"""How long a worker may take to tidy up after the end of a call."""


@dataclass(frozen=True, slots=True)
class Ages:
    """The age at which each kind of thing goes; as it is by default, nothing is too young.

    A callback has a deadline of its own, which is on its row.
    """

    stale_job: timedelta = timedelta(0)
    temp_audio: timedelta = timedelta(0)
    ended_call: timedelta = timedelta(0)
    orphan: timedelta = timedelta(0)
    processing_event: timedelta = timedelta(0)
    idempotency_record: timedelta = timedelta(0)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The ages of an installation."""
        return cls(
            stale_job=timedelta(minutes=settings.stale_job_timeout_minutes),
            temp_audio=timedelta(hours=settings.object_storage_temp_audio_ttl_hours),
            ended_call=ENDED_CALL_GRACE,
            orphan=timedelta(minutes=settings.orphan_grace_minutes),
            processing_event=timedelta(days=settings.event_retention_days),
            idempotency_record=KEPT,
        )
