"""Counters and timers whose tags take values of closed lists, so that nothing of a call can become one.

They stand in a registry of `prometheus_client`, under names in its form: `scryon.calls.failed` is
`scryon_calls_failed_total` there, a timer `a.b` is `a_b_seconds`. Source: pipeline.md, sections 12 and 14 (P7).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from time import perf_counter
from typing import Generic, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry

OTHER = "other"
"""What stands for a value that its tag does not know."""

Family = TypeVar("Family", prometheus_client.Counter, prometheus_client.Histogram)

# They would be a series of their own for each series, with the time when it began, of which nobody here has any use.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Tags:
    """The tags of an instrument: names, and the values of each; None where others see to it that they are few."""

    def __init__(self, **values: Iterable[str] | None) -> None:
        self.names = tuple(values)
        self._known = [None if known is None else dict.fromkeys(map(str, known)) for known in values.values()]

    def close(self, values: Iterable[str]) -> tuple[str, ...]:
        """The values, in the order of the names, with `other` for what is on no list."""
        return tuple(
            str(value) if known is None or value in known else OTHER
            for value, known in zip(values, self._known, strict=True)
        )

    def combinations(self) -> Iterator[tuple[str, ...]]:
        """All that there can be of closed lists, without `other`; the empty one where there are no tags."""
        return product(*(known for known in self._known if known is not None))


class _Series(Generic[Family]):
    """The series of one instrument, by the values of its tags; those that are asked for often are found at once."""

    def __init__(self, family: Family, tags: Tags) -> None:
        self._family: Family = family
        self._tags = tags
        self._found: dict[tuple[str, ...], Family] = {} if tags.names else {(): family}

    def find(self, given: Mapping[str, str]) -> Family:
        """The series of these tags; others than the instrument's are left out, and a missing one is a KeyError."""
        values = tuple([given[name] for name in self._tags.names])
        series = self._found.get(values)
        return self._add(values) if series is None else series

    def _add(self, values: tuple[str, ...]) -> Family:
        closed = self._tags.close(values)
        series: Family = self._family.labels(*closed)
        if closed == values:
            # What is on no list is not remembered: there may be any number of it.
            self._found[closed] = series
        return series


class Counter:
    """Counts; every series is there from the start, at 0."""

    def __init__(self, registry: CollectorRegistry, name: str, description: str, tags: Tags) -> None:
        self.family = prometheus_client.Counter(
            name.replace(".", "_"), description, labelnames=tags.names, registry=registry
        )
        self._series = _Series(self.family, tags)
        for values in tags.combinations():
            self._series.find(dict(zip(tags.names, values, strict=True)))

    def inc(self, amount: int = 1, **tags: str) -> None:
        """Count one, or so many; each tag has to be named."""
        self._series.find(tags).inc(amount)


class Timer:
    """Counts how often something took how long; `bounds_seconds` are the upper bounds of its buckets."""

    def __init__(
        self, registry: CollectorRegistry, name: str, description: str, tags: Tags, *, bounds_seconds: Sequence[float]
    ) -> None:
        self.family = prometheus_client.Histogram(
            f"{name.replace('.', '_')}_seconds",
            description,
            labelnames=tags.names,
            registry=registry,
            buckets=bounds_seconds,
        )
        self._series = _Series(self.family, tags)

    def observe(self, seconds: float, **tags: str) -> None:
        """Note that it took so long; each tag has to be named, and others are left out."""
        self._series.find(tags).observe(seconds)

    @contextmanager
    def time(self, **tags: str) -> Iterator[None]:
        """Note how long the block takes, however it ends."""
        started = perf_counter()
        try:
            yield
        finally:
            self.observe(perf_counter() - started, **tags)
