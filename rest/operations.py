"""The persisted operations, one `.graphql` file per endpoint: loaded and checked at start, run without parsing.

Source: architecture.md, "The facade: operations instead of handlers".
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
)

import scryon_graphql.schema
from app.errors import InternalError, ScryonError
from rest.selection import Fragments, SelectedField, find_body, read_selection
from scryon_graphql.context import Context
from scryon_graphql.executor import KnownDocument
from scryon_graphql.schema import schema

N = TypeVar("N", bound=DefinitionNode)


class StaleOperationsError(Exception):
    """Operations do not fit the schema; the message names each file and what is wrong. Nothing may start."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A checked operation. `path` leads from its data to the value of `body`, which is the answer of the endpoint."""

    name: str
    document: KnownDocument
    path: tuple[str, ...]
    body: SelectedField

    def read_body(self, data: Mapping[str, Any]) -> Any:
        """Take the answer out of the data of an execution, which it changes."""
        value: Any = data
        for key in self.path:
            value = value[key]
        self.body.prune(value)
        return value


class Operations:
    """All operations of a folder."""

    def __init__(self, folder: Path) -> None:
        """Load `folder`.

        Raises:
            StaleOperationsError: an operation is malformed or does not fit the schema.
        """
        self.schema: GraphQLSchema = schema._schema
        self._by_name = load_operations(folder, self.schema)

    def __getitem__(self, name: str) -> Operation:
        return self._by_name[name]

    async def run(self, name: str, variables: Mapping[str, Any], context: Context) -> Any:
        """Run an operation and take its answer: a JSON value, without the null fields.

        Raises:
            ScryonError: what a resolver raised.
        """
        operation = self._by_name[name]
        result = await schema.run(operation.document, variables, context)
        if result.errors or result.data is None:
            raise max(map(_relay, result.errors or ()), key=lambda error: error.status, default=InternalError())
        return operation.read_body(result.data)


def _relay(error: GraphQLError) -> ScryonError:
    """What a resolver raised, as the schema has told it apart."""
    return error.original_error if isinstance(error.original_error, ScryonError) else InternalError()


def find_operations_folder() -> Path:
    """Where the operation files are: inside the package in a wheel, beside it in a checkout."""
    package = Path(scryon_graphql.schema.__file__).parent
    inside = package / "operations"
    return inside if inside.is_dir() else package.parent / "operations"


@functools.cache
def default_operations() -> Operations:
    """The operations of this installation, loaded once per process. Raises StaleOperationsError."""
    return Operations(find_operations_folder())


def load_operations(folder: Path, schema: GraphQLSchema) -> dict[str, Operation]:
    """Read every operation below a folder and check it against the schema; all of them may use all fragments there.

    Raises:
        StaleOperationsError: lists everything that is wrong.
    """
    problems: list[str] = []
    documents: dict[Path, DocumentNode] = {}
    for path in sorted(folder.rglob("*.graphql")):
        try:
            documents[path] = parse(path.read_text(encoding="utf-8"))
        except GraphQLError as error:
            problems.append(f"{path.name}: {error.message}")
    fragments = {node.name.value: node for node in _iter_nodes(documents, FragmentDefinitionNode)}
    operations: dict[str, Operation] = {}
    for node in _iter_nodes(documents, OperationDefinitionNode):
        name = node.name.value if node.name else ""
        try:
            operations[name] = _check(name, node, fragments, schema)
        except LookupError as error:
            problems.append(f"{name}.graphql: {error}")
    if problems or not operations:
        raise StaleOperationsError("\n".join(problems) or f"There are no operations in {folder}")
    return operations


def _iter_nodes(documents: Mapping[Path, DocumentNode], kind: type[N]) -> Iterator[N]:
    for document in documents.values():
        yield from (node for node in document.definitions if isinstance(node, kind))


def _check(name: str, node: OperationDefinitionNode, fragments: Fragments, schema: GraphQLSchema) -> Operation:
    used = dict.fromkeys(_iter_spreads(node.selection_set, fragments))
    document = DocumentNode(definitions=(node, *(fragments[used_name] for used_name in used)))
    errors = validate(schema, document)
    if errors:
        raise LookupError("; ".join(error.message for error in errors))
    root = schema.get_root_type(node.operation)
    assert root is not None  # validation has seen it
    path, body = find_body(read_selection(node.selection_set, root, fragments))
    return Operation(name, KnownDocument(document), path, body)


def _iter_spreads(selections: SelectionSetNode | None, fragments: Fragments) -> Iterator[str]:
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            yield from _iter_spreads(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            if node.name.value not in fragments:
                raise LookupError(f"there is no fragment {node.name.value!r}")
            yield node.name.value
            yield from _iter_spreads(fragments[node.name.value].selection_set, fragments)


def enum_values(name: str) -> tuple[str, ...]:
    """The values of an enum type of the schema, in its order."""
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLEnumType)
    return tuple(found.values)
