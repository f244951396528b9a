"""Action items: types, queries, mutations. Source: rest.md, sections 2.10, 2.11, 3.5 and 3.6."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.actions import service as actions
from app.actions.content import ActionContent
from app.actions.queries import ActionRow
from app.errors import ActionItemNotFoundError, CallNotFoundError
from scryon_graphql.analysis import IntentMetadata
from scryon_graphql.context import Context
from scryon_graphql.documents import read_object
from scryon_graphql.effects import apply_once, delete_once
from scryon_graphql.enums import ActionPriority, ActionSource, ActionStatus, SpeakerRole
from scryon_graphql.ids import parse_filter_id, require_id
from scryon_graphql.limits import DEFAULT_SIZE, MAX_ACTIONS, check_range


@strawberry.type(description="A task of a call.")
class ActionItem:
    id: UUID = strawberry.field(description="Id of the item.")
    call_id: UUID = strawberry.field(description="The call that it comes from.")
    title: str = strawberry.field(description="What is to be done.")
    description: str | None = strawberry.field(description="More to know.")
    due_date: date | None = strawberry.field(description="Until when; never a guess.")
    status: ActionStatus = strawberry.field(description="How far it is.")
    priority: ActionPriority | None = strawberry.field(description="How urgent it is.")
    source: ActionSource | None = strawberry.field(description="Who wrote it down; null on very old items.")
    contact_id: UUID | None = strawberry.field(description="The call's present contact.")
    source_text: str | None = strawberry.field(description="Provenance of an item of the analysis.")
    owner_speaker_id: str | None = strawberry.field(description="`spk_1`: the speaker whom it falls to.")
    owner_speaker_label: str | None = strawberry.field(description="`Speaker 1`.")
    owner_display_name: str | None = strawberry.field(description="The owner's name, when known.")
    owner_role: SpeakerRole = strawberry.field(description="Whom it falls to; UNKNOWN when nobody can tell.")
    source_segment_ids: list[str] = strawberry.field(description="Ids of the transcript segments that show it.")
    intent: str | None = strawberry.field(
        description="What an app could do about it: `meeting`, `email`, `call`, `message`, `reminder`, `task`, `none`; "
        "null on items older than intents."
    )
    intent_metadata: IntentMetadata | None = strawberry.field(description="What an app needs to do it.")
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def from_row(cls, row: ActionRow) -> Self:
        return cls(
            id=row.id,
            call_id=row.call_id,
            title=row.title,
            description=row.description,
            due_date=row.due_date,
            status=ActionStatus(row.status),
            priority=None if row.priority is None else ActionPriority(row.priority),
            source=None if row.source is None else ActionSource(row.source),
            contact_id=row.contact_id,
            source_text=row.source_text,
            owner_speaker_id=row.owner_speaker_id,
            owner_speaker_label=row.owner_speaker_label,
            owner_display_name=row.owner_display_name,
            owner_role=SpeakerRole.UNKNOWN if row.owner_role is None else SpeakerRole(row.owner_role),
            source_segment_ids=row.source_segment_ids,
            intent=row.intent,
            intent_metadata=read_object(IntentMetadata, row.intent_metadata),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="A page of action items, newest first.")
class ActionItemConnection:
    nodes: list[ActionItem] = strawberry.field(description="The items of this page.")
    end_cursor: str | None = strawberry.field(description="`after` of the next page; null on the last one.")
    has_next_page: bool = strawberry.field(description="Whether there is more.")


@strawberry.input(description="A task to write down by hand.")
class CreateActionItemInput:
    title: str = strawberry.field(description="What is to be done, 1 to 500 characters.")
    description: str | None = strawberry.field(default=None, description="At most 5000 characters.")
    due_date: date | None = strawberry.field(default=None, description="Until when.")
    priority: ActionPriority | None = strawberry.field(default=None, description="How urgent it is.")
    status: ActionStatus | None = strawberry.field(default=None, description="How far it is; OPEN by default.")


@strawberry.input(description="What a task is to say from now on; what is null or missing becomes empty.")
class ReplaceActionItemInput:
    title: str = strawberry.field(description="What is to be done, 1 to 500 characters.")
    status: ActionStatus = strawberry.field(description="How far it is.")
    description: str | None = strawberry.field(default=None, description="At most 5000 characters.")
    due_date: date | None = strawberry.field(default=None, description="Until when.")
    priority: ActionPriority | None = strawberry.field(default=None, description="How urgent it is.")


def _read_content(given: CreateActionItemInput | ReplaceActionItemInput) -> ActionContent:
    return ActionContent(
        title=given.title,
        description=given.description,
        due_date=given.due_date,
        priority=given.priority,
        status=given.status or ActionStatus.OPEN,
    ).checked()


ActionId = Annotated[strawberry.ID, strawberry.argument(description="Id of the item.")]


@strawberry.type
class ActionQuery:
    @strawberry.field(description="All action items of the signed-in user, newest first.")
    async def action_items(
        self,
        info: strawberry.Info[Context],
        first: Annotated[int, strawberry.argument(description="Size of the page, 1 to 1000.")] = DEFAULT_SIZE,
        after: Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")] = None,
        status: Annotated[ActionStatus | None, strawberry.argument(description="Only items of this status.")] = None,
        call_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only items of this call; an unknown one has none.")
        ] = None,
    ) -> ActionItemConnection:
        check_range(first, "first", 1, MAX_ACTIONS)
        wanted_call = None if call_id is None else parse_filter_id(call_id, "callId")
        page = await actions.list_actions(
            info.context.resources.database,
            info.context.user_id,
            first=first,
            after=after,
            status=status,
            call_id=wanted_call,
        )
        return ActionItemConnection(
            nodes=[ActionItem.from_row(row) for row in page.items],
            end_cursor=page.next_cursor,
            has_next_page=page.next_cursor is not None,
        )


@strawberry.type
class ActionMutation:
    @strawberry.mutation(
        description="Write down a task of a call by hand. Errors: `validation_failed`, `call_not_found`."
    )
    async def create_action_item(
        self,
        info: strawberry.Info[Context],
        call_id: Annotated[strawberry.ID, strawberry.argument(description="The call that it comes from.")],
        input: Annotated[CreateActionItemInput, strawberry.argument(description="The task.")],
    ) -> ActionItem:
        content = _read_content(input)
        wanted_call = require_id(call_id, CallNotFoundError)
        user_id = info.context.user_id
        row = await apply_once(
            info.context,
            lambda session: actions.create_action(session, user_id, wanted_call, content),
            lambda session, row_id: actions.get_action(session, user_id, row_id),
        )
        return ActionItem.from_row(row)

    @strawberry.mutation(
        description="Rewrite what can be edited of an action item, whoever wrote it. "
        "Errors: `validation_failed`, `action_item_not_found`."
    )
    async def replace_action_item(
        self,
        info: strawberry.Info[Context],
        id: ActionId,
        input: Annotated[ReplaceActionItemInput, strawberry.argument(description="What it is to say.")],
    ) -> ActionItem:
        content = _read_content(input)
        action_id = require_id(id, ActionItemNotFoundError)
        user_id = info.context.user_id
        row = await apply_once(
            info.context,
            lambda session: actions.replace_action(session, user_id, action_id, content),
            lambda session, row_id: actions.get_action(session, user_id, row_id),
        )
        return ActionItem.from_row(row)

    @strawberry.mutation(
        description="Delete an action item, whoever wrote it. There is no way back. Answers its id. "
        "Errors: `action_item_not_found`."
    )
    async def delete_action_item(self, info: strawberry.Info[Context], id: ActionId) -> UUID:
        action_id = require_id(id, ActionItemNotFoundError)
        user_id = info.context.user_id
        return await delete_once(
            info.context, action_id, lambda session: actions.delete_action(session, user_id, action_id)
        )

    @strawberry.mutation(description="Move an action item to a status, any to any. Errors: `action_item_not_found`.")
    async def set_action_item_status(
        self,
        info: strawberry.Info[Context],
        id: ActionId,
        status: Annotated[ActionStatus, strawberry.argument(description="Where it goes.")],
    ) -> ActionItem:
        action_id = require_id(id, ActionItemNotFoundError)
        user_id = info.context.user_id
        row = await apply_once(
            info.context,
            lambda session: actions.set_status(session, user_id, action_id, status),
            lambda session, row_id: actions.get_action(session, user_id, row_id),
        )
        return ActionItem.from_row(row)
