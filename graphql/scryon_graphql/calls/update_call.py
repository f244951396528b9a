"""Editing a call. Source: rest.md, section 3.1."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import service as calls
from app.calls.editing import CallEdit, update_call
from app.calls.queries import CallRow
from app.errors import CallNotFoundError
from scryon_graphql.calls.types import Call
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once
from scryon_graphql.ids import require_id


@strawberry.input(description="What to change of a call. Null leaves a text alone, an empty one clears it.")
class UpdateCallInput:
    title: str | None = strawberry.field(
        default=None, description="At most 300 characters, in the place of an uploaded or suggested title."
    )
    summary: str | None = strawberry.field(
        default=None, description="At most 2000 characters, in the place of `shortSummary`."
    )
    notes: str | None = strawberry.field(default=None, description="The user's own, at most 20000 characters.")


@strawberry.type
class UpdateCallMutation:
    @strawberry.mutation(
        description="Edit a call, whatever it is doing; no analysis overwrites that. "
        "Errors: `validation_failed`, `call_not_found`."
    )
    async def update_call(
        self,
        info: strawberry.Info[Context],
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the call.")],
        input: Annotated[UpdateCallInput, strawberry.argument(description="What to change.")],
    ) -> Call:
        edit = CallEdit(input.title, input.summary, input.notes).checked()
        call_id = require_id(id, CallNotFoundError)
        user_id = info.context.user_id

        async def find(session: AsyncSession, row_id: UUID) -> CallRow:
            row, _ = await calls.get_call(session, user_id, row_id)
            return row

        row = await apply_once(info.context, lambda session: update_call(session, user_id, call_id, edit), find)
        return Call.from_row(row)
