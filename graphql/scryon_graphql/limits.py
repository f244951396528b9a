"""What one GraphQL request may ask for.

Length, tokens, fragments, repeats, depth and aliases are checked on the document, the number of objects on document
and variables.
Operations of the REST facade are our own and are not checked here; their lists have the same maxima.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter, SchemaExtension

from app.errors import ValidationFailedError

DEFAULT_SIZE = 50
"""Objects of a list when the request does not say (rest.md, section 5)."""

MAX_PAGE_SIZE = 100
MAX_CALL_PAGE_SIZE = 200
MAX_CALL_PAGE = 100_000
MAX_ACTIONS = 1000
MAX_EVENTS = 500
MAX_CONTACTS = 5000
MAX_VIBE_DAYS = 365

MAX_DEPTH = 10
"""The deepest sensible path, `calls.nodes.analysis.tone.byParty.userTone.overall`, has six steps below its root."""

MAX_ALIASES = 50
"""Aliases are how one request asks for the same list many times."""

MAX_TOKENS = 2000
"""Everything that the schema offers about a call is under 600 tokens, the introspection of GraphiQL under 400."""

MAX_NESTING = 40
"""Brackets of all kinds within each other: fields to `MAX_DEPTH` with arguments and variables take half of it."""

_OPENING, _CLOSING = frozenset("{[("), frozenset("}])")
_TEXT_OR_COMMENT = re.compile(r'"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n])*"|#[^\r\n]*')
_TOKEN = re.compile(r"[A-Za-z_]\w*|[{}()\[\]:!=|&@$]|\.\.\.", re.ASCII)
"""Tokens of a document without its texts and comments; numbers are left out, so that none is counted twice."""

MAX_DOCUMENT_CHARS = 50_000
"""`MAX_TOKENS` of them with their names and indents take half of it. The parser reads a long text in 10 to 30 ms."""

MAX_SELECTIONS = 1000
"""Fields and spreads, each fragment counted as often as it is spread: fragments that spread others twice multiply."""

MAX_REPEATS = 100
"""How often a document may have fields of one name: validation compares each with each, 2000 of them for 130 ms."""

MAX_OBJECTS = 25_000
"""The largest page of calls with the most action items for each is 10 100 objects."""

_SIZE_ARGUMENTS = {"calls": "first", "callPage": "size", "actionItems": "first", "callStatuses": "ids"}
_FIXED_SIZES = {"events": 50, "contacts": MAX_CONTACTS}
"""Lists without an argument: `events` of many calls by what they usually hold, `contacts` by what they may."""


def check_range(value: int, field: str, least: int, most: int) -> int:
    """Let a number pass that lies between the two, inclusive. Raises ValidationFailedError."""
    if not least <= value <= most:
        raise ValidationFailedError.of(field, f"must be between {least} and {most}")
    return value


class LengthLimiter(SchemaExtension):
    """Refuses a document that would take long to be parsed, whatever it is that makes it long."""

    def on_parse(self) -> Iterator[None]:
        text = self.execution_context.query or ""
        if len(text) > MAX_DOCUMENT_CHARS:
            raise ValidationFailedError.of("query", f"must be at most {MAX_DOCUMENT_CHARS} characters")
        # The parser counts, too, but takes milliseconds until it has counted as far.
        tokens = _TOKEN.findall(_TEXT_OR_COMMENT.sub(" ", text))
        if len(tokens) > MAX_TOKENS:
            raise ValidationFailedError.of("query", f"must be at most {MAX_TOKENS} tokens")
        if max(accumulate(map(_step, tokens)), default=0) > MAX_NESTING:
            raise ValidationFailedError.of("query", f"must not be nested more than {MAX_NESTING} levels deep")
        yield


def _step(token: str) -> int:
    """How much deeper what follows a token is."""
    return (token in _OPENING) - (token in _CLOSING)


class FragmentsLimiter(SchemaExtension):
    """Refuses fragments that are unknown, spread themselves, or multiply beyond `MAX_SELECTIONS`.

    Before validation, since the limiters of depth and aliases walk into every spread anew and trip over unknown ones.
    """

    def on_validate(self) -> Iterator[None]:
        document = self.execution_context.graphql_document
        if document is not None:
            definitions = document.definitions
            fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
            counter = _SelectionCounter(fragments)
            operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
            if sum(counter.count(operation.selection_set) for operation in operations) > MAX_SELECTIONS:
                raise ValidationFailedError.of("query", f"must not have more than {MAX_SELECTIONS} selections")
        yield


class FieldsLimiter(SchemaExtension):
    """Refuses, before the rules take their time, a document with many aliases, or the same field again and again."""

    def on_validate(self) -> Iterator[None]:
        document = self.execution_context.graphql_document
        if document is not None:
            selections = (getattr(definition, "selection_set", None) for definition in document.definitions)
            fields = [field for selection in selections for field in _iter_fields(selection)]
            aliases = sum(field.alias is not None for field in fields)
            if aliases > MAX_ALIASES:
                raise ValidationFailedError.of("query", f"{aliases} aliases found. Allowed: {MAX_ALIASES}")
            names = Counter((field.alias or field.name).value for field in fields)
            if max(names.values(), default=0) > MAX_REPEATS:
                raise ValidationFailedError.of("query", f"must not name a field more than {MAX_REPEATS} times")
        yield


def _iter_fields(selections: SelectionSetNode | None) -> Iterator[FieldNode]:
    """All fields, those of fragments where they are defined."""
    for node in selections.selections if selections else ():
        if isinstance(node, FieldNode):
            yield node
        if isinstance(node, FieldNode | InlineFragmentNode):
            yield from _iter_fields(node.selection_set)


class _SelectionCounter:
    """Adds up selections, each fragment looked at once."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._counts: dict[str, int | None] = {}

    def count(self, selections: SelectionSetNode | None) -> int:
        """Raises GraphQLError for an unknown fragment and for one that spreads itself."""
        return sum(1 + self._count_below(node) for node in selections.selections) if selections else 0

    def _count_below(self, node: Any) -> int:
        if not isinstance(node, FragmentSpreadNode):
            return self.count(node.selection_set)
        name = node.name.value
        if name not in self._fragments:
            raise GraphQLError(f"Unknown fragment '{name}'.", node)
        if name not in self._counts:
            self._counts[name] = None
            self._counts[name] = self.count(self._fragments[name].selection_set)
        found = self._counts[name]
        if found is None:
            raise GraphQLError(f"Cannot spread fragment '{name}' within itself.", node)
        return found


class ObjectsLimiter(SchemaExtension):
    """Refuses an operation whose lists, nested in each other, could give more than `MAX_OBJECTS` objects."""

    def on_execute(self) -> Iterator[None]:
        context = self.execution_context
        if context.graphql_document is not None:
            operations = [
                node for node in context.graphql_document.definitions if isinstance(node, OperationDefinitionNode)
            ]
            for operation in operations:
                is_meant = len(operations) == 1 or (operation.name and operation.name.value == context.operation_name)
                counted = count_objects(context.graphql_document, operation, context.variables or {})
                if is_meant and counted > MAX_OBJECTS:
                    raise ValidationFailedError.of("query", f"must not ask for more than {MAX_OBJECTS} objects")
        yield


def count_objects(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """How many objects an operation of a valid document can give at most."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return _ObjectCounter(fragments, {**_defaults(operation), **variables}).count(operation.selection_set)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """What the operation says for variables that the request leaves out; numbers only, nothing else is a size."""
    given = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
    return {name: int(value.value) for name, value in given.items() if isinstance(value, IntValueNode)}


class _ObjectCounter:
    """Multiplies list sizes down a validated document, in which fragments cannot be circular."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables

    def count(self, selections: SelectionSetNode | None) -> int:
        """Objects below one object."""
        return sum(self._count_node(node) for node in selections.selections) if selections else 0

    def _count_node(self, node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            return self.count(self._fragments[node.name.value].selection_set)
        if isinstance(node, InlineFragmentNode):
            return self.count(node.selection_set)
        if node.selection_set is None:
            return 0
        size = self._size(node)
        # A list field stands for `size` objects, any other for one that is not worth counting.
        return (size or 0) + (1 if size is None else size) * self.count(node.selection_set)

    def _size(self, field: FieldNode) -> int | None:
        name = field.name.value
        wanted = _SIZE_ARGUMENTS.get(name)
        if wanted is None:
            return _FIXED_SIZES.get(name)
        for argument in field.arguments or ():
            if argument.name.value == wanted:
                return self._number(argument.value)
        return DEFAULT_SIZE

    def _number(self, value: ValueNode) -> int:
        if isinstance(value, IntValueNode):
            return _clamp(int(value.value))
        if isinstance(value, ListValueNode):
            return len(value.values)
        given = self._variables.get(value.name.value, DEFAULT_SIZE) if isinstance(value, VariableNode) else None
        if isinstance(given, list):
            return len(given)
        if isinstance(given, float) and given.is_integer():
            # GraphQL takes it for a whole number, too.
            given = int(given)
        return _clamp(given) if isinstance(given, int) else DEFAULT_SIZE


def _clamp(size: int) -> int:
    """No list gives more than the largest maximum; a size beyond it is refused by the list itself."""
    return max(0, min(size, MAX_ACTIONS))


LIMITS = (
    LengthLimiter,
    FragmentsLimiter,
    FieldsLimiter,
    lambda: QueryDepthLimiter(max_depth=MAX_DEPTH),
    lambda: MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
    lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
    ObjectsLimiter,
)
"""Extensions for the schema that strangers write documents for."""
