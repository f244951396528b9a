"""What may be said about a recording when it is uploaded, and the checks on it.

One set of rules for the `metadata` object, for the flat form fields and for the GraphQL input.
Source: rest.md, sections 1.1, 1.10 and 2.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.calls.models import Direction
from app.errors import FieldProblem, ValidationFailedError
from app.text import find_text_problem

MAX_TITLE = 300
MAX_FILE_NAME = 255
MAX_CONTACT_NAME = 200
MAX_CONTACT_ID = 200
MAX_PHONE_NUMBER = 64
MAX_ORGANIZATION = 200
MAX_DURATION_SECONDS = 86_400
FIRST_YEAR, LAST_YEAR = 1970, 2100

FLAT_FIELDS = (
    "title",
    "fileName",
    "contactName",
    "contactId",
    "phoneNumber",
    "organization",
    "direction",
    "recordedAt",
    "durationSeconds",
)
"""The members of the envelope, which are also the names of the flat form's parts."""

_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,9}))?(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
    re.ASCII,
)
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class Wire(StrEnum):
    """How numbers arrive: as JSON numbers, or as text in a form part."""

    JSON = "json"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class CallMetadata:
    """What the uploader said about a recording; None means not said.

    `recorded_at` is aware and keeps the offset that it was sent with; `duration_seconds` is at least 1.
    """

    title: str | None = None
    file_name: str | None = None
    contact_name: str | None = None
    contact_id: str | None = None
    phone_number: str | None = None
    organization: str | None = None
    direction: Direction = Direction.UNKNOWN
    recorded_at: datetime | None = None
    duration_seconds: int | None = None


def validate_metadata(mapping: Mapping[str, object], *, prefix: str) -> CallMetadata:
    """Check the envelope, whose members have their wire names; unknown ones are ignored.

    `prefix` precedes the field names in problems: `metadata.`, or `input.` for GraphQL.

    Raises:
        ValidationFailedError: lists everything that is wrong.
    """
    problems: list[FieldProblem] = []
    metadata = read_metadata(mapping, problems, prefix=prefix)
    if problems:
        raise ValidationFailedError(problems)
    return metadata


def read_metadata(
    mapping: Mapping[str, object], problems: list[FieldProblem], *, prefix: str, wire: Wire = Wire.JSON
) -> CallMetadata:
    """Read the envelope and add what is wrong to `problems`; the result counts only when nothing was added."""
    reader = _Reader(mapping, problems, prefix)
    return CallMetadata(
        title=reader.text("title", MAX_TITLE),
        file_name=reader.file_name("fileName"),
        contact_name=reader.text("contactName", MAX_CONTACT_NAME),
        contact_id=reader.text("contactId", MAX_CONTACT_ID),
        phone_number=reader.text("phoneNumber", MAX_PHONE_NUMBER),
        organization=reader.text("organization", MAX_ORGANIZATION),
        direction=reader.direction("direction"),
        recorded_at=reader.timestamp("recordedAt"),
        duration_seconds=reader.duration("durationSeconds", wire),
    )


def read_title(value: object, problems: list[FieldProblem]) -> str | None:
    """Read a flat `title` that stands in for a missing `metadata.title`."""
    return _Reader({"title": value}, problems, "").text("title", MAX_TITLE)


def last_path_component(name: str) -> str | None:
    """What follows the last `/` or `\\` of a file name, trimmed; None when that is nothing."""
    component = re.split(r"[/\\]", name.strip())[-1].strip()
    return None if component in ("", ".", "..") else component


class _Reader:
    """Reads typed members of one mapping; None, blank and absent are the same."""

    def __init__(self, mapping: Mapping[str, object], problems: list[FieldProblem], prefix: str) -> None:
        self._mapping = mapping
        self._problems = problems
        self._prefix = prefix

    def text(self, name: str, limit: int) -> str | None:
        value = self._string(name)
        return None if value is None else self._limited(name, value.strip(), limit)

    def file_name(self, name: str) -> str | None:
        value = self._string(name)
        component = None if value is None else last_path_component(value)
        return None if component is None else self._limited(name, component, MAX_FILE_NAME)

    def direction(self, name: str) -> Direction:
        value = self._string(name)
        if value is None:
            return Direction.UNKNOWN
        try:
            return Direction(value)
        except ValueError:
            self._refuse(name, f"must be one of {', '.join(sorted(Direction))}")
            return Direction.UNKNOWN

    def timestamp(self, name: str) -> datetime | None:
        # The GraphQL input may have parsed it already.
        raw = self._mapping.get(name)
        value = raw.isoformat() if isinstance(raw, datetime) else self._string(name)
        if value is None:
            return None
        try:
            moment = parse_timestamp(value)
        except ValueError as error:
            self._refuse(name, str(error))
            return None
        return moment

    def duration(self, name: str, wire: Wire) -> int | None:
        value = self._mapping.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if wire is Wire.FORM and isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(name, "must be an integer")
            return None
        if not 0 <= value <= MAX_DURATION_SECONDS:
            self._refuse(name, f"must be between 0 and {MAX_DURATION_SECONDS}")
            return None
        return value or None

    def _string(self, name: str) -> str | None:
        value = self._mapping.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse(name, "must be a string")
            return None
        return value if value.strip() else None

    def _limited(self, name: str, value: str, limit: int) -> str | None:
        problem = find_text_problem(value, limit)
        if problem is not None:
            self._refuse(name, problem)
            return None
        return value

    def _refuse(self, name: str, message: str) -> None:
        self._problems.append(FieldProblem(self._prefix + name, message))


def parse_timestamp(text: str) -> datetime:
    """Read an ISO-8601 time with `Z` or an offset; digits beyond microseconds are cut. The offset is kept.

    Raises:
        ValueError: the text is no such time, or not in the years 1970 to 2100 (UTC); says so in words for clients.

    Source: rest.md, sections 1.1 and 1.10, E20.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None or (match[3] and not match[2]):
        raise ValueError("must be an ISO-8601 time with Z or an offset")
    minutes, seconds, fraction, offset = match.groups()
    micros = (fraction or "0")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{minutes}{seconds or ':00'}.{micros}{offset}")
        year = moment.astimezone(UTC).year
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO-8601 time with Z or an offset") from None
    if minutes[11:13] == "24":  # Python 3.13 and later read it as midnight
        raise ValueError("must be an ISO-8601 time with Z or an offset")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"must be in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment
