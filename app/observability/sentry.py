"""Sentry's SDK behind `error_tracking.py`, which imports this only when there is a DSN.

Only the client and its transport are used, which sends from a thread of its own and a bounded queue, honours
Retry-After and swallows what fails. The client belongs to nobody's scope, so that neither libraries nor hooks of the
interpreter find it; everything that it would add by itself is off, and `scrub` sees every event last.

Source: https://docs.sentry.io/platforms/python/configuration/options/, November 2026.
"""

import asyncio
from importlib.metadata import version
from typing import Any

import structlog
from sentry_sdk import Client
from sentry_sdk.transport import HttpTransport

from app.observability.error_events import scrub

log = structlog.get_logger()


class _Transport(HttpTransport):
    """Sentry's, which says when a report gets lost."""

    def on_dropped_event(self, reason: str) -> None:
        log.warning("report_lost", reason=reason)


class SentryReporter:
    """Sends events until `close`."""

    def __init__(self, dsn: str, environment: str) -> None:
        self._client = Client(
            dsn=dsn,
            environment=environment,
            release=f"scryon@{version('scryon')}",
            transport=_Transport,
            before_send=_before_send,
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            send_client_reports=False,
            auto_session_tracking=False,
            enable_backpressure_handling=False,
            # These are set by variables of the environment otherwise.
            debug=False,
            spotlight=False,
        )

    def send(self, event: Any) -> None:
        """Put an event into the queue; a full one drops it."""
        self._client.capture_event(event)

    async def close(self, seconds: float) -> None:
        """Send what waits, for so long at most."""
        await asyncio.to_thread(self._client.close, timeout=seconds)


def _before_send(event: Any, _: Any) -> Any:
    return scrub(event)
