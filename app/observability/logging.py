"""Log lines of every process: one line per event, `key=value`, on standard error.

What never gets there: texts of exceptions (they quote statements, documents and answers of providers), query strings,
and whatever third parties say below WARNING. Source: pipeline.md, sections 11 and 11.2; style.md, section 8.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from app.observability.redaction import mask
from app.settings import Settings

MAX_FRAMES = 12
"""Frames per exception, innermost ones; a recursion would fill the log otherwise."""

_QUIET_LOGGERS = {
    # Writes addresses with their queries at INFO, those of WebSockets.
    "uvicorn.error": logging.WARNING,
    "dramatiq": logging.WARNING,
    "alembic": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "asyncio": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    # What the Admin SDK is made of: addresses at DEBUG, whole requests in some versions.
    "firebase_admin": logging.WARNING,
    "google": logging.WARNING,
    "urllib3": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    # Quote what collectors and trackers answer.
    "opentelemetry": logging.CRITICAL,
    "sentry_sdk": logging.CRITICAL,
    # May write prompts and answers.
    "openai": logging.WARNING,
    # Quotes headers of parts, and so file names, at WARNING.
    "python_multipart": logging.CRITICAL,
    # The errors of resolvers are logged by the schema, with the request id.
    "strawberry": logging.CRITICAL,
}


def configure_logging(settings: Settings) -> None:
    """Set up structlog and the standard library's loggers of this process; a second call replaces the first."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        mask_texts,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[keep_first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, write_line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # With observability switched off, what went wrong is still said (pipeline.md, section 11.1).
    least = logging.NOTSET if settings.observability_enabled else logging.WARNING
    root.setLevel(max(logging.getLevelNamesMapping()[settings.log_level], least))
    for name, level in _QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(max(level, root.level))


def describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into the types of the exceptions and where they were raised, without their texts."""
    exc_info = event.pop("exc_info", None)
    event.pop("exception", None)
    event.pop("stack_info", None)
    error = _find_error(exc_info)
    if error is not None:
        event.update(describe_error(error))
    return event


def describe_error(error: BaseException) -> dict[str, str]:
    """What the log may know of an exception: `error`, the types from the outermost to the cause, and `frames`."""
    chain = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    frames = [frame for link in chain for frame in traceback.extract_tb(link.__traceback__)[-MAX_FRAMES:]]
    return {
        "error": " < ".join(type(link).__qualname__ for link in chain),
        "frames": " ".join(f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in frames),
    }


def _find_error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return _find_error(exc_info[1])
    return sys.exc_info()[1] if exc_info else None


def mask_texts(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask phone numbers and e-mail addresses in every text of the line."""
    for key, value in event.items():
        if isinstance(value, str) and key not in ("timestamp", "frames"):
            event[key] = mask(value)
    return event


def keep_first_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut what third parties add below their message: asyncio shows the failed task there, exception included."""
    event["event"] = str(event["event"]).strip().partition("\n")[0]
    return event


def write_line(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> str:
    """Write `timestamp=… level=… event=…`, then the rest as it came; line breaks in values are escaped."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event") if name in event}
    return " ".join(f"{name}={_write_value(value)}" for name, value in _pairs(first, event))


def _pairs(*parts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for part in parts for name, value in part.items() if value is not None]


def _write_value(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if text and text.isprintable() and not any(char in text for char in ' "=\\'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
