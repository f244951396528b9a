"""Which fault explains which reason."""

from datetime import UTC, datetime, timedelta

import pytest

from app.pipeline.failures import FailureReason
from tests.chaos.plan import FaultKind
from tests.chaos.reasons import BY_PROVIDERS, MAX_ATTEMPTS, SLACK, Injected, is_explained

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def injected(kind: FaultKind, start: float, end: float) -> Injected:
    return Injected(kind, at(start), at(end))


@pytest.mark.parametrize(("reason", "kind"), BY_PROVIDERS.items())
def test_a_fault_of_a_provider_explains_its_own_reason_alone(reason: FailureReason, kind: FaultKind) -> None:
    explained = {other for other in FailureReason if is_explained(other, at(0), at(5), [injected(kind, 2, 4)])}

    assert explained == {reason}


def test_a_fault_explains_nothing_before_it_or_long_after_it() -> None:
    faults = [injected(FaultKind.OPENAI_DOWN, 10, 14)]
    long_after = at(14) + SLACK + timedelta(seconds=1)

    explained = [
        is_explained("analysis_unavailable", at(0), ended_at, faults) for ended_at in (at(9), at(11), long_after)
    ]

    assert explained == [False, True, False]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("storage_error", FaultKind.STORAGE_DOWN),
        ("internal_error", FaultKind.POSTGRES_RESTARTED),
        ("attempts_exhausted", FaultKind.WORKER_KILLED),
    ],
)
def test_a_call_wears_out_by_as_many_faults_as_it_has_attempts(reason: str, kind: FaultKind) -> None:
    faults = [injected(kind, number * 20, number * 20 + 1) for number in range(MAX_ATTEMPTS)]
    ended_at = at((MAX_ATTEMPTS - 1) * 20 + 2)

    assert is_explained(reason, at(0), ended_at, faults)
    assert not is_explained(reason, at(0), ended_at, faults[1:])
    assert not is_explained(reason, at(21.5), ended_at, faults)


@pytest.mark.parametrize("reason", ["audio_missing", "stale_timeout", "alignment_failed", "none"])
def test_nothing_explains_what_no_fault_may_cause(reason: str) -> None:
    faults = [injected(kind, 0, 1) for kind in FaultKind for _ in range(MAX_ATTEMPTS)]

    assert not is_explained(reason, at(0), at(1), faults)
