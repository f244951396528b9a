"""How single values look on the wire. Source: rest.md, section 1.1."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, NewType
from uuid import UUID

import orjson
import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from app.uploads.forms import Upload
from app.uploads.metadata import parse_timestamp
from app.uploads.stored import StoredUpload
from app.uploads.voice_sample import VoiceSample
from scryon_graphql.ids import parse_id

LabelCounts = NewType("LabelCounts", dict[str, int])
"""How often each label occurs, in the order in which it is shown."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def format_timestamp(moment: datetime) -> str:
    """Write an aware time as `YYYY-MM-DDTHH:MM:SS[.fff]Z`: milliseconds are truncated, and left out when zero."""
    # What comes from the database is in UTC already, and a page has hundreds of times.
    local = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return local.isoformat()[: 23 if local.microsecond >= 1000 else 19] + "Z"


def format_timestamps(moments: list[datetime]) -> list[str]:
    """Write many aware times as `format_timestamp` writes one, in a fifth of the time."""
    texts = orjson.loads(orjson.dumps(moments, option=orjson.OPT_UTC_Z))
    return [
        text if len(text) == _WHOLE_SECONDS else _shorten(text, moment)
        for text, moment in zip(texts, moments, strict=True)
    ]


def _shorten(text: str, moment: datetime) -> str:
    """`text` is how orjson writes the moment: with microseconds, or with an offset where it is not in UTC."""
    if len(text) != _WITH_MICROSECONDS:
        return format_timestamp(moment)
    return text[:19] + "Z" if text.startswith(".000", 19) else text[:23] + "Z"


_WHOLE_SECONDS, _WITH_MICROSECONDS = len("2026-02-09T09:13:20Z"), len("2026-02-09T09:13:20.114123Z")


def _parse_timestamp(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be an ISO-8601 time with Z or an offset")
    return parse_timestamp(value)


def parse_date(value: object) -> date:
    """Read `YYYY-MM-DD`. Raises ValueError, with words for clients, for anything else."""
    # `fromisoformat` takes week dates and the form without dashes, too.
    if isinstance(value, str) and _DATE.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("must be a calendar date, YYYY-MM-DD")


def _parse_uuid(value: object) -> UUID:
    parsed = parse_id(value) if isinstance(value, str) else None
    if parsed is None:
        raise ValueError("must be a UUID")
    return parsed


def _parse_upload(value: object) -> Upload:
    if not isinstance(value, Upload):
        raise ValueError("must be a file of a multipart request")
    return value


_UPLOAD = strawberry.scalar(
    name="Upload",
    description="A file of a multipart request (GraphQL multipart request specification).",
    serialize=lambda value: value,
    parse_value=_parse_upload,
)
"""One scalar for both kinds of files: the document decides which of them its request brings (`voice_samples.py`)."""


SCALARS: Mapping[object, ScalarDefinition] = {
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID in the form 8-4-4-4-12, lower case in answers.",
        serialize=str,
        parse_value=_parse_uuid,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time in UTC, `2026-02-09T09:13:20.114Z`; milliseconds are left out when zero. "
        "Input takes any offset, and needs one.",
        serialize=format_timestamp,
        parse_value=_parse_timestamp,
    ),
    date: strawberry.scalar(
        name="Date", description="A calendar date, `2026-02-12`.", serialize=date.isoformat, parse_value=parse_date
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, passed through as it is stored.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
    LabelCounts: strawberry.scalar(
        name="LabelCounts",
        description="How often each label occurs: an object of label and number, such as `{positive: 7, neutral: 4}`, "
        "with the labels that occur, always in the same order.",
        serialize=lambda value: value,
    ),
    StoredUpload: _UPLOAD,
    VoiceSample: _UPLOAD,
}
"""Our definition of each scalar, by the Python type that resolvers see."""

IN_COLUMNS: Mapping[Any, tuple[type, Callable[[list[Any]], list[Any]]]] = {
    format_timestamp: (datetime, format_timestamps),
}
"""How many values of one type are written at a time, by how one of them is."""
