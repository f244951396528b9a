"""Which multipart requests bring a voice sample, which must never be stored. Source: pipeline.md, section 14 (P5)."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from app.errors import ValidationFailedError
from app.uploads.forms import FilePurpose
from scryon_graphql.limits import MAX_TOKENS

_FOR_A_SAMPLE, _FOR_A_RECORDING = "putVoiceProfile", "analyzeCall"


def find_purpose(operations: Mapping[str, Any]) -> FilePurpose:
    """What the file of a multipart request is for; `operations` are as they came, unchecked.

    A file is the recording of a call only where that is asked for: a document with a mistake may have meant the other.

    Raises:
        ValidationFailedError: the document would take it for a recording of a call as well.
    """
    query, name = operations.get("query"), operations.get("operationName")
    if not isinstance(query, str):
        return FilePurpose.NONE
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError):
        # The schema will say what is wrong.
        return FilePurpose.NONE
    fields = set(_iter_root_fields(document, name or None))
    if _FOR_A_SAMPLE in fields and _FOR_A_RECORDING in fields:
        raise ValidationFailedError.of("operations", f"must not ask for both {_FOR_A_SAMPLE} and {_FOR_A_RECORDING}")
    if _FOR_A_SAMPLE in fields:
        return FilePurpose.SAMPLE
    return FilePurpose.RECORDING if _FOR_A_RECORDING in fields else FilePurpose.NONE


def _iter_root_fields(document: DocumentNode, operation_name: str | None) -> Iterator[str]:
    """Names of all fields on top of the operation that is meant, through fragments, each of which counts once."""
    fragments: dict[str, SelectionSetNode] = {}
    waiting: list[SelectionSetNode] = []
    for node in document.definitions:
        if isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = node.selection_set
        elif isinstance(node, OperationDefinitionNode) and operation_name in (None, node.name and node.name.value):
            waiting.append(node.selection_set)
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                yield selection.name.value
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value in fragments:
                waiting.append(fragments.pop(selection.name.value))
