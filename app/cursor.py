"""Where a page of a newest-first list ends: the sort key of its last row, as an opaque word.

Shared by all lists that are sorted by `created_at` descending, then `id` descending. Source: rest.md, section 1.8.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

import orjson

from app.errors import ValidationFailedError

MAX_CURSOR_CHARS = 1024
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort key of a row, to the microsecond."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A stretch of a list; `next_cursor` is None on the last page."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(cursor: Cursor) -> str:
    """Write a cursor as unpadded base64url of JSON."""
    created_at = cursor.created_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    content = orjson.dumps({"createdAt": f"{created_at}Z", "id": str(cursor.id)})
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_cursor(text: str) -> Cursor:
    """Read a cursor back; only what `encode_cursor` writes is accepted.

    Raises:
        ValidationFailedError: anything else, on the field `cursor`.
    """
    cursor = _parse(text) if len(text) <= MAX_CURSOR_CHARS else None
    # The comparison refuses padding, white space, upper case, extra or reordered members in one go.
    if cursor is None or encode_cursor(cursor) != text:
        raise ValidationFailedError.of("cursor", "must be a cursor of an earlier page")
    return cursor


def _parse(text: str) -> Cursor | None:
    try:
        content = orjson.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        created_at = datetime.strptime(content["createdAt"], _TIME_FORMAT).replace(tzinfo=UTC)
        return Cursor(created_at, UUID(content["id"]))
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        return None


def cut_page(rows: Sequence[T], size: int, key: Callable[[T], Cursor]) -> Page[T]:
    """Make a page of `size` rows out of a query that asked for one row more."""
    items = list(rows[:size])
    return Page(items, encode_cursor(key(items[-1])) if len(rows) > size else None)
