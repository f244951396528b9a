"""Executes plain leaves of objects in a tight loop, and leaves everything else to graphql-core.

A leaf is plain when it has no arguments, no resolver of its own and no extensions: its value is an attribute of the
object. Which of the selected fields are, is found out once per selection of an operation. Whatever turns out not to be
as simple as it looked (a missing attribute, null where none may be, a value that its type has to judge) is done again
by the ordinary path, so that data, errors and their order are always graphql-core's own.

Source: architecture.md, "Speed".
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

FieldSet = dict[str, list[Any]]
"""The selected fields of one object by response key, each with all nodes that ask for it (graphql-core's shape)."""

_AS_IS = {"String": str, "ID": str, "Boolean": bool}
"""Types of values that are their own JSON value, by the scalar that they are of."""

_PLAIN_TYPES = (str, int, float, UUID, datetime, date, dict)
"""Values that nobody raises, and that only a subclass could make anybody await; their scalar alone has a say."""

_LEAF = "scryon-leaf"
"""The place among the extensions of a field where its leaf, or None, is kept for the next operation."""


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

    A value of exactly the type `as_is` is not changed at all.
    """

    attribute: str
    is_nullable: bool
    as_is: type | None
    coercions: Coercions


class LeafExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with a short way for plain leaves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By identity, like graphql-core's own memory of sub-selections; the field sets are kept so that none can be
        # taken for another.
        self._leaves: dict[int, tuple[FieldSet, tuple[tuple[str, Leaf], ...]]] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: FieldSet,
        position_context: Any,
    ) -> Any:
        """Execute the selected fields of one object; the result keeps the order of the selection."""
        results: dict[str, Any] = {}
        for key, (attribute, is_nullable, as_is, coercions) in self._find_leaves(parent_type, grouped_field_set):
            try:
                value = getattr(source_value, attribute)
                if type(value) is as_is:
                    results[key] = value
                elif value is not None:
                    coerced = coercions[type(value)](value)
                    if coerced is not None:
                        results[key] = coerced
                elif is_nullable:
                    results[key] = None
            except Exception:  # noqa: S112  (the ordinary path does it again, and reports it)
                continue
        if not results:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        if len(results) == len(grouped_field_set):
            return results
        others = {key: nodes for key, nodes in grouped_field_set.items() if key not in results}
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merge(grouped_field_set, results, rest)
        return _merge_later(grouped_field_set, results, rest)

    def _find_leaves(self, parent_type: GraphQLObjectType, fields: FieldSet) -> tuple[tuple[str, Leaf], ...]:
        known = self._leaves.get(id(fields))
        if known is None:
            known = self._leaves[id(fields)] = (fields, tuple(self._iter_leaves(parent_type, fields)))
        return known[1]

    def _iter_leaves(self, parent_type: GraphQLObjectType, fields: FieldSet) -> Iterator[tuple[str, Leaf]]:
        if self.middleware_manager and self.middleware_manager.middlewares:
            # It wants to see every field.
            return
        for key, details in fields.items():
            node = details[0].node
            definition = parent_type.fields.get(node.name.value)
            if definition is None or node.arguments:
                continue
            if _LEAF not in definition.extensions:
                definition.extensions[_LEAF] = _find_leaf(definition)
            leaf = definition.extensions[_LEAF]
            if leaf is not None:
                yield key, leaf


def _find_leaf(definition: GraphQLField) -> Leaf | None:
    """How a field is read when it is a plain leaf or a plain list of leaves; None for any other."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(field, StrawberryField) or not field.is_basic_field or definition.args:
        return None
    if field.default_resolver is not getattr or not getattr(definition.resolve, "_is_default", False):
        return None
    is_nullable = not is_non_null_type(definition.type)
    type_ = get_nullable_type(definition.type)
    if is_leaf_type(type_):
        return Leaf(field.python_name, is_nullable, _AS_IS.get(type_.name), _coercions(type_))
    if is_list_type(type_) and is_non_null_type(type_.of_type) and is_leaf_type(type_.of_type.of_type):
        return Leaf(field.python_name, is_nullable, None, {list: _list_coercion(type_.of_type.of_type)})
    return None


def _coercions(type_: GraphQLLeafType) -> Coercions:
    if isinstance(type_, GraphQLEnumType):
        members = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].wrapped_cls
        names = {member: type_.coerce_output_value(member) for member in members}
        return {members: names.__getitem__}
    return ScalarCoercions(type_.coerce_output_value)


def _list_coercion(type_: GraphQLLeafType) -> Callable[[list[Any]], list[Any] | None]:
    as_is, coercions = _AS_IS.get(type_.name), _coercions(type_)

    def coerce(values: list[Any]) -> list[Any] | None:
        coerced = [value if type(value) is as_is else coercions[type(value)](value) for value in values]
        return None if None in coerced else coerced

    return coerce


def _merge(fields: FieldSet, leaves: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Put both together in the order of the selection; what is in neither is unknown to the schema."""
    found = leaves | others
    return {key: found[key] for key in fields if key in found}


async def _merge_later(fields: FieldSet, leaves: dict[str, Any], others: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return _merge(fields, leaves, await others)
