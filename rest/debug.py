"""A look into the pipeline, for servers that want one. Source: rest.md, section 3.14."""

from fastapi import APIRouter, Response

from app.errors import CallNotFoundError
from rest.caller import SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint

router = APIRouter(prefix="/api/debug", route_class=Endpoint)


@router.get("/calls/{id}/events")
@documented(Documentation("debugCallEvents", answers=("DebugCallEvents",), errors=(CallNotFoundError,)))
async def debug_call_events(id: str, caller: SignedIn) -> Response:
    """List what happened to a call, oldest first, at most 500 lines."""
    return await caller.answer("DebugCallEvents", {"id": id})
