"""Linking a call to a contact by hand. Source: rest.md, section 3.2."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import service as calls
from app.calls.queries import CallRow
from app.errors import CallNotFoundError, ValidationFailedError
from scryon_graphql.calls.types import Call
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once
from scryon_graphql.ids import parse_filter_id, require_id


@strawberry.type
class AssignContactMutation:
    @strawberry.mutation(
        description="Link a call to a contact, or unlink it. What the upload said about the other party stays. "
        "Errors: `validation_failed`, `call_not_found`, `contact_not_found`."
    )
    async def assign_contact(
        self,
        info: strawberry.Info[Context],
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the call.")],
        contact_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Id of the contact; null unlinks, leaving it out is an error."),
        ] = strawberry.UNSET,
    ) -> Call:
        if contact_id is strawberry.UNSET:
            raise ValidationFailedError.of("contactId", "is required")
        wanted = None if contact_id is None else parse_filter_id(contact_id, "contactId")
        call_id = require_id(id, CallNotFoundError)
        context = info.context

        async def assign(session: AsyncSession) -> CallRow:
            await calls.assign_contact(session, context.user_id, call_id, wanted)
            return await find(session, call_id)

        async def find(session: AsyncSession, call_id: UUID) -> CallRow:
            row, notes = await calls.get_call(session, context.user_id, call_id)
            context.loaders.notes.prime(call_id, notes)
            return row

        return Call.from_row(await apply_once(context, assign, find))
