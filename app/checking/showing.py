"""Findings for people, and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.checking.verdicts import Finding, State

_STYLES = {State.OK: "green", State.OFF: "dim", State.WARNING: "yellow", State.FAILED: "red"}


def has_failed(findings: Sequence[Finding]) -> bool:
    """Whether anything that is configured does not work."""
    return any(finding.verdict.state is State.FAILED for finding in findings)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """A line each, with the cure below it."""
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        verdict = finding.verdict
        what = Text(verdict.what, overflow="fold")
        if verdict.cure is not None:
            what.append(f"\n→ {verdict.cure}", style="dim")
        table.add_row(Text(finding.name, style="bold"), Text(verdict.state, style=_STYLES[verdict.state]), what)
    console.print(table)


def to_json(findings: Sequence[Finding]) -> str:
    """`{"ok", "checks": [{"name", "state", "what", "cure"}]}`; `cure` may be null."""
    checks = [{"name": finding.name, **asdict(finding.verdict)} for finding in findings]
    return json.dumps({"ok": not has_failed(findings), "checks": checks}, indent=2, ensure_ascii=False)
