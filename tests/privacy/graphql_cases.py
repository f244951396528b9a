"""A case for each field of `Query` and `Mutation`, with everything that can be selected below it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from scryon_graphql.limits import MAX_DEPTH
from tests.forms import field
from tests.privacy.cases import (
    DAY,
    FILE,
    MOMENT,
    TEXT,
    CannotFillError,
    Case,
    Slot,
    SlotKind,
    Values,
    fill,
    find_slots,
    write_file,
    write_form,
)

_NAMED_LIKE_AN_ID = re.compile(r"(\.i|I)ds?$")
_FREE_TEXT = {"AnalyzeCallInput.contactId"}
"""Named like an id, but any text will do: the phone's own address book has it."""

_SCALARS: dict[str, Any] = {"Boolean": True, "Date": DAY, "DateTime": MOMENT, "Float": 1.0, "Int": 1, "Upload": FILE}


@dataclass(frozen=True)
class Field(Case):
    """A root field; `template` has its variables."""

    document: str

    def locate(self, values: Values) -> tuple[str, str]:
        return "POST", "/graphql"

    def write(self, values: Values, options: Mapping[str, Any]) -> dict[str, Any]:
        variables = {**fill(self.template, values), **options}
        files = [name for name, value in variables.items() if value is FILE]
        operations = {"query": self.document, "variables": {**variables, **dict.fromkeys(files)}}
        if not files:
            return {"json": operations}
        places = {"0": [f"variables.{name}" for name in files]}
        parts = [field("operations", orjson.dumps(operations)), field("map", orjson.dumps(places)), write_file("0")]
        return write_form(parts)


def list_fields(schema: GraphQLSchema) -> list[Field]:
    """A case for each root field.

    Raises:
        CannotFillError: an argument, anywhere below, is of a kind that nobody here knows how to fill.
    """
    if schema.subscription_type is not None:
        raise CannotFillError("Subscriptions are not tried yet: they need a connection that stays.")
    assert schema.query_type is not None
    queries = [_write_case("query", name, root) for name, root in schema.query_type.fields.items()]
    mutations = schema.mutation_type.fields.items() if schema.mutation_type else ()
    return [*queries, *(_write_case("mutation", name, root) for name, root in mutations)]


def _write_case(operation: str, name: str, root: GraphQLField) -> Field:
    writer = _Writer()
    selection = writer.write_field(name, root, prefix="", above=())
    variables = ", ".join(f"${variable}: {kind}" for variable, kind in writer.types.items())
    document = f"{operation} {f'({variables}) ' if variables else ''}{{ {selection} }}"
    return Field(f"{operation}.{name}", writer.template, writer.options, operation == "mutation", document)


class _Writer:
    """Writes one document, and collects what it takes."""

    def __init__(self) -> None:
        self.types: dict[str, GraphQLType] = {}
        self.template: dict[str, Any] = {}
        self.options: dict[str, Any] = {}

    def write_field(self, name: str, definition: GraphQLField, prefix: str, above: tuple[str, ...]) -> str:
        """A field with all its arguments as variables, and with everything below it."""
        for argument_name, argument in definition.args.items():
            self._add_variable(f"{prefix}{argument_name}", f"{name}.{argument_name}", argument)
        arguments = ", ".join(f"{argument}: ${prefix}{argument}" for argument in definition.args)
        return f"{name}{f'({arguments})' if arguments else ''}{self._write_below(definition.type, prefix, above)}"

    def _add_variable(self, variable: str, place: str, argument: GraphQLArgument) -> None:
        is_required = is_required_argument(argument)
        # What has a default may be left out, which its type does not say.
        self.types[variable] = argument.type if is_required else get_nullable_type(argument.type)
        value = _make_value(place, argument, slot=variable)
        is_option = not is_required and not isinstance(value, dict) and not list(find_slots(value))
        (self.options if is_option else self.template)[variable] = value

    def _write_below(self, output: GraphQLOutputType, prefix: str, above: tuple[str, ...]) -> str:
        parent = get_named_type(output)
        if is_leaf_type(parent):
            return ""
        if not isinstance(parent, GraphQLObjectType):
            raise CannotFillError(f"Nobody here knows how to select from {parent}.")
        above = (*above, parent.name)
        fields = [
            self.write_field(name, field, f"{prefix}{name}_", above)
            for name, field in parent.fields.items()
            if _is_worth_selecting(field, above)
        ]
        return f" {{ {' '.join(fields)} }}"


def _is_worth_selecting(definition: GraphQLField, above: tuple[str, ...]) -> bool:
    """Nothing is selected below itself, nor deeper than a document may be."""
    below = get_named_type(definition.type)
    return is_leaf_type(below) or (below.name not in above and len(above) < MAX_DEPTH)


def _make_value(place: str, given: GraphQLArgument | GraphQLInputField, *, slot: str) -> Any:
    """The value of `field.argument` or `InputType.member`; `slot` is what a slot would be called."""
    nullable, named = get_nullable_type(given.type), get_named_type(given.type)
    is_argument = isinstance(given, GraphQLArgument)
    if named.name in ("ID", "UUID"):
        if is_list_type(nullable):
            return Slot(slot, SlotKind.MANY)
        return Slot(slot, SlotKind.ONE if is_argument and nullable is not given.type else SlotKind.FILTER)
    if nullable is named:
        if isinstance(named, GraphQLInputObjectType):
            return {
                member: _make_value(f"{named.name}.{member}", inner, slot=f"{slot}.{member}")
                for member, inner in named.fields.items()
            }
        if isinstance(named, GraphQLEnumType):
            return next(iter(named.values))
        if named.name in _SCALARS:
            return _SCALARS[named.name]
        if named.name == "String" and is_argument and place.endswith(".after"):
            return Slot(slot, SlotKind.CURSOR)
        if named.name == "String" and not is_argument and _is_free_text(place):
            return TEXT
    raise CannotFillError(f"{place}: {given.type}")


def _is_free_text(place: str) -> bool:
    return place in _FREE_TEXT or not _NAMED_LIKE_AN_ID.search(place)
