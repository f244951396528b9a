"""Transcript and analysis in each status of their call. Source: rest.md, sections 2.6, 2.7 and 6 (T13)."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.calls.models import ArtifactType, CallStatus
from tests.factories import Factory
from tests.golden.answers import assert_answer, error_body

DOCUMENTS = {
    "transcript": ArtifactType.NORMALIZED_TRANSCRIPT_JSON,
    "analysis": ArtifactType.ANALYSIS_JSON,
}
DETAILS: dict[CallStatus, dict[str, Any]] = {
    CallStatus.QUEUED: {"status": "QUEUED"},
    CallStatus.TRANSCRIBING: {"status": "TRANSCRIBING"},
    CallStatus.ANALYZING: {"status": "ANALYZING"},
    CallStatus.PROCESSING: {"status": "PROCESSING"},
    CallStatus.FAILED: {"status": "FAILED", "errorReason": "transcription_timeout"},
}


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("status", DETAILS)
async def test_document_of_an_unfinished_call_is_refused_even_if_it_is_there(
    rest: httpx.AsyncClient, factory: Factory, meera: UUID, status: CallStatus, document: str
) -> None:
    call = await factory.call(meera, status=status, error_reason=DETAILS[status].get("errorReason"))
    await factory.document(call, DOCUMENTS[document], {"schemaVersion": 3})

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    expected = error_body("call_not_completed", "This call is not completed", DETAILS[status])
    assert_answer(response, 422, expected)


@pytest.mark.parametrize(
    ("document", "message"), [("transcript", "Transcript not found"), ("analysis", "Analysis not found")]
)
async def test_completed_call_without_the_document(
    rest: httpx.AsyncClient, factory: Factory, meera: UUID, document: str, message: str
) -> None:
    call = await factory.call(meera)

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    assert_answer(response, 404, error_body(f"{document}_not_found", message, {}))


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_document_of_a_completed_call_is_served(
    rest: httpx.AsyncClient, factory: Factory, meera: UUID, document: str
) -> None:
    call = await factory.call(meera)
    await factory.document(call, DOCUMENTS[document], {"schemaVersion": 1, "old": None})

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    assert_answer(response, 200, {"schemaVersion": 1, "old": None})
