"""Reports of errors that nobody expected, for whoever uses Sentry; off unless `SENTRY_DSN` is set.

Where errors are caught for good, `report_error` is all that is known of it. Its SDK is behind `sentry.py` and takes
0.4 s to import, so it is loaded when it is wanted. It catches nothing by itself. Source: pipeline.md, section 13.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from app.db import is_unreachable
from app.errors import StorageUnavailableError
from app.observability.error_events import build_event
from app.settings import Settings

if TYPE_CHECKING:
    from app.observability.sentry import SentryReporter

log = structlog.get_logger()

FLUSH_SECONDS = 2.0
"""How long the end of a process waits for reports that are still under way."""

_STAGE = "stage: "
_REPORTED = "reported"

_reporter: "SentryReporter | None" = None
"""The process's own, like the set-up of its log: errors end far away from where it is opened."""


def note_stage(error: BaseException, stage: str) -> None:
    """Remember on an error in which stage it came up, for whoever reports it further out; the first one counts."""
    error.add_note(f"{_STAGE}{stage}")


def report_error(error: BaseException, stage: str) -> None:
    """Report an error, once, with the call and the user of the present log context; nothing goes wrong by it.

    `stage` is where it ended, a word of a closed list; where it came up goes before that (`note_stage`).
    """
    notes = getattr(error, "__notes__", [])
    if _reporter is None or _REPORTED in notes:
        return
    noted = next((note.removeprefix(_STAGE) for note in notes if note.startswith(_STAGE)), stage)
    try:
        error.add_note(_REPORTED)
        _reporter.send(build_event(error, noted, structlog.contextvars.get_contextvars()))
    except Exception as failure:
        log.warning("error_not_reported", error=type(failure).__name__)


def report_bug(error: Exception, stage: str) -> None:
    """Report what broke a task that runs again and again, unless it is an outage, of which readiness tells."""
    if not is_unreachable(error) and not isinstance(error, StorageUnavailableError):
        report_error(error, stage)


@asynccontextmanager
async def open_error_tracking(settings: Settings, *, flush_seconds: float = FLUSH_SECONDS) -> AsyncIterator[None]:
    """Take reports while the block runs, if the settings name somebody to send them to."""
    global _reporter
    if settings.sentry_dsn is None:
        yield
        return
    from app.observability.sentry import SentryReporter

    before, opened = _reporter, SentryReporter(settings.sentry_dsn, settings.sentry_environment)
    _reporter = opened
    try:
        yield
    finally:
        _reporter = before
        await opened.close(flush_seconds)
