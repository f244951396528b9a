"""Action items. Source: rest.md, sections 2.10 and 2.11."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.errors import ActionItemNotFoundError, ValidationFailedError
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import CursorText, Input, IntegerText, OneOf, UuidText, read_query

router = APIRouter(prefix="/api/actions", route_class=Endpoint)


class ListActionsQuery(Input):
    """`limit` or `cursor` selects the envelope."""

    status: Annotated[str | None, OneOf("ActionStatus")] = Field(None, description="Only items of this status.")
    callId: Annotated[str | None, UuidText()] = Field(None, description="Only items of this call.")
    limit: Annotated[int, IntegerText(1, 100)] = Field(50, description="Items per page.")
    cursor: Annotated[str | None, CursorText()] = Field(None, description="`nextCursor` of the page before.")

    @property
    def wants_page(self) -> bool:
        return bool(self.model_fields_set & {"limit", "cursor"})


class ActionStatusBody(Input):
    status: Annotated[str, OneOf("ActionStatus")] = Field(description="Where the item goes.")


@router.get("")
@documented(
    Documentation(
        "listActions",
        answers=("ListActions", "ListAllActions"),
        query=ListActionsQuery,
        errors=(ValidationFailedError,),
    )
)
async def list_actions(request: Request, caller: SignedIn) -> Response:
    """List action items, newest first: a page with `limit` or `cursor`, else an array of at most 1000."""
    query = read_query(request, ListActionsQuery)
    filters = {"status": query.status, "callId": query.callId}
    if query.wants_page:
        return await caller.answer("ListActions", {**filters, "limit": query.limit, "cursor": query.cursor})
    return await caller.answer("ListAllActions", filters)


@router.patch("/{id}")
@documented(
    Documentation(
        "updateActionStatus",
        answers=("UpdateActionStatus",),
        body=ActionStatusBody,
        errors=(ActionItemNotFoundError,),
        changes=True,
    )
)
async def update_action_status(id: str, caller: Changing) -> Response:
    """Move an action item to a status, any to any."""
    body = await caller.read_json(ActionStatusBody)
    return await caller.change("UpdateActionStatus", {"id": id, "status": body.status})
