"""What the schema shows of calls. Source: rest.md, sections 2.3 to 2.5."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import Annotated, Self, cast
from uuid import UUID

import strawberry

from app.calls.queries import CallRow, EventRow
from scryon_graphql.actions import ActionItem
from scryon_graphql.analysis import Analysis
from scryon_graphql.contacts import Contact
from scryon_graphql.context import Context
from scryon_graphql.documents import read_document
from scryon_graphql.enums import CallStatus, Direction, Stage, StageStatus
from scryon_graphql.limits import DEFAULT_SIZE, MAX_PAGE_SIZE, check_range
from scryon_graphql.transcript import Transcript


@strawberry.type(description="One line of a call's history.")
class CallEvent:
    stage: Stage = strawberry.field(description="What was done.")
    status: StageStatus = strawberry.field(description="How it went.")
    provider: str | None = strawberry.field(description="Who did it, when that is not always the same.")
    duration_ms: int | None = strawberry.field(description="How long it took.")
    error_code: str | None = strawberry.field(description="What went wrong, as a code.")
    error_message: str | None = strawberry.field(description="What went wrong; at most 200 characters, no content.")
    created_at: datetime = strawberry.field(description="When.")

    @classmethod
    def from_row(cls, row: EventRow) -> Self:
        return cls(
            stage=Stage(row.stage),
            status=StageStatus(row.status),
            provider=row.provider,
            duration_ms=row.duration_ms,
            error_code=row.error_code,
            error_message=row.error_message,
            created_at=row.created_at,
        )


@strawberry.type(description="A recorded call of the signed-in user.")
class Call:
    id: UUID = strawberry.field(description="Id of the call.")
    status: CallStatus = strawberry.field(description="Where it stands.")
    title: str | None = strawberry.field(description="From the upload, the user, or the analysis.")
    original_file_name: str | None = strawberry.field(description="Name of the uploaded file.")
    direction: Direction = strawberry.field(description="Who called whom.")
    contact_name: str | None = strawberry.field(description="The other party, as uploaded.")
    contact_id: str | None = strawberry.field(description="The id in the phone's own address book, as uploaded.")
    phone_number: str | None = strawberry.field(description="The other party's number, as uploaded.")
    organization: str | None = strawberry.field(description="The other party's organisation, as uploaded.")
    scryon_contact_id: UUID | None = strawberry.field(description="The linked contact.")
    duration_seconds: int | None = strawberry.field(description="Length; null until it is known.")
    recorded_at: datetime = strawberry.field(description="When the call took place.")
    created_at: datetime = strawberry.field(description="When it was uploaded.")
    updated_at: datetime = strawberry.field(description="When it last changed.")
    short_summary: str | None = strawberry.field(description="One sentence, by the analysis or the user.")
    tags: list[str] = strawberry.field(description="Empty until it is analysed.")
    error_reason: str | None = strawberry.field(description="Why it failed, as a code; null unless it did.")
    error_message: str | None = strawberry.field(description="A sentence for that code.")
    action_item_count: int = strawberry.field(description="Action items that are not DISMISSED.")
    first_action_title: str | None = strawberry.field(description="Title of the oldest of these.")

    @classmethod
    def from_row(cls, row: CallRow) -> Self:
        """Serve a row as it is: it has the attributes of the fields, and the executor only ever reads these."""
        return cast(Self, row)

    @strawberry.field(description="The user's notes.")
    async def notes(self, info: strawberry.Info[Context]) -> str | None:
        return await info.context.loaders.notes.load(self.id)

    @strawberry.field(description="The linked contact.")
    async def contact(self, info: strawberry.Info[Context]) -> Contact | None:
        if self.scryon_contact_id is None:
            return None
        row = await info.context.loaders.contact.load(self.scryon_contact_id)
        return None if row is None else Contact.from_row(row)

    @strawberry.field(description="The newest action items of the call, newest first.")
    async def action_items(
        self,
        info: strawberry.Info[Context],
        first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")] = DEFAULT_SIZE,
    ) -> list[ActionItem]:
        check_range(first, "first", 1, MAX_PAGE_SIZE)
        rows = await info.context.loaders.newest_actions.load(self.id)
        return [ActionItem.from_row(row) for row in rows[:first]]

    @strawberry.field(description="The history of the call, oldest first, at most 500 lines.")
    async def events(self, info: strawberry.Info[Context]) -> list[CallEvent]:
        return [CallEvent.from_row(row) for row in await info.context.loaders.events.load(self.id)]

    @strawberry.field(description="Who said what; null until the call is COMPLETED, or when the document is gone.")
    async def transcript(self, info: strawberry.Info[Context]) -> Transcript | None:
        document = await info.context.loaders.transcript.load(self.id)
        return None if document is None else read_document(Transcript, document)

    @strawberry.field(description="What it was about; null until the call is COMPLETED, or when there is none.")
    async def analysis(self, info: strawberry.Info[Context]) -> Analysis | None:
        document = await info.context.loaders.analysis.load(self.id)
        return None if document is None else read_document(Analysis, document)


@strawberry.type(description="A page of calls, newest first.")
class CallConnection:
    nodes: list[Call] = strawberry.field(description="The calls of this page.")
    end_cursor: str | None = strawberry.field(description="`after` of the next page; null on the last one.")
    has_next_page: bool = strawberry.field(description="Whether there is more.")


@strawberry.type(description="Where one call stands.")
class CallState:
    id: UUID = strawberry.field(description="Id of the call.")
    status: CallStatus = strawberry.field(description="Where it stands.")


@strawberry.type(description="Answer to a poll.")
class CallStates:
    items: list[CallState] = strawberry.field(
        description="In the order of first mention; unknown and foreign calls are left out."
    )
    next_poll_ms: int = strawberry.field(description="Milliseconds to wait before the next poll.")


@strawberry.type(description="A call that could not be deleted and is still there.")
class DeleteFailure:
    call_id: UUID = strawberry.field(description="The call.")
    code: str = strawberry.field(description="`storage_unavailable` or `internal_error`.")


@strawberry.type(description="Outcome of a bulk delete; the three add up to the number of different ids.")
class DeletedCalls:
    deleted: int = strawberry.field(description="Calls removed now.")
    missing: int = strawberry.field(description="Unknown or foreign ids.")
    failed: list[DeleteFailure] = strawberry.field(description="Calls that stay, in the order of the request.")
