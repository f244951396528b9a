"""Action items as a user writes them. Source: rest.md, sections 3.5 and 3.6."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from app.errors import ActionItemNotFoundError, CallNotFoundError
from app.text import MAX_ACTION_DESCRIPTION_CHARS, MAX_ACTION_TITLE_CHARS
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import DateText, Input, OneOf, Text

router = APIRouter(prefix="/api", route_class=Endpoint)

Title = Annotated[str, Text(MAX_ACTION_TITLE_CHARS, min_chars=1)]
Description = Annotated[str, Text(MAX_ACTION_DESCRIPTION_CHARS)] | None
DueDate = Annotated[str, DateText()] | None
Priority = Annotated[str, OneOf("ActionPriority")] | None
Status = Annotated[str, OneOf("ActionStatus")]


class CreateActionBody(Input):
    title: Title = Field(description="What is to be done.")
    description: Description = Field(None, description="More to know.")
    dueDate: DueDate = Field(None, description="Until when.")
    priority: Priority = Field(None, description="How urgent it is.")
    status: Status | None = Field(None, description="How far it is; `OPEN` by default.")


class ReplaceActionBody(Input):
    """What is null or missing becomes empty."""

    title: Title = Field(description="What is to be done.")
    description: Description = Field(None, description="More to know.")
    dueDate: DueDate = Field(None, description="Until when.")
    priority: Priority = Field(None, description="How urgent it is.")
    status: Status = Field(description="How far it is.")


@router.get("/calls/{id}/action-items")
@documented(Documentation("listCallActions", answers=("ListCallActions",), errors=(CallNotFoundError,)))
async def list_call_actions(id: str, caller: SignedIn) -> Response:
    """List the action items of a call, newest first, at most 1000."""
    return await caller.answer("ListCallActions", {"id": id})


@router.post("/calls/{id}/action-items")
@documented(
    Documentation(
        "createAction",
        status=201,
        answers=("CreateAction",),
        body=CreateActionBody,
        errors=(CallNotFoundError,),
        changes=True,
    )
)
async def create_action(id: str, caller: Changing) -> Response:
    """Write down an action item of a call by hand."""
    body = await caller.read_json(CreateActionBody)
    return await caller.change("CreateAction", {"callId": id, "input": body.model_dump()}, status=201)


@router.put("/action-items/{id}")
@documented(
    Documentation(
        "replaceAction",
        answers=("ReplaceAction",),
        body=ReplaceActionBody,
        errors=(ActionItemNotFoundError,),
        changes=True,
    )
)
async def replace_action(id: str, caller: Changing) -> Response:
    """Rewrite what can be edited of an action item, whoever wrote it."""
    body = await caller.read_json(ReplaceActionBody)
    return await caller.change("ReplaceAction", {"id": id, "input": body.model_dump()})


@router.delete("/action-items/{id}")
@documented(Documentation("deleteAction", status=204, errors=(ActionItemNotFoundError,), changes=True))
async def delete_action(id: str, caller: Changing) -> Response:
    """Delete an action item, whoever wrote it."""
    return await caller.change("DeleteAction", {"id": id}, status=204)
