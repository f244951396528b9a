"""What a check comes to. Texts are ours alone: nothing that a server said, no key, no address but a host's name."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is: `off` is nobody's mistake, `warning` works in part, `failed` is configured and does not."""

    OK = "ok"
    OFF = "off"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's outcome: what was found, and what to do about it in one line, where there is something to do."""

    state: State
    what: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict about something that has a name."""

    name: str
    verdict: Verdict


def ok(what: str) -> Verdict:
    """It is configured, and it works."""
    return Verdict(State.OK, what)


def off(what: str, cure: str | None = None) -> Verdict:
    """It is not configured; `cure` is how it would be."""
    return Verdict(State.OFF, what, cure)


def warning(what: str, cure: str) -> Verdict:
    """It works, or nobody can tell; somebody should look."""
    return Verdict(State.WARNING, what, cure)


def failed(what: str, cure: str) -> Verdict:
    """It is configured, and it does not work."""
    return Verdict(State.FAILED, what, cure)
