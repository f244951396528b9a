"""The schema: what Scryon can be asked, whichever door the question comes through.

Documents that strangers write are executed with `ask`, within limits; the operations of the REST facade, which are our
own and were checked at start, with `run`. Source: architecture.md, "The public schema".
"""

from collections.abc import Mapping
from functools import cache
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError, execute
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.extensions.directives import DirectivesExtension, DirectivesExtensionSync
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types import ExecutionContext
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types.graphql import OperationType

from scryon_graphql.actions import ActionMutation, ActionQuery
from scryon_graphql.calls.analyze_call import AnalyzeCallMutation
from scryon_graphql.calls.assign_contact import AssignContactMutation
from scryon_graphql.calls.delete_calls import DeleteCallsMutation
from scryon_graphql.calls.query import CallQuery
from scryon_graphql.calls.reanalyze_call import ReanalyzeCallMutation
from scryon_graphql.calls.update_call import UpdateCallMutation
from scryon_graphql.contacts import ContactMutation, ContactQuery
from scryon_graphql.context import Context
from scryon_graphql.directives import described_by, keep_null
from scryon_graphql.errors import dress_errors
from scryon_graphql.executor import KnownDocument, PlainFieldsExecutor
from scryon_graphql.known_documents import KnownDocuments, KnownDocumentsExtension
from scryon_graphql.limits import LIMITS, MAX_OBJECTS, count_objects
from scryon_graphql.operation_choice import OperationChoice
from scryon_graphql.scalars import SCALARS
from scryon_graphql.users import UserMutation, UserQuery
from scryon_graphql.vibe import VibeQuery
from scryon_graphql.voice import VoiceMutation, VoiceQuery


@strawberry.type(description="What can be read. Everything belongs to the signed-in user.")
class Query(CallQuery, ActionQuery, ContactQuery, VibeQuery, UserQuery, VoiceQuery):
    pass


@strawberry.type(description="What can be changed. Each field returns what it changed; errors are raised.")
class Mutation(
    AnalyzeCallMutation,
    UpdateCallMutation,
    AssignContactMutation,
    ReanalyzeCallMutation,
    DeleteCallsMutation,
    ActionMutation,
    ContactMutation,
    UserMutation,
    VoiceMutation,
):
    pass


_ALLOWED = {OperationType.QUERY, OperationType.MUTATION}

_known = KnownDocuments()


class _Names(NameConverter):
    """Strawberry's names, each made once: it asks for those of all arguments in every execution."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(super().apply_naming_config)  # type: ignore[method-assign]


class Schema(strawberry.Schema):
    """Strawberry's schema with our errors, and without its machinery for client directives."""

    async def run(self, known: KnownDocument, variables: Mapping[str, Any], context: Context) -> ExecutionResult:
        """Execute a document of one operation that is known to be valid; no extension looks at it."""
        result = execute(
            self._schema,
            known.document,
            context_value=context,
            variable_values=dict(variables),
            executor_class=PlainFieldsExecutor,
            known=known,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        )
        if isawaitable(result):
            result = await result
        if result.errors:
            dress_errors(result.errors, context.request_id)
        return result

    async def ask(
        self, query: str, variables: Mapping[str, Any], context: Context, *, operation_name: str | None
    ) -> ExecutionResult | StrawberryResult:
        """Execute a document that somebody wrote; one that was found valid before goes the short way.

        Raises:
            CannotGetOperationTypeError, InvalidOperationTypeError: no operation of the document is meant.
        """
        known = _known.find(query)
        if known is not None and len(known.operations) == 1:
            [operation] = known.operations
            is_meant = operation_name is None or (operation.name and operation.name.value == operation_name)
            if is_meant and count_objects(known.document, operation, variables) <= MAX_OBJECTS:
                return await self.run(known, variables, context)
        return await self.execute(
            query,
            variable_values=dict(variables),
            context_value=context,
            operation_name=operation_name,
            allowed_operation_types=_ALLOWED,
        )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Strawberry hands over every error of every path here, before anybody else sees it."""
        context = None if execution_context is None else execution_context.context
        dress_errors(errors, getattr(context, "request_id", None))

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        """Leave out what would run client directives: ours do nothing, and it would wrap every field resolver."""
        machinery = (DirectivesExtension, DirectivesExtensionSync)
        return [extension for extension in super().get_extensions(sync) if not isinstance(extension, machinery)]


schema = Schema(
    query=Query,
    mutation=Mutation,
    directives=[keep_null, described_by],
    extensions=(lambda: KnownDocumentsExtension(_known), OperationChoice, *LIMITS),
    config=StrawberryConfig(scalar_map=SCALARS, name_converter=_Names()),
    execution_context_class=PlainFieldsExecutor,
)


def print_schema() -> str:
    """The schema in SDL, ending in a line break: the content of `schema.graphql`."""
    return schema.as_str().rstrip() + "\n"
