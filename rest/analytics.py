"""Figures about many calls. Source: rest.md, section 3.7."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.errors import ValidationFailedError
from rest.caller import SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import Input, IntegerText, read_query

router = APIRouter(prefix="/api/analytics", route_class=Endpoint)


class VibeQuery(Input):
    days: Annotated[int, IntegerText(1, 365)] = Field(30, description="Calls recorded in the last so many 24 hours.")


@router.get("/vibe")
@documented(Documentation("getVibe", answers=("GetVibe",), query=VibeQuery, errors=(ValidationFailedError,)))
async def get_vibe(request: Request, caller: SignedIn) -> Response:
    """Count sentiments and tones of analysed calls."""
    query = read_query(request, VibeQuery)
    return await caller.answer("GetVibe", {"days": query.days})
