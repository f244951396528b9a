"""Reading calls. Source: rest.md, sections 2.3 to 2.7."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from typing import Annotated

import strawberry

from app.calls import queries as call_queries
from app.calls import service as calls
from app.calls.documents import read_analysis, read_transcript
from app.errors import CallNotFoundError
from scryon_graphql.analysis import Analysis
from scryon_graphql.calls.types import Call, CallConnection, CallState, CallStates
from scryon_graphql.context import Context
from scryon_graphql.documents import read_document
from scryon_graphql.enums import CallStatus
from scryon_graphql.ids import parse_filter_id, parse_ids, require_id
from scryon_graphql.limits import DEFAULT_SIZE, MAX_CALL_PAGE, MAX_CALL_PAGE_SIZE, MAX_PAGE_SIZE, check_range
from scryon_graphql.transcript import Transcript

CallId = Annotated[strawberry.ID, strawberry.argument(description="Id of the call.")]
StatusFilter = Annotated[CallStatus | None, strawberry.argument(description="Only calls of this status.")]


@strawberry.type
class CallQuery:
    @strawberry.field(description="One call. Errors: `call_not_found`, for a malformed id too.")
    async def call(self, info: strawberry.Info[Context], id: CallId) -> Call:
        call_id = require_id(id, CallNotFoundError)
        row, notes = await calls.read_call(info.context.resources.database, info.context.user_id, call_id)
        info.context.loaders.notes.prime(call_id, notes)
        return Call.from_row(row)

    @strawberry.field(
        description="The transcript of a completed call. "
        "Errors: `call_not_found`, `call_not_completed`, `transcript_not_found`."
    )
    async def call_transcript(self, info: strawberry.Info[Context], id: CallId) -> Transcript:
        call_id = require_id(id, CallNotFoundError)
        document = await read_transcript(info.context.resources, info.context.user_id, call_id)
        return read_document(Transcript, document)

    @strawberry.field(
        description="The analysis of a completed call. "
        "Errors: `call_not_found`, `call_not_completed`, `analysis_not_found`."
    )
    async def call_analysis(self, info: strawberry.Info[Context], id: CallId) -> Analysis:
        call_id = require_id(id, CallNotFoundError)
        document = await read_analysis(info.context.resources, info.context.user_id, call_id)
        return read_document(Analysis, document)

    @strawberry.field(description="The calls of the signed-in user, newest first.")
    async def calls(
        self,
        info: strawberry.Info[Context],
        first: Annotated[int, strawberry.argument(description="Size of the page, 1 to 100.")] = DEFAULT_SIZE,
        after: Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")] = None,
        status: StatusFilter = None,
        contact_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only calls linked to this contact; an unknown one has none."),
        ] = None,
    ) -> CallConnection:
        check_range(first, "first", 1, MAX_PAGE_SIZE)
        wanted_contact = None if contact_id is None else parse_filter_id(contact_id, "contactId")
        page = await calls.list_calls(
            info.context.resources.database,
            info.context.user_id,
            first=first,
            after=after,
            status=status,
            contact_id=wanted_contact,
        )
        return CallConnection(
            nodes=[Call.from_row(row) for row in page.items],
            end_cursor=page.next_cursor,
            has_next_page=page.next_cursor is not None,
        )

    @strawberry.field(
        description="The same list by position, for old clients; calls that arrive shift it. Prefer `calls`."
    )
    async def call_page(
        self,
        info: strawberry.Info[Context],
        page: Annotated[int, strawberry.argument(description="Number of the page, 0 to 100000.")] = 0,
        size: Annotated[int, strawberry.argument(description="Size of the page, 1 to 200.")] = DEFAULT_SIZE,
        status: StatusFilter = None,
    ) -> list[Call]:
        check_range(page, "page", 0, MAX_CALL_PAGE)
        check_range(size, "size", 1, MAX_CALL_PAGE_SIZE)
        async with info.context.resources.database.read() as session:
            rows = await call_queries.list_calls_from(
                session, info.context.user_id, offset=page * size, limit=size, status=status
            )
        return [Call.from_row(row) for row in rows]

    @strawberry.field(description="Where up to 200 calls stand; made for polling.")
    async def call_statuses(
        self,
        info: strawberry.Info[Context],
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="1 to 200 different ids of calls.")],
    ) -> CallStates:
        call_ids = parse_ids(ids, "ids")
        statuses = await calls.list_statuses(info.context.resources.database, info.context.user_id, call_ids)
        return CallStates(
            items=[CallState(id=call_id, status=status) for call_id, status in statuses.items],
            next_poll_ms=statuses.next_poll_ms,
        )
