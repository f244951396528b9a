"""Which documents an `Idempotency-Key` goes with. Source: rest.md, section 1.11."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
    value_from_ast_untyped,
)

from app.errors import ValidationFailedError
from app.idempotency.service import HEADER
from scryon_graphql.ids import parse_id
from scryon_graphql.limits import MAX_DOCUMENT_CHARS, MAX_TOKENS


@dataclass(frozen=True, slots=True)
class OnlyMutation:
    """The one mutation field of a document."""

    operation: OperationDefinitionNode
    field: FieldNode

    def answer_deletion(self, variables: Mapping[str, Any]) -> dict[str, str]:
        """The data of the answer of a mutation that has deleted the `id` it was given, and answers that id."""
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in self.operation.variable_definitions or ()
            if definition.default_value is not None
        }
        [given] = [argument.value for argument in self.field.arguments or () if argument.name.value == "id"]
        row_id = parse_id(value_from_ast_untyped(given, {**defaults, **variables}))
        shown = self.field.alias or self.field.name
        return {shown.value: str(row_id)}


def find_only_mutation(query: str, operation_name: str | None) -> OnlyMutation | None:
    """The only mutation of a document; None for a query, or what is none at all.

    Raises:
        ValidationFailedError: several mutations, or fields in a fragment: a key stands for one effect.
    """
    if len(query) > MAX_DOCUMENT_CHARS:
        # Here as below, the schema will say what is wrong.
        return None
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError):
        return None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = [node for node in operations if operation_name in (None, node.name.value if node.name else None)]
    if len(named) != 1 or named[0].operation is not OperationType.MUTATION:
        return None
    selections = named[0].selection_set.selections
    if len(selections) != 1 or not isinstance(selections[0], FieldNode):
        raise ValidationFailedError.of(HEADER, "goes with documents of exactly one mutation field")
    return OnlyMutation(named[0], selections[0])
