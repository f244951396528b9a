"""Which operation of a document is meant: one that is named, or the only one."""

from collections.abc import Iterator

from graphql import OperationDefinitionNode
from strawberry.extensions import SchemaExtension

from app.errors import ValidationFailedError


class OperationChoice(SchemaExtension):
    """Refuses a document of several operations where nobody says which; Strawberry would run the first."""

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document = context.graphql_document
        operations = [
            node for node in (document.definitions if document else ()) if isinstance(node, OperationDefinitionNode)
        ]
        # Not the public `operation_name`, which falls back on the first operation's.
        if len(operations) > 1 and not context._provided_operation_name:
            raise ValidationFailedError.of("operationName", "must name one of the operations of the document")
        yield
