"""Calls: lists, polls, one call and its documents, edits, link to a contact, deletion.

Source: rest.md, sections 2.3 to 2.9, 3.1 and 3.2.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, field_validator, model_validator

from app.errors import (
    AnalysisNotFoundError,
    CallNotCompletedError,
    CallNotFoundError,
    ContactNotFoundError,
    StorageUnavailableError,
    TranscriptNotFoundError,
    ValidationFailedError,
)
from app.text import MAX_CALL_SUMMARY_CHARS, MAX_CALL_TITLE_CHARS, MAX_NOTES_CHARS
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import CursorText, Input, IntegerText, OneOf, Text, UuidText, read_query
from scryon_graphql.ids import MAX_IDS

router = APIRouter(prefix="/api/calls", route_class=Endpoint)

_IDS_PARAMETER = {
    "name": "ids",
    "in": "query",
    "required": True,
    "description": "1 to 200 different ids, comma-separated; the parameter may be repeated.",
    "style": "form",
    "explode": False,
    # No `maxItems`: that would count what is there twice.
    "schema": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1},
}


class ListCallsQuery(Input):
    """`page` or `size` alone selects the legacy form; beside `limit` or `cursor` they are ignored, bad ones too."""

    limit: Annotated[int, IntegerText(1, 100)] = Field(50, description="Calls per page.")
    cursor: Annotated[str | None, CursorText()] = Field(None, description="`nextCursor` of the page before.")
    status: Annotated[str | None, OneOf("CallStatus")] = Field(None, description="Only calls of this status.")
    page: Annotated[int, IntegerText(0, 100_000)] = Field(0, description="Legacy form: number of the page.")
    size: Annotated[int, IntegerText(1, 200)] = Field(50, description="Legacy form: calls per page.")

    @model_validator(mode="before")
    @classmethod
    def _ignore_legacy(cls, members: dict[str, Any]) -> dict[str, Any]:
        if "limit" in members or "cursor" in members:
            return {name: value for name, value in members.items() if name not in ("page", "size")}
        return members

    @property
    def is_legacy(self) -> bool:
        return bool(self.model_fields_set & {"page", "size"})


class AssignContactBody(Input):
    contactId: Annotated[str, UuidText()] | None = Field(description="The contact; null unlinks.")


class UpdateCallBody(Input):
    """Null and missing leave a text alone, an empty one is cleared; what is set here is never overwritten."""

    title: Annotated[str, Text(MAX_CALL_TITLE_CHARS)] | None = Field(None, description="In the place of any other.")
    summary: Annotated[str, Text(MAX_CALL_SUMMARY_CHARS)] | None = Field(
        None, description="In the place of `shortSummary`."
    )
    notes: Annotated[str, Text(MAX_NOTES_CHARS)] | None = Field(None, description="The user's own.")


class DeleteCallsBody(Input):
    callIds: list[Annotated[str, UuidText()]] = Field(
        description="1 to 200 different ids.", json_schema_extra={"minItems": 1}
    )

    @field_validator("callIds")
    @classmethod
    def _count(cls, ids: list[str]) -> list[str]:
        if not 1 <= len(set(ids)) <= MAX_IDS:
            raise ValueError(f"must hold 1 to {MAX_IDS} different ids")
        return ids


@router.get("")
@documented(
    Documentation(
        "listCalls",
        answers=("ListCalls", "ListCallsPage"),
        query=ListCallsQuery,
        errors=(ValidationFailedError,),
    )
)
async def list_calls(request: Request, caller: SignedIn) -> Response:
    """List calls, newest first: a page by cursor, or an array with `page` or `size` alone."""
    query = read_query(request, ListCallsQuery)
    if query.is_legacy:
        return await caller.answer("ListCallsPage", {"page": query.page, "size": query.size, "status": query.status})
    return await caller.answer("ListCalls", {"limit": query.limit, "cursor": query.cursor, "status": query.status})


@router.get("/status")
@documented(
    Documentation(
        "getCallStatuses",
        answers=("GetCallStatuses",),
        parameters=(_IDS_PARAMETER,),
        errors=(ValidationFailedError,),
    )
)
async def get_call_statuses(request: Request, caller: SignedIn) -> Response:
    """Say where up to 200 calls stand, and when to ask again."""
    lists = request.query_params.getlist("ids")
    return await caller.answer("GetCallStatuses", {"ids": [id for text in lists for id in text.split(",") if id]})


@router.get("/{id}")
@documented(Documentation("getCall", answers=("GetCall",), errors=(CallNotFoundError,)))
async def get_call(id: str, caller: SignedIn) -> Response:
    """Show one call, without transcript and analysis."""
    return await caller.answer("GetCall", {"id": id})


@router.get("/{id}/transcript")
@documented(
    Documentation(
        "getTranscript",
        answers=("GetTranscript",),
        errors=(CallNotFoundError, TranscriptNotFoundError, CallNotCompletedError, StorageUnavailableError),
    )
)
async def get_transcript(id: str, caller: SignedIn) -> Response:
    """Show who said what."""
    return await caller.answer("GetTranscript", {"id": id})


@router.get("/{id}/analysis")
@documented(
    Documentation(
        "getAnalysis",
        answers=("GetAnalysis",),
        errors=(CallNotFoundError, AnalysisNotFoundError, CallNotCompletedError, StorageUnavailableError),
    )
)
async def get_analysis(id: str, caller: SignedIn) -> Response:
    """Show what the call was about: the stored document with its legacy aliases."""
    return await caller.answer("GetAnalysis", {"id": id})


@router.patch("/{id}/contact")
@documented(
    Documentation(
        "assignContact",
        answers=("AssignContact",),
        body=AssignContactBody,
        errors=(CallNotFoundError, ContactNotFoundError),
        changes=True,
    )
)
async def assign_contact(id: str, caller: Changing) -> Response:
    """Link a call to one of the user's contacts, or unlink it."""
    body = await caller.read_json(AssignContactBody)
    return await caller.change("AssignContact", {"id": id, "contactId": body.contactId})


@router.patch("/{id}")
@documented(
    Documentation(
        "updateCall",
        answers=("UpdateCall",),
        body=UpdateCallBody,
        errors=(CallNotFoundError,),
        changes=True,
    )
)
async def update_call(id: str, caller: Changing) -> Response:
    """Edit title, summary and notes of a call, whatever it is doing."""
    body = await caller.read_json(UpdateCallBody)
    return await caller.change("UpdateCall", {"id": id, "input": body.model_dump()})


@router.delete("/{id}")
@documented(Documentation("deleteCall", status=204, errors=(CallNotFoundError, StorageUnavailableError), changes=True))
async def delete_call(id: str, caller: Changing) -> Response:
    """Delete a call with everything that hangs on it, whatever it is doing."""
    return await caller.change("DeleteCall", {"id": id}, status=204)


@router.delete("")
@documented(
    Documentation(
        "deleteCalls",
        answers=("DeleteCalls",),
        body=DeleteCallsBody,
        changes=True,
    )
)
async def delete_calls(caller: Changing) -> Response:
    """Delete up to 200 calls, each on its own."""
    body = await caller.read_json(DeleteCallsBody)
    return await caller.change("DeleteCalls", {"callIds": body.callIds})
