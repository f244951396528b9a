"""What an operation selects, with types: how its answer is cut and how its schema is written.

Null fields are left out of answers, apart from those marked `@keepNull`; this follows the selection, never the data,
so that the inside of a JSON scalar is left alone. Source: architecture.md, "The facade".
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    SelectionSetNode,
    StringValueNode,
    get_named_type,
)

BODY_ALIAS = "body"

Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class SelectedField:
    """One field of an answer.

    `fields` is empty for leaves. `fragment` names the fragment that alone makes up the fields, which then is the name
    of their schema. `described_by` names the type that describes a JSON scalar.
    """

    key: str
    type: GraphQLOutputType
    description: str | None
    keeps_null: bool
    described_by: str | None
    fragment: str | None
    fields: tuple["SelectedField", ...]
    droppable: tuple[str, ...] = dataclasses.field(init=False)
    """Keys of the fields that are left out where they are null."""
    nested: tuple["SelectedField", ...] = dataclasses.field(init=False)
    """Fields that have fields."""

    def __post_init__(self) -> None:
        may_be_null = [field for field in self.fields if not isinstance(field.type, GraphQLNonNull)]
        object.__setattr__(self, "droppable", tuple(field.key for field in may_be_null if not field.keeps_null))
        object.__setattr__(self, "nested", tuple(field for field in self.fields if field.fields))

    def prune(self, value: Any) -> None:
        """Take null fields out of a value of this field, however deep; the value itself is changed."""
        if isinstance(value, list):
            for item in value:
                self.prune(item)
        elif value is not None and self.fields:
            for key in self.droppable:
                if value[key] is None:
                    del value[key]
            for field in self.nested:
                field.prune(value.get(field.key))


def read_selection(
    selections: SelectionSetNode | None, parent: GraphQLObjectType, fragments: Fragments
) -> tuple[SelectedField, ...]:
    """Read a validated selection of an object type; fragments are resolved, conditional fields do not exist here."""
    return tuple(_read_field(node, parent, fragments) for node in _iter_fields(selections, fragments))


def _iter_fields(selections: SelectionSetNode | None, fragments: Fragments) -> Iterator[FieldNode]:
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _iter_fields(fragments[node.name.value].selection_set, fragments)


def _read_field(node: FieldNode, parent: GraphQLObjectType, fragments: Fragments) -> SelectedField:
    definition = parent.fields[node.name.value]
    named = get_named_type(definition.type)
    directives = {directive.name.value: directive for directive in node.directives or ()}
    return SelectedField(
        key=node.alias.value if node.alias else node.name.value,
        type=definition.type,
        description=definition.description,
        keeps_null="keepNull" in directives,
        described_by=_text_argument(directives.get("describedBy")),
        fragment=_only_fragment(node.selection_set),
        fields=read_selection(node.selection_set, named, fragments) if isinstance(named, GraphQLObjectType) else (),
    )


def _text_argument(directive: DirectiveNode | None) -> str | None:
    values = [argument.value for argument in directive.arguments or ()] if directive else []
    return next((value.value for value in values if isinstance(value, StringValueNode)), None)


def _only_fragment(selections: SelectionSetNode | None) -> str | None:
    nodes = selections.selections if selections else ()
    return nodes[0].name.value if len(nodes) == 1 and isinstance(nodes[0], FragmentSpreadNode) else None


def find_body(fields: tuple[SelectedField, ...], path: tuple[str, ...] = ()) -> tuple[tuple[str, ...], SelectedField]:
    """Find the one field with the alias `body`, at any depth outside of itself, and the keys that lead to it.

    Raises:
        LookupError: there is none, or more than one.
    """
    found = list(_iter_bodies(fields, path))
    if len(found) != 1:
        raise LookupError(f"must have one field with the alias {BODY_ALIAS!r}, not {len(found)}")
    return found[0]


def _iter_bodies(
    fields: tuple[SelectedField, ...], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], SelectedField]]:
    for field in fields:
        if field.key == BODY_ALIAS:
            yield (*path, field.key), field
        else:
            yield from _iter_bodies(field.fields, (*path, field.key))
