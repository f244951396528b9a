"""Requests to providers, as metrics and the log know them. Source: pipeline.md, sections 11.1, 11.2 (L4) and 12."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from app.observability.metrics import NO_STATUS, Metrics

log = structlog.get_logger()


@dataclass(slots=True)
class Answered:
    """What is known of an answer; nothing as long as there is none."""

    status: int | None = None


@contextmanager
def watch_request(metrics: Metrics | None, host: str, path: str) -> Iterator[Answered]:
    """Count the request that the block sends, and log it; the block notes the status of the answer.

    `path` is without query. It is not logged for a host that no setting names: a provider has given us the whole
    address then, for one upload. Without `metrics`, nobody watches.
    """
    if metrics is None:
        yield Answered()
        return
    answered, started = Answered(), time.perf_counter()
    try:
        yield answered
    finally:
        seconds = time.perf_counter() - started
        status = NO_STATUS if answered.status is None else str(answered.status)
        metrics.http_client_requests.observe(seconds, host=host, status=status)
        log.info(
            "HTTP_CLIENT",
            host=host,
            path=path if host in metrics.client_hosts else None,
            status=answered.status,
            durationMs=round(seconds * 1000),
        )
