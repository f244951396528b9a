"""Stored JSON documents as typed objects.

Documents come in several versions and are open to unknown members, so reading is forgiving: what does not have the
type that the schema promises is None, and an entry of a list that lacks something required is left out. Nothing is
made up in its place.
"""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

T = TypeVar("T")

Reader = Callable[[object], Any]
"""From a JSON value to a value of the schema, or None."""


def read_document(type_: type[T], document: Mapping[str, Any]) -> T:
    """Serve a document as an object of that type, `document` included; a member is read when it is asked for.

    So an answer that only wants `document` costs nothing. A member that cannot be read is None; where the schema
    promises a value, asking for it is then an error of that one field.
    """
    return cast(T, _StoredDocument(type_, document))


class _StoredDocument:
    """Stands in for an instance of a GraphQL type: the executor only ever reads attributes."""

    def __init__(self, type_: type, document: Mapping[str, Any]) -> None:
        self.document = document
        self._members = {member.name: member for member in _members(type_)}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        member = self._members[name]
        value = member.read(self.document.get(member.key))
        setattr(self, name, value)
        return value


class _Member(NamedTuple):
    """A field of a type: its Python name, its key in the document, how to read it."""

    name: str
    key: str
    read: Reader
    is_required: bool


@functools.cache
def _members(type_: type) -> tuple[_Member, ...]:
    hints = typing.get_type_hints(type_)
    return tuple(
        _Member(
            field.python_name,
            field.graphql_name or to_camel_case(field.python_name),
            *_reader(hints[field.python_name]),
        )
        for field in get_object_definition(type_, strict=True).fields
        if field.python_name != "document"
    )


def _reader(hint: Any) -> tuple[Reader, bool]:
    if isinstance(hint, types.UnionType):
        inner = next(option for option in typing.get_args(hint) if option is not type(None))
        return _reader(inner)[0], False
    if typing.get_origin(hint) is list:
        item, _ = _reader(typing.get_args(hint)[0])
        return functools.partial(_read_list, item), True
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return functools.partial(_read_enum, hint), True
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return functools.partial(read_object, hint), True
    return _SIMPLE[hint], True


def _read_list(item: Reader, value: object) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    return [read for read in map(item, value) if read is not None]


def read_object(type_: type, value: object) -> Any:
    """A nested object; a bare text stands for its first member, as old documents have it in lists."""
    members = _members(type_)
    if isinstance(value, str):
        value = {members[0].key: value}
    if not isinstance(value, Mapping):
        return None
    found = {member.name: member.read(value.get(member.key)) for member in members}
    is_complete = all(found[member.name] is not None for member in members if member.is_required)
    return type_(**found) if is_complete else None


def _read_enum(members: type[StrEnum], value: object) -> StrEnum | None:
    return members(value) if isinstance(value, str) and value in members._value2member_map_ else None


def _read_text(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # models write amounts either way
    return value if isinstance(value, str) else None


def _read_bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_int(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return None
    return int(value) if abs(value) < 2**31 else None


def _read_float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _read_time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _read_uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


_SIMPLE: dict[Any, Reader] = {
    str: _read_text,
    bool: _read_bool,
    int: _read_int,
    float: _read_float,
    datetime: _read_time,
    UUID: _read_uuid,
}
