"""The schema: what Scryon can be asked, whichever door the question comes through.

`schema` is the one for documents that strangers write; the REST facade, whose operations are our own, makes its own
with `make_schema` and leaves the limits out. Source: architecture.md, "The public schema".
"""

from collections.abc import Callable, Iterable
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.extensions.directives import DirectivesExtension, DirectivesExtensionSync
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from scryon_graphql.actions import ActionMutation, ActionQuery
from scryon_graphql.calls.analyze_call import AnalyzeCallMutation
from scryon_graphql.calls.assign_contact import AssignContactMutation
from scryon_graphql.calls.delete_calls import DeleteCallsMutation
from scryon_graphql.calls.query import CallQuery
from scryon_graphql.calls.reanalyze_call import ReanalyzeCallMutation
from scryon_graphql.calls.update_call import UpdateCallMutation
from scryon_graphql.contacts import ContactMutation, ContactQuery
from scryon_graphql.directives import described_by, keep_null
from scryon_graphql.errors import dress_errors
from scryon_graphql.executor import LeafExecutor
from scryon_graphql.known_documents import KnownDocuments, KnownDocumentsExtension
from scryon_graphql.limits import LIMITS
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


class Schema(strawberry.Schema):
    """Strawberry's schema with our errors, and without its machinery for client directives."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Strawberry hands over every error of every path here, before anybody else sees it."""
        context = None if execution_context is None else execution_context.context
        dress_errors(errors, getattr(context, "request_id", None))

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        """Leave out what would run client directives: ours do nothing, and it would wrap every field resolver."""
        machinery = (DirectivesExtension, DirectivesExtensionSync)
        return [extension for extension in super().get_extensions(sync) if not isinstance(extension, machinery)]


def make_schema(
    extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (), **options: Any
) -> Schema:
    """Make a schema of the same types with other extensions; `options` go to `strawberry.Schema`."""
    return Schema(
        query=Query,
        mutation=Mutation,
        directives=[keep_null, described_by],
        extensions=extensions,
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=LeafExecutor,
        **options,
    )


_known = KnownDocuments()
schema = make_schema((lambda: KnownDocumentsExtension(_known), OperationChoice, *LIMITS))


def print_schema() -> str:
    """The schema in SDL, ending in a line break: the content of `schema.graphql`."""
    return schema.as_str().rstrip() + "\n"
