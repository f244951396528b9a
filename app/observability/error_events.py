"""What an error tracker may know of an error, as an event of Sentry's: types, places, two ids.

`build_event` writes nothing else, and `scrub` lets nothing else through, whoever has written the event. Both are pure.
Source: pipeline.md, section 13; https://develop.sentry.dev/sdk/data-model/event-payloads/, November 2026.
"""

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

MAX_FRAMES = 50
"""Per exception, innermost ones; a recursion has a thousand."""

MAX_EXCEPTIONS = 10

_TAGS = ("callId", "userId")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_PLAIN = ("event_id", "timestamp", "platform", "level", "release", "environment")
_SDK = ("name", "version")
_FRAME = ("filename", "function", "module", "lineno", "in_app")


def build_event(error: BaseException, stage: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an error; `context` is that of the log, of which the ids of call and user become tags."""
    return {
        "level": "error",
        "platform": "python",
        "exception": {"values": [_describe(link) for link in reversed(list(_chain(error)))]},
        "fingerprint": [stage, type(error).__qualname__],
        "tags": {name: context[name] for name in _TAGS if context.get(name) is not None},
    }


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen and len(seen) < MAX_EXCEPTIONS:
        seen.append(link)
        yield link
        link = link.__cause__ or link.__context__


def _describe(error: BaseException) -> dict[str, Any]:
    frames = [
        {"filename": frame.filename, "function": frame.name, "lineno": frame.lineno}
        for frame in traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    ]
    kind = type(error)
    return {"type": kind.__qualname__, "module": kind.__module__, "stacktrace": {"frames": frames}}


def scrub(event: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what is on the list: no message, no text or variable of an exception, no line of code, no request.

    Tags are kept when they are ids.
    """
    values = _list(_map(event.get("exception")).get("values"))
    tags = _map(event.get("tags"))
    return {
        **_pick(event, _PLAIN),
        "exception": {"values": [_scrub_exception(_map(value)) for value in values]},
        "fingerprint": [word for word in _list(event.get("fingerprint")) if isinstance(word, str)],
        "tags": {name: tags[name] for name in _TAGS if _UUID.fullmatch(str(tags.get(name)))},
        "sdk": _pick(_map(event.get("sdk")), _SDK),
    }


def _scrub_exception(value: Mapping[str, Any]) -> dict[str, Any]:
    frames = _list(_map(value.get("stacktrace")).get("frames"))
    return {
        **_pick(value, ("type", "module")),
        "stacktrace": {"frames": [_pick(_map(frame), _FRAME) for frame in frames]},
    }


def _pick(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if isinstance(values.get(name), str | int)}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
