"""Executes plain fields of objects in a tight loop, and leaves everything else to graphql-core.

Which of the selected fields are plain (`plain_fields.py`), is found out once per selection of an operation. One object
has its leaves read one after the other; a list of objects that have plain fields only is read column by column, nested
objects included. Whatever turns out not to be as simple as it looked (a missing attribute, null where none may be, a
value that its type has to judge) is done again by the ordinary path, so that data, errors and their order are always
graphql-core's own.

Source: architecture.md, "Speed".
"""

from collections.abc import Awaitable, Iterable, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Any, NamedTuple

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    Visitor,
    get_nullable_type,
    is_object_type,
    visit,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from scryon_graphql.plain_fields import Branch, Leaf, NotPlainError, find_plain, read_leaves

FieldSet = dict[str, list[Any]]
"""The selected fields of one object by response key, each with all nodes that ask for it (graphql-core's shape)."""

_CONDITIONS = {GraphQLSkipDirective.name, GraphQLIncludeDirective.name}
"""Directives that make it depend on variables what is selected. The schema has none that defer or stream anything."""


class Plan(NamedTuple):
    """The plain fields of a selection by response key; `is_whole` when there are some and no others."""

    leaves: tuple[tuple[str, Leaf], ...]
    branches: tuple[tuple[str, Branch], ...]
    is_whole: bool


class KnownDocument:
    """A valid document that is executed again and again.

    What it selects is found out once, unless that depends on its variables.
    """

    def __init__(self, document: DocumentNode) -> None:
        self.document = document
        self.operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self.is_static = not _has_conditions(document)
        self.root_fields: FieldSet | None = None
        self.sub_fields: dict[Any, Any] = {}
        self.plans: dict[int, tuple[FieldSet, Plan]] = {}


def _has_conditions(document: DocumentNode) -> bool:
    found = False

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            nonlocal found
            found |= node.name.value in _CONDITIONS

    visit(document, Conditions())
    return found


class PlainFieldsExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with a short way for plain fields."""

    def __init__(self, *args: Any, known: KnownDocument | None = None, **kwargs: Any) -> None:
        """`known`: the document, if it has one operation and is executed often."""
        super().__init__(*args, **kwargs)
        # By identity, like graphql-core's own memory of sub-selections; the field sets are kept so that none can be
        # taken for another.
        self._plans: dict[int, tuple[FieldSet, Plan]] = {}
        self._known = known if known is not None and known.is_static else None
        if self._known is not None:
            self._plans = self._known.plans
            self._relevant_sub_fields = self._known.sub_fields

    def execute_collected_root_fields(
        self, root_type: Any, root_value: Any, grouped_field_set: FieldSet, *args: Any
    ) -> Any:
        """Execute the selected fields of the root; of a known document always the same ones."""
        if self._known is not None:
            if self._known.root_fields is None:
                self._known.root_fields = grouped_field_set
            grouped_field_set = self._known.root_fields
        return super().execute_collected_root_fields(root_type, root_value, grouped_field_set, *args)

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
        for key, (attribute, is_nullable, as_is, coercions, _) in self._find_plan(
            parent_type, grouped_field_set
        ).leaves:
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

    def complete_iterable_value(
        self,
        item_type: Any,
        field_details_list: list[Any],
        info: Any,
        path: Any,
        items: Iterable[Any],
        position_context: Any,
    ) -> Any:
        """Complete a list; plain objects are read column by column."""
        type_ = get_nullable_type(item_type)
        if type(items) is list and is_object_type(type_):
            try:
                return self._read_objects(type_, items, field_details_list)
            except Exception:  # noqa: S110  (the ordinary path does it again, and reports it)
                pass
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _read_objects(
        self, type_: GraphQLObjectType, objects: Sequence[Any], details: list[Any]
    ) -> list[dict[str, Any]]:
        """Read all selected fields of objects of one type.

        Raises:
            Exception: of any kind, when a value is not for a tight loop.
        """
        for kind in set(map(type, objects)):
            if issubclass(kind, Exception) or hasattr(kind, "__await__"):
                raise NotPlainError
        fields, _, _ = self.collect_subfields(type_, details)
        plan = self._find_plan(type_, fields)
        if not plan.is_whole or type_.is_type_of:
            raise NotPlainError
        columns = {key: read_leaves(leaf, objects) for key, leaf in plan.leaves}
        for key, branch in plan.branches:
            columns[key] = self._read_branches(branch, objects, fields[key])
        keys = tuple(fields)
        rows = zip(*[columns[key] for key in keys], strict=True)
        # Without the check of each row, which takes a third of the time: all have one value per column.
        return [dict(zip(keys, row, strict=False)) for row in rows]

    def _read_branches(self, branch: Branch, objects: Sequence[Any], details: list[Any]) -> list[Any]:
        values = list(map(attrgetter(branch.attribute), objects))
        present = [value for value in values if value is not None]
        if len(present) < len(values) and not branch.is_nullable:
            raise NotPlainError
        if not branch.is_list:
            read = iter(self._read_objects(branch.type, present, details))
            return [None if value is None else next(read) for value in values]
        if set(map(type, present)) - {list}:
            raise NotPlainError
        read = iter(self._read_objects(branch.type, list(chain.from_iterable(present)), details))
        return [None if value is None else list(islice(read, len(value))) for value in values]

    def _find_plan(self, parent_type: GraphQLObjectType, fields: FieldSet) -> Plan:
        known = self._plans.get(id(fields))
        if known is None:
            known = self._plans[id(fields)] = (fields, self._make_plan(parent_type, fields))
        return known[1]

    def _make_plan(self, parent_type: GraphQLObjectType, fields: FieldSet) -> Plan:
        leaves, branches = [], []
        # A middleware wants to see every field.
        has_middleware = self.middleware_manager and self.middleware_manager.middlewares
        for key, details in () if has_middleware else fields.items():
            node = details[0].node
            definition = parent_type.fields.get(node.name.value)
            if definition is None or node.arguments:
                continue
            plain = find_plain(definition)
            if isinstance(plain, Leaf):
                leaves.append((key, plain))
            elif isinstance(plain, Branch):
                branches.append((key, plain))
        return Plan(tuple(leaves), tuple(branches), 0 < len(leaves) + len(branches) == len(fields))


def _merge(fields: FieldSet, leaves: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Put both together in the order of the selection; what is in neither is unknown to the schema."""
    found = leaves | others
    return {key: found[key] for key in fields if key in found}


async def _merge_later(fields: FieldSet, leaves: dict[str, Any], others: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return _merge(fields, leaves, await others)
