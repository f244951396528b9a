"""Runs schemathesis over a schema, with all of its phases, and tells what it found."""

import os
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from schemathesis import engine
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName
from schemathesis.schemas import BaseSchema

from tests.contract import generation, judging
from tests.contract.conftest import Belongings

CASES = int(os.environ.get("CONTRACT_CASES", "60"))
"""So many requests are made of a schema at least, beside those that follow from it without chance."""

EXAMPLES = CASES // 25
"""Of each endpoint or field: there are thirty of either, but for a few there is nothing to make up."""

SCENARIOS = 2 * EXAMPLES
"""Walks along links, each of a few requests."""

MAX_SECONDS = 280
"""A run ends after so long, done or not."""

MAX_CHARS = 2000
"""Of what is said of a failure; a request can be much longer."""

_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")

# The checks for OpenAPI hold for GraphQL, too, but are loaded with the first document only.
load_all_checks()
generation.register()
judging.register()


def configure(belongings: Belongings, *operations: Mapping[str, Any], **members: Any) -> SchemathesisConfig:
    """The configuration of the file, with ids of what is there, more for some operations, and more members."""
    configuration = tomllib.loads(_CONFIGURATION.read_text())
    configuration["generation"]["max-examples"] = EXAMPLES
    configuration["phases"]["stateful"]["generation"] = {"max-examples": SCENARIOS}
    configuration["operations"].extend(operations)
    configuration["dictionaries"].update({name: {"values": [str(id)]} for name, id in asdict(belongings).items()})
    return SchemathesisConfig.from_dict({**configuration, **members})


@dataclass(slots=True)
class Report:
    """What a run did and found: requests by phase, walks, the checks that looked at them, and failures in words."""

    cases: Counter[str] = field(default_factory=Counter)
    walks: int = 0
    checks: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        phases = ", ".join(f"{phase} {number}" for phase, number in self.cases.items())
        return (
            f"{self.cases.total()} cases ({phases}; {self.walks} walks along links) in {self.seconds:.0f} s, "
            f"{len(self.failures)} failures"
        )


def run(schema: BaseSchema, config: SchemathesisConfig) -> Report:
    """Run everything that there is for a schema, at most `MAX_SECONDS`; a failure does not end it."""
    report = Report()
    started = time.monotonic()
    _run_phases(schema, report, started + MAX_SECONDS)
    # Where a walk finds the server changed by the one before, no more walks follow: others begin elsewhere.
    schema.config.phases.update(phases=["stateful"])
    for seed in range(1, SCENARIOS):
        if report.walks >= SCENARIOS or time.monotonic() > started + MAX_SECONDS:
            break
        config.update(seed=seed, max_failures=None)
        _run_phases(schema, report, started + MAX_SECONDS)
    report.seconds = time.monotonic() - started
    return report


def _run_phases(schema: BaseSchema, report: Report, deadline: float) -> None:
    stream = engine.from_schema(schema).execute()
    for event in stream:
        _note(event, report)
        if time.monotonic() > deadline:
            stream.stop()


def _note(event: events.EngineEvent, report: Report) -> None:
    match event:
        case events.ScenarioFinished():
            report.cases[event.phase.value] += len(event.recorder.cases)
            report.walks += event.phase is PhaseName.STATEFUL_TESTING
            _note_checks(event.recorder, report)
        case events.NonFatalError():
            report.failures.append(f"{event.label}: {event.info.title}: {event.info.message}")
        case events.FatalError():
            raise event.exception


def _note_checks(recorder: ScenarioRecorder, report: Report) -> None:
    for checks in recorder.checks.values():
        for check in checks:
            report.checks.add(check.name)
            if check.failure_info is not None:
                failure = check.failure_info.failure
                lines = (check.name, failure.operation, failure.title, failure.message, check.failure_info.code_sample)
                report.failures.append("\n".join(str(line)[:MAX_CHARS] for line in lines))
