"""The programme itself, on a small plan: a whole stack, phones, faults, sweeps, books, report."""

import asyncio
import json
import shutil

import pytest

from tests.chaos.plan import Fault, FaultKind, Plan, Submission
from tests.chaos.report import print_outcome
from tests.chaos.running import run_plan
from tests.chaos.stack import run_stack

PLAN = Plan(
    seed=0,
    submissions=tuple(
        Submission(
            number,
            at_seconds=0.3 * number,
            user=number % 2,
            is_repeated=number == 1,
            deletes_after_seconds=0.5 if number == 2 else None,
        )
        for number in range(6)
    ),
    faults=(
        # Before there is any call: one that loses its worker or its answer waits for 15 s or for a minute.
        Fault(FaultKind.POSTGRES_RESTARTED, at_seconds=0, seconds=0, choice=0.9),
        Fault(FaultKind.FCM_DOWN, at_seconds=0, seconds=3, choice=0),
        Fault(FaultKind.PYANNOTE_REFUSES, at_seconds=0, seconds=1, choice=0),
    ),
)
"""None that kills: a new process takes three seconds of a core to start (`test_processes.py`)."""


# Without a loop of the tests, since the stack is started outside of any.
def test_a_small_run_leaves_the_books_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    with run_stack(apis=1, workers=1) as stack:
        outcome = asyncio.run(run_plan(stack, PLAN))
    shutil.rmtree(stack.folder)
    print_outcome(outcome)

    assert [check for check in outcome.checks if check.violations] == []
    assert {fault.kind for fault in outcome.witness.faults} == {fault.kind for fault in PLAN.faults}
    last_line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last_line["statuses"], last_line["deleted"]) == ({"COMPLETED": 5}, 1)
