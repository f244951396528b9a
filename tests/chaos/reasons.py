"""Which fault explains that a call has failed. Source: pipeline.md, sections 3.3 to 3.5; analysis.md, section 8."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.pipeline.failures import FailureReason
from tests.chaos.plan import FaultKind

MAX_ATTEMPTS = 5
"""The default of SCRYON_PIPELINE_MAX_ATTEMPTS."""

SLACK = timedelta(seconds=12)
"""How long after the end of a fault it may still show: a request's timeout, a repeat, and the end of a busy run."""

BY_PROVIDERS: Mapping[FailureReason, FaultKind] = {
    FailureReason.TRANSCRIPTION_UNAVAILABLE: FaultKind.LEMONFOX_DOWN,
    FailureReason.TRANSCRIPTION_4XX: FaultKind.LEMONFOX_REFUSES,
    FailureReason.TRANSCRIPTION_TIMEOUT: FaultKind.LEMONFOX_SILENT,
    FailureReason.TRANSCRIPTION_INVALID_RESPONSE: FaultKind.LEMONFOX_GARBLED,
    FailureReason.ANALYSIS_UNAVAILABLE: FaultKind.OPENAI_DOWN,
    FailureReason.ANALYSIS_4XX: FaultKind.OPENAI_REFUSES,
    FailureReason.ANALYSIS_TIMEOUT: FaultKind.OPENAI_SILENT,
    FailureReason.ANALYSIS_INVALID_RESPONSE: FaultKind.OPENAI_GARBLED,
}
"""Documented failures of a provider are final at once: one fault at the right time is enough."""

BY_WEAR: Mapping[FailureReason, frozenset[FaultKind]] = {
    FailureReason.STORAGE_ERROR: frozenset({FaultKind.STORAGE_DOWN}),
    FailureReason.INTERNAL_ERROR: frozenset({FaultKind.POSTGRES_RESTARTED}),
    FailureReason.ATTEMPTS_EXHAUSTED: frozenset({FaultKind.WORKER_KILLED}),
}
"""What ends the last attempt of a call; it takes as many faults as a call has attempts to get there."""

_COST_AN_ATTEMPT = frozenset({FaultKind.WORKER_KILLED, FaultKind.POSTGRES_RESTARTED, FaultKind.STORAGE_DOWN})


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault as it came about."""

    kind: FaultKind
    started_at: datetime
    ended_at: datetime


def is_explained(reason: str, created_at: datetime, failed_at: datetime, faults: Collection[Injected]) -> bool:
    """Whether a call that lived so long may have failed for this reason."""
    recent = {fault.kind for fault in faults if fault.started_at <= failed_at <= fault.ended_at + SLACK}
    if reason in BY_PROVIDERS:
        return BY_PROVIDERS[FailureReason(reason)] in recent
    if reason not in BY_WEAR:
        return False
    costly = [fault for fault in faults if fault.kind in _COST_AN_ATTEMPT and fault.ended_at >= created_at]
    attempts = sum(fault.started_at <= failed_at for fault in costly)
    is_last_known = reason == FailureReason.ATTEMPTS_EXHAUSTED or not recent.isdisjoint(BY_WEAR[FailureReason(reason)])
    return attempts >= MAX_ATTEMPTS and is_last_known
