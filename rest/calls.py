"""Calls: lists, polls, one call and its documents, deletion. Source: rest.md, sections 2.3 to 2.9."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, field_validator, model_validator

from app.errors import (
    AnalysisNotFoundError,
    CallNotCompletedError,
    CallNotFoundError,
    PayloadTooLargeError,
    StorageUnavailableError,
    TranscriptNotFoundError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
)
from rest.caller import SignedIn
from rest.documentation import ANY_CALL, Documentation, documented
from rest.inputs import CursorText, Input, IntegerText, OneOf, UuidText, read_json, read_query
from scryon_graphql.ids import MAX_IDS

router = APIRouter(prefix="/api/calls")

_IDS_PARAMETER = {
    "name": "ids",
    "in": "query",
    "required": True,
    "description": "1 to 200 different ids, comma-separated; the parameter may be repeated.",
    "style": "form",
    "explode": False,
    "schema": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": MAX_IDS},
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


class DeleteCallsBody(Input):
    callIds: list[Annotated[str, UuidText()]] = Field(
        description="1 to 200 different ids.", json_schema_extra={"minItems": 1, "maxItems": MAX_IDS}
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
        errors=(ValidationFailedError, *ANY_CALL),
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
        errors=(ValidationFailedError, *ANY_CALL),
    )
)
async def get_call_statuses(request: Request, caller: SignedIn) -> Response:
    """Say where up to 200 calls stand, and when to ask again."""
    lists = request.query_params.getlist("ids")
    return await caller.answer("GetCallStatuses", {"ids": [id for text in lists for id in text.split(",") if id]})


@router.get("/{id}")
@documented(Documentation("getCall", answers=("GetCall",), errors=(CallNotFoundError, *ANY_CALL)))
async def get_call(id: str, caller: SignedIn) -> Response:
    """Show one call, without transcript and analysis."""
    return await caller.answer("GetCall", {"id": id})


@router.get("/{id}/transcript")
@documented(
    Documentation(
        "getTranscript",
        answers=("GetTranscript",),
        errors=(CallNotFoundError, TranscriptNotFoundError, CallNotCompletedError, StorageUnavailableError, *ANY_CALL),
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
        errors=(CallNotFoundError, AnalysisNotFoundError, CallNotCompletedError, StorageUnavailableError, *ANY_CALL),
    )
)
async def get_analysis(id: str, caller: SignedIn) -> Response:
    """Show what the call was about: the stored document with its legacy aliases."""
    return await caller.answer("GetAnalysis", {"id": id})


@router.delete("/{id}")
@documented(Documentation("deleteCall", status=204, errors=(CallNotFoundError, StorageUnavailableError, *ANY_CALL)))
async def delete_call(id: str, caller: SignedIn) -> Response:
    """Delete a call with everything that hangs on it, whatever it is doing."""
    await caller.run("DeleteCall", {"id": id})
    return Response(status_code=204)


@router.delete("")
@documented(
    Documentation(
        "deleteCalls",
        answers=("DeleteCalls",),
        body=DeleteCallsBody,
        errors=(ValidationFailedError, PayloadTooLargeError, UnsupportedMediaTypeError, *ANY_CALL),
    )
)
async def delete_calls(request: Request, caller: SignedIn) -> Response:
    """Delete up to 200 calls, each on its own."""
    body = await read_json(request, DeleteCallsBody)
    return await caller.answer("DeleteCalls", {"callIds": body.callIds})
