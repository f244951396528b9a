"""What happens in a run, and when: drawn from a seed before anything starts, so that a run can be repeated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, repeat
from random import Random

SECONDS_PER_CALL = 0.5
"""The pace of submissions: about what two cores can process."""

DELETED_SHARE = 0.1
REPEATED_SHARE = 0.1
"""Of the uploads: sent once more though they were answered, as by a phone that the answer did not reach."""

LATEST_DELETION_SECONDS = 12.0
USERS = 5


class Target(StrEnum):
    """What a fault strikes; faults of one target come one after the other."""

    WORKERS = "workers"
    APIS = "apis"
    POSTGRES = "postgres"
    REDIS = "redis"
    STORAGE = "storage"
    LEMONFOX = "lemonfox"
    PYANNOTE = "pyannote"
    OPENAI = "openai"
    FCM = "fcm"


class FaultKind(StrEnum):
    """What goes wrong. A provider is down (errors, closed connections), refuses (4xx), is silent, or says nonsense."""

    WORKER_KILLED = "worker_killed"
    API_KILLED = "api_killed"
    POSTGRES_RESTARTED = "postgres_restarted"
    REDIS_EMPTIED = "redis_emptied"
    STORAGE_DOWN = "storage_down"
    LEMONFOX_DOWN = "lemonfox_down"
    LEMONFOX_REFUSES = "lemonfox_refuses"
    LEMONFOX_SILENT = "lemonfox_silent"
    LEMONFOX_GARBLED = "lemonfox_garbled"
    PYANNOTE_DOWN = "pyannote_down"
    PYANNOTE_REFUSES = "pyannote_refuses"
    PYANNOTE_SILENT = "pyannote_silent"
    OPENAI_DOWN = "openai_down"
    OPENAI_REFUSES = "openai_refuses"
    OPENAI_SILENT = "openai_silent"
    OPENAI_GARBLED = "openai_garbled"
    FCM_DOWN = "fcm_down"
    FCM_SILENT = "fcm_silent"

    @property
    def target(self) -> Target:
        return _TARGETS.get(self) or Target(self.partition("_")[0])


_TARGETS: Mapping[FaultKind, Target] = {
    FaultKind.WORKER_KILLED: Target.WORKERS,
    FaultKind.API_KILLED: Target.APIS,
}
_DECK: Mapping[FaultKind, int] = {
    FaultKind.WORKER_KILLED: 4,
    FaultKind.API_KILLED: 3,
    FaultKind.POSTGRES_RESTARTED: 2,
    FaultKind.REDIS_EMPTIED: 3,
    FaultKind.STORAGE_DOWN: 2,
}
"""How often a kind comes before the cards are shuffled anew; the others come once."""

_PAUSE_SECONDS: Mapping[Target, float] = {
    Target.WORKERS: 5,
    Target.APIS: 4,
    Target.POSTGRES: 10,
    Target.REDIS: 5,
    Target.STORAGE: 5,
}
"""How long a target is left alone: a process that is killed while it starts shows nothing. Others rest a second."""

_PROVIDERS = (Target.LEMONFOX, Target.PYANNOTE, Target.OPENAI, Target.FCM)
_LENGTH_SECONDS: Mapping[Target, tuple[float, float]] = {
    Target.STORAGE: (0.5, 3),
    # Long enough for a failed request and its repeats.
    **dict.fromkeys(_PROVIDERS, (2, 7)),
}
"""Between which bounds a fault lasts; what is killed is back as soon as it can."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`seconds` is how long it lasts; `choice`, 0 to 1, picks the process or the manner where there are several."""

    kind: FaultKind
    at_seconds: float
    seconds: float
    choice: float


@dataclass(frozen=True, slots=True)
class Submission:
    """A recording that a phone sends. `deletes_after_seconds` counts from the answer; None keeps the call."""

    number: int
    at_seconds: float
    user: int
    is_repeated: bool
    deletes_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Both are in the order of their times."""

    seed: int
    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]


def draw_plan(seed: int, *, calls: int, faults: int) -> Plan:
    """Draw a run: submissions and faults lie over the same time, without gaps."""
    random = Random(seed)
    seconds = calls * SECONDS_PER_CALL
    return Plan(seed, _draw_submissions(random, calls, seconds), _draw_faults(random, faults, seconds))


def _draw_submissions(random: Random, count: int, seconds: float) -> tuple[Submission, ...]:
    times = sorted(random.uniform(0, seconds) for _ in range(count))
    return tuple(
        Submission(
            number,
            at,
            user=random.randrange(USERS),
            is_repeated=random.random() < REPEATED_SHARE,
            deletes_after_seconds=(
                random.uniform(0, LATEST_DELETION_SECONDS) if random.random() < DELETED_SHARE else None
            ),
        )
        for number, at in enumerate(times)
    )


def _draw_faults(random: Random, count: int, seconds: float) -> tuple[Fault, ...]:
    cards = _deal(random)
    free_at: dict[Target, float] = {}
    faults = []
    for number in range(count):
        kind = next(cards)
        target = kind.target
        at = max((number + random.random()) * seconds / count, free_at.get(target, 0))
        length = random.uniform(*_LENGTH_SECONDS.get(target, (0, 0)))
        free_at[target] = at + length + _PAUSE_SECONDS.get(target, 1)
        faults.append(Fault(kind, at, length, random.random()))
    return tuple(sorted(faults, key=lambda fault: fault.at_seconds))


def _deal(random: Random) -> Iterator[FaultKind]:
    """Kinds without end, each as often as the deck holds it before any comes again."""
    while True:
        deck = list(chain.from_iterable(repeat(kind, _DECK.get(kind, 1)) for kind in FaultKind))
        random.shuffle(deck)
        yield from deck
