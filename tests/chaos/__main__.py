"""`python -m tests.chaos`: breaks a whole Scryon while phones use it, and checks the books.

    python -m tests.chaos --calls 300 --faults 60 --seed 1 --seeds 3

Everything is real but the providers and the bucket: API and worker processes, Postgres, Redis. A seed draws the same
plan each time. Exits with 1 when anything was found that must not be; the logs of the processes then stay.
"""

import argparse
import asyncio
import shutil
import sys

from app.observability.logging import configure_logging
from app.settings import load_settings
from tests.chaos.plan import Plan, draw_plan
from tests.chaos.report import print_outcome
from tests.chaos.running import run_plan
from tests.chaos.stack import run_stack
from tests.environment import forget_settings_of_the_machine

APIS = WORKERS = 2


def main() -> int:
    """Run all seeds, one after the other."""
    parser = argparse.ArgumentParser(description="Breaks a whole Scryon while phones use it, and checks the books.")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    options = parser.parse_args()
    forget_settings_of_the_machine()
    configure_logging(load_settings(log_level="ERROR"))
    seeds = range(options.seed, options.seed + options.seeds)
    violations = sum(run_seed(draw_plan(seed, calls=options.calls, faults=options.faults)) for seed in seeds)
    print(f"{violations} violations in {options.seeds} runs")
    return 1 if violations else 0


def run_seed(plan: Plan) -> int:
    """Carry out a plan on a stack of its own; returns how much was found that must not be."""
    for fault in plan.faults:
        print(f"{fault.at_seconds:7.1f} s  {fault.kind} for {fault.seconds:.1f} s")
    with run_stack(apis=APIS, workers=WORKERS) as stack:
        outcome = asyncio.run(run_plan(stack, plan))
    print_outcome(outcome)
    violations = sum(len(check.violations) for check in outcome.checks)
    if violations:
        print(f"The logs are in {stack.folder}.")
    else:
        shutil.rmtree(stack.folder, ignore_errors=True)
    return violations


if __name__ == "__main__":
    sys.exit(main())
