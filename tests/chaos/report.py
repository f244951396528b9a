"""What a run has shown, as a table and as a line of JSON."""

import json
from collections import Counter
from collections.abc import Iterable

from tests.chaos.running import Outcome

WIDTH = 52
MAX_SHOWN = 10
"""Violations of one kind that are told one by one."""


def print_outcome(outcome: Outcome) -> None:
    """Print everything: what was done, what became of it, and what must not be."""
    witness = outcome.witness
    accepted = [story for story in witness.stories if story.call_id]
    print(f"\nseed {outcome.plan.seed}")
    _print_rows(
        [
            ("calls submitted", len(witness.stories)),
            ("calls accepted", len(accepted)),
            ("uploads sent again after their answer", sum(story.submission.is_repeated for story in accepted)),
            ("calls deleted", len(witness.deleted)),
            *((f"calls {status}", count) for status, count in _sorted(outcome.statuses)),
            ("calls told of by push (best effort)", len(witness.pushed)),
            *((f"answers: {answer}", count) for answer, count in _sorted(outcome.answers)),
            ("faults", len(witness.faults)),
            *((f"  {kind}", count) for kind, count in _sorted(Counter(fault.kind for fault in witness.faults))),
            ("back-offs of a minute or more, ended at the end", outcome.ended_rests),
            *((f"swept: {name}", count) for name, count in outcome.swept.items()),
            *(
                (f"longest stop after {kind}, seconds, of {len(seconds)}", f"{max(seconds):.1f}")
                for kind, seconds in witness.stops.items()
            ),
            *((f"most memory of {name}, MiB", mib) for name, mib in outcome.peak_mib.items()),
            ("seconds", f"{outcome.seconds:.0f}"),
        ]
    )
    print("what must not be")
    _print_rows((f"  {check.name}", len(check.violations)) for check in outcome.checks)
    for check in outcome.checks:
        for violation in check.violations[:MAX_SHOWN]:
            print(f"VIOLATION, {check.name}: {violation}")
    print(json.dumps(summarize(outcome)))


def summarize(outcome: Outcome) -> dict[str, object]:
    """The figures for a program to read."""
    witness = outcome.witness
    return {
        "chaos": "run",
        "seed": outcome.plan.seed,
        "calls": len(witness.stories),
        "deleted": len(witness.deleted),
        "statuses": dict(_sorted(outcome.statuses)),
        "faults": len(witness.faults),
        "longestStopSeconds": {kind: round(max(seconds), 1) for kind, seconds in witness.stops.items()},
        "violations": sum(len(check.violations) for check in outcome.checks),
        "seconds": round(outcome.seconds),
    }


def _sorted(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items())


def _print_rows(rows: Iterable[tuple[str, object]]) -> None:
    for name, value in rows:
        print(f"{name:<{WIDTH}}{value!s:>8}")
