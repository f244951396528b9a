"""Metrics as they are shown: the text that Prometheus reads, and JSON for people. Source: pipeline.md, section 12."""

import asyncio
from collections.abc import Mapping
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric

from app.auth.api_keys import check_api_key, read_api_key
from app.errors import RouteNotFoundError
from app.observability.metrics import Metrics
from app.settings import Settings

PROMETHEUS_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_SHOWN = {"_total": "count", "_count": "count", "_sum": "totalSeconds"}


def require_key(settings: Settings, headers: Mapping[str, str]) -> None:
    """Let a request for metrics pass; with keys, one is needed.

    Raises:
        AuthMissingError, AuthInvalidError: there is none, or it is another.
    """
    check_api_key(read_api_key(headers), settings.api_keys)


async def write_metrics(metrics: Metrics) -> bytes:
    """All of them in the text format of Prometheus."""
    # Thousands of lines take a while, in which the event loop has better things to do.
    return await asyncio.to_thread(generate_latest, metrics.registry)


def list_names(metrics: Metrics) -> dict[str, Any]:
    """The names, as the specification has them."""
    return {"names": sorted(metrics.instruments)}


def describe_metric(metrics: Metrics, name: str) -> dict[str, Any]:
    """One of them: how often per combination of tags, and how long in all where it measures time.

    Raises:
        RouteNotFoundError: there is no such metric.
    """
    instrument = metrics.instruments.get(name)
    if instrument is None:
        raise RouteNotFoundError
    [collected] = instrument.family.collect()
    return {"name": name, "description": collected.documentation, "measurements": _measure(collected)}


def _measure(collected: Metric) -> list[dict[str, Any]]:
    measured: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in collected.samples:
        statistic = _SHOWN.get(sample.name.removeprefix(collected.name))
        if statistic is not None:
            row = measured.setdefault(tuple(sample.labels.items()), {"tags": sample.labels})
            row[statistic] = sample.value
    return list(measured.values())
