"""Which documents an `Idempotency-Key` goes with. Source: rest.md, section 1.11."""

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, OperationType, parse

from app.errors import ValidationFailedError
from app.idempotency.service import HEADER
from scryon_graphql.limits import MAX_TOKENS


def find_only_mutation(query: str, operation_name: str | None) -> str | None:
    """The key under which the answer shows the only mutation of a document; None for a query, or what is none at all.

    Raises:
        ValidationFailedError: several mutations, or fields in a fragment: a key stands for one effect.
    """
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError):
        # The schema will say what is wrong.
        return None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = [node for node in operations if operation_name in (None, node.name.value if node.name else None)]
    if len(named) != 1 or named[0].operation is not OperationType.MUTATION:
        return None
    selections = named[0].selection_set.selections
    if len(selections) != 1 or not isinstance(selections[0], FieldNode):
        raise ValidationFailedError.of(HEADER, "goes with documents of exactly one mutation field")
    field = selections[0]
    return field.alias.value if field.alias else field.name.value
