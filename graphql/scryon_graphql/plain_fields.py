"""Fields whose value is an attribute of their object: which ones these are, and how values look in JSON.

A field is plain when it has no arguments, no resolver of its own and no extensions. What is found out about a field is
kept with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from scryon_graphql.scalars import IN_COLUMNS

_AS_IS = {"String": str, "ID": str, "Boolean": bool}
"""Types of values that are their own JSON value, by the scalar that they are of."""

_PLAIN_TYPES = (str, int, float, UUID, datetime, date, dict)
"""Values that nobody raises, and that only a subclass could make anybody await; their scalar alone has a say."""

_PLAIN = "scryon-plain"
"""The place among the extensions of a field where its leaf or branch, or None, is kept for the next operation."""


class NotPlainError(Exception):
    """Something is not as simple as it looked."""


Coercions = dict[type, Callable[[Any], Any]]
"""How values look in JSON, by their type; graphql-core judges the values of types that are not here."""


class ScalarCoercions(Coercions):
    """A scalar judges values of all plain types, such as the UUIDs of asyncpg, which are a subclass of Python's."""

    def __init__(self, judge: Callable[[Any], Any]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, type_: type) -> Callable[[Any], Any]:
        if not issubclass(type_, _PLAIN_TYPES) or hasattr(type_, "__await__"):
            raise KeyError(type_)
        self[type_] = self._judge
        return self._judge


class Leaf(NamedTuple):
    """How a plain leaf is read: the attribute, whether it may be null, and how its value looks in JSON.

    A value of exactly the type `as_is` is not changed at all. `in_columns` is for values that are all of one type.
    """

    attribute: str
    is_nullable: bool
    as_is: type | None
    coercions: Coercions
    in_columns: Mapping[type, Callable[[list[Any]], list[Any]]]


class Branch(NamedTuple):
    """How a plain field that gives an object, or a list of objects without null, is read."""

    attribute: str
    is_nullable: bool
    type: GraphQLObjectType
    is_list: bool


def find_plain(definition: GraphQLField) -> Leaf | Branch | None:
    """How a field is read when it is a plain leaf, a plain list of leaves or a plain object; None for any other."""
    if _PLAIN not in definition.extensions:
        definition.extensions[_PLAIN] = _find_out(definition)
    plain: Leaf | Branch | None = definition.extensions[_PLAIN]
    return plain


def read_leaves(leaf: Leaf, objects: Sequence[Any]) -> list[Any]:
    """Read one leaf of many objects. Raises any exception when a value is not for a tight loop."""
    values = list(map(attrgetter(leaf.attribute), objects))
    kinds = set(map(type, values))
    if NoneType in kinds and not leaf.is_nullable:
        raise NotPlainError
    if kinds <= {leaf.as_is, NoneType}:
        return values
    coercions = leaf.coercions
    if len(kinds) == 1:
        kind = kinds.pop()
        in_column = leaf.in_columns.get(kind)
        coerced = list(map(coercions[kind], values)) if in_column is None else in_column(values)
        if None in coerced:
            raise NotPlainError
        return coerced
    coerced = [None if value is None else coercions[type(value)](value) for value in values]
    if any(after is None and before is not None for before, after in zip(values, coerced, strict=True)):
        raise NotPlainError
    return coerced


def _find_out(definition: GraphQLField) -> Leaf | Branch | None:
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or not field.is_basic_field or definition.args:
        return None
    if field.default_resolver is not getattr or not getattr(definition.resolve, "_is_default", False):
        return None
    is_nullable = not is_non_null_type(definition.type)
    item_type: Any = get_nullable_type(definition.type)
    is_list = is_list_type(item_type) and is_non_null_type(item_type.of_type)
    if is_list:
        item_type = item_type.of_type.of_type
    if is_object_type(item_type):
        return Branch(field.python_name, is_nullable, item_type, is_list)
    if is_leaf_type(item_type) and is_list:
        return Leaf(field.python_name, is_nullable, None, {list: _list_coercion(item_type)}, {})
    if is_leaf_type(item_type):
        in_columns = dict([IN_COLUMNS[how]]) if (how := item_type.coerce_output_value) in IN_COLUMNS else {}
        return Leaf(field.python_name, is_nullable, _AS_IS.get(item_type.name), _coercions(item_type), in_columns)
    return None


def _coercions(type_: GraphQLLeafType) -> Coercions:
    if isinstance(type_, GraphQLEnumType):
        members = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].wrapped_cls
        names = {member: type_.coerce_output_value(member) for member in members}
        # A member of a `StrEnum` and its text are equal, to graphql-core, too.
        return {members: names.__getitem__} | ({str: names.__getitem__} if issubclass(members, StrEnum) else {})
    coercions = ScalarCoercions(type_.coerce_output_value)
    if type_ is GraphQLInt:
        coercions[int] = _check_int
    return coercions


def _check_int(value: int) -> int:
    """What the scalar does, without what it does about other types."""
    if not GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
        raise NotPlainError
    return value


def _list_coercion(type_: GraphQLLeafType) -> Callable[[list[Any]], list[Any] | None]:
    as_is, coercions = _AS_IS.get(type_.name), _coercions(type_)

    def coerce(values: list[Any]) -> list[Any] | None:
        if as_is is not None and set(map(type, values)) <= {as_is}:
            return values
        coerced = [value if type(value) is as_is else coercions[type(value)](value) for value in values]
        return None if None in coerced else coerced

    return coerce
