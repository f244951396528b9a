"""Deleting calls, one or many, in any state. Source: rest.md, sections 2.8 and 2.9."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from typing import Annotated
from uuid import UUID

import strawberry

from app.calls import service as calls
from app.calls.deletion import delete_call
from app.errors import CallNotFoundError
from scryon_graphql.calls.types import DeletedCalls, DeleteFailure
from scryon_graphql.context import Context
from scryon_graphql.ids import parse_ids, require_id


@strawberry.type
class DeleteCallsMutation:
    @strawberry.mutation(
        description="Delete a call with everything that hangs on it, whatever it is doing. There is no way back. "
        "Answers its id. Errors: `call_not_found`, `storage_unavailable`, after which the call is still there."
    )
    async def delete_call(
        self,
        info: strawberry.Info[Context],
        id: Annotated[strawberry.ID, strawberry.argument(description="Id of the call.")],
    ) -> UUID:
        call_id = require_id(id, CallNotFoundError)
        context = info.context
        if not await delete_call(context.resources, user_id=context.user_id, call_id=call_id, keyed=context.keyed):
            raise CallNotFoundError
        return call_id

    @strawberry.mutation(description="Delete up to 200 calls, each on its own. Errors: `validation_failed`.")
    async def delete_calls(
        self,
        info: strawberry.Info[Context],
        call_ids: Annotated[list[strawberry.ID], strawberry.argument(description="1 to 200 different ids of calls.")],
    ) -> DeletedCalls:
        wanted = parse_ids(call_ids, "callIds")
        outcome = await calls.delete_calls(info.context.resources, info.context.user_id, wanted)
        if outcome.failed and info.context.keyed is not None:
            # A repetition is meant to try those again.
            info.context.keyed.is_final = False
        return DeletedCalls(
            deleted=outcome.deleted,
            missing=outcome.missing,
            failed=[DeleteFailure(call_id=call_id, code=str(code)) for call_id, code in outcome.failed],
        )
