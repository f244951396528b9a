"""Analysing a finished call again; registered outside production only. Source: rest.md, section 3.3."""

from fastapi import APIRouter, Response

from app.errors import (
    AnalysisFailedError,
    CallNotFoundError,
    CallNotReanalyzableError,
    ReanalyzeInProgressError,
    StorageUnavailableError,
    TranscriptNotFoundError,
)
from rest.caller import Changing
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint

router = APIRouter(prefix="/api/calls", route_class=Endpoint)


@router.post("/{id}/reanalyze")
@documented(
    Documentation(
        "reanalyzeCall",
        answers=("ReanalyzeCall",),
        errors=(
            CallNotFoundError,
            TranscriptNotFoundError,
            CallNotReanalyzableError,
            ReanalyzeInProgressError,
            AnalysisFailedError,
            StorageUnavailableError,
        ),
        changes=True,
    )
)
async def reanalyze_call(id: str, caller: Changing) -> Response:
    """Make transcript, analysis and AI action items of a completed call anew, and wait for them; not in production."""
    return await caller.change("ReanalyzeCall", {"id": id})
