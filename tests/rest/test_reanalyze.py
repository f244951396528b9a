"""`POST /api/calls/{id}/reanalyze`. Source: rest.md, section 3.3."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from app.calls.deletion import delete_call
from app.calls.models import CallRecord, CallStatus
from app.idempotency.models import IdempotencyRecord, IdempotencyState
from app.main import create_app
from app.pipeline.failures import FailureReason, HardFailureError
from app.resources import Resources
from app.settings import Profile
from tests.engines import ScriptedAnalyst
from tests.factories import Factory
from tests.finished import finished_call, read_stored

NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
CALL = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
def analyst(app: FastAPI, resources: Resources) -> ScriptedAnalyst:
    """The analyst of the API under test."""
    scripted = ScriptedAnalyst()
    app.state.resources = replace(resources, analyst=scripted)
    return scripted


def _path(call: CallRecord) -> str:
    return f"/api/calls/{call.id}/reanalyze"


def _error(response: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["details"]


async def test_answer_is_the_refreshed_call(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst
) -> None:
    created = datetime(2026, 2, 9, 9, 13, 20, 114_000, tzinfo=UTC)
    call = await finished_call(
        factory,
        owner,
        id=CALL,
        title="Thursday, moved",
        title_edited_at=created,
        direction="OUTGOING",
        contact_name="Tobias Lind",
        duration_seconds=31,
        recorded_at=created,
        created_at=created,
        notes="Prefers afternoons.",
    )

    response = await rest.post(_path(call))

    body = response.json()
    assert (response.status_code, body.pop("updatedAt") > "2026-02-09T09:14:31Z") == (200, True)
    assert body == {
        "callId": str(CALL),
        "id": str(CALL),
        "title": "Thursday, moved",
        "status": "COMPLETED",
        "direction": "OUTGOING",
        "contactName": "Tobias Lind",
        "durationSeconds": 31,
        "recordedAt": "2026-02-09T09:13:20.114Z",
        "createdAt": "2026-02-09T09:13:20.114Z",
        "shortSummary": "A revised price is to be sent by Friday.",
        "notes": "Prefers afternoons.",
        "tags": ["price", "offer"],
        "errorReason": None,
        "errorMessage": None,
    }


async def test_new_documents_and_items_can_be_read(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)

    await rest.post(_path(call))

    transcript = (await rest.get(f"/api/calls/{call.id}/transcript")).json()
    analysis = (await rest.get(f"/api/calls/{call.id}/analysis")).json()
    items = (await rest.get(f"/api/actions?callId={call.id}")).json()
    assert [speaker["displayName"] for speaker in transcript["speakers"]] == ["Alice", "Robert"]
    assert analysis["shortSummary"] == "A revised price is to be sent by Friday."
    assert [(item["title"], item["source"]) for item in items] == [
        ("Call the warehouse", "AI"),
        ("Send the revised price", "AI"),
        ("Mine", "MANUAL"),
    ]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"{", {"content-type": "application/json"}),
        (b"[1]", {"content-type": "application/json"}),
        (b"\xff\xd8", {"content-type": "image/jpeg"}),
    ],
    ids=["broken", "list", "image"],
)
async def test_body_is_ignored(
    rest: httpx.AsyncClient,
    factory: Factory,
    owner: UUID,
    analyst: ScriptedAnalyst,
    content: bytes,
    headers: dict[str, str],
) -> None:
    call = await finished_call(factory, owner)

    response = await rest.post(_path(call), content=content, headers=headers)

    assert response.status_code == 200


async def test_missing_malformed_and_foreign_calls_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    foreign = await finished_call(factory, bob)
    before = await read_stored(resources, foreign)

    answers = [await rest.post(f"/api/calls/{id}/reanalyze") for id in (foreign.id, uuid4(), "nonsense")]

    assert [(answer.status_code, answer.content) for answer in answers] == [(404, NOT_FOUND)] * 3
    assert await read_stored(resources, foreign) == before


async def test_call_without_transcript(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner, raw=None, transcript=None)

    response = await rest.post(_path(call))

    assert _error(response) == (404, "transcript_not_found", {})


@pytest.mark.parametrize(
    ("values", "details"),
    [
        ({"status": CallStatus.QUEUED}, {"status": "QUEUED"}),
        ({"status": CallStatus.ANALYZING}, {"status": "ANALYZING"}),
        (
            {"status": CallStatus.FAILED, "error_reason": "transcription_timeout"},
            {"status": "FAILED", "errorReason": "transcription_timeout"},
        ),
    ],
    ids=["queued", "analyzing", "failed"],
)
async def test_unfinished_call(
    rest: httpx.AsyncClient,
    factory: Factory,
    owner: UUID,
    analyst: ScriptedAnalyst,
    values: dict[str, Any],
    details: dict[str, str],
) -> None:
    call = await finished_call(factory, owner, **values)

    response = await rest.post(_path(call))

    assert _error(response) == (409, "call_not_reanalyzable", details)
    assert analyst.asked == 0


async def test_one_at_a_time_over_all_processes(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    analyst.gate = asyncio.Event()
    other = create_app(resources.settings)
    other.state.resources = replace(resources, analyst=analyst)
    running = asyncio.create_task(rest.post(_path(call)))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://localhost") as client:
        refused = await client.post(_path(call))
    status = (await rest.get(f"/api/calls/{call.id}")).json()["status"]
    analyst.gate.set()
    first = await running

    assert _error(refused) == (409, "reanalyze_in_progress", {})
    assert "retry-after" not in refused.headers
    assert (status, first.status_code, analyst.asked) == ("COMPLETED", 200, 1)


async def test_failure_of_the_analyst(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    before = await read_stored(resources, call)
    analyst.errors = [HardFailureError(FailureReason.ANALYSIS_UNAVAILABLE)]

    response = await rest.post(_path(call))

    assert _error(response) == (502, "analysis_failed", {"reason": "analysis_unavailable"})
    assert await read_stored(resources, call) == before


async def test_store_that_does_not_answer(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst, break_store: Any
) -> None:
    call = await finished_call(factory, owner)
    break_store()

    response = await rest.post(_path(call))

    assert _error(response) == (503, "storage_unavailable", {})
    assert response.headers["retry-after"] == "5"


async def test_call_deleted_meanwhile(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(rest.post(_path(call), headers=KEY))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    await delete_call(resources, user_id=owner, call_id=call.id)
    analyst.gate.set()
    response = await running

    assert (response.status_code, response.content) == (404, NOT_FOUND)
    assert await resources.storage.list_keys("users/") == []


async def test_it_is_not_registered_in_production(resources: Resources, factory: Factory, owner: UUID) -> None:
    call = await finished_call(factory, owner)
    app = create_app(resources.settings.model_copy(update={"configured_profile": Profile.PROD}))
    app.state.resources = resources

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answers = [await client.request(method, _path(call)) for method in ("POST", "GET")]

    assert [_error(answer) for answer in answers] == [(404, "not_found", {})] * 2


async def test_other_methods_are_not_allowed(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"/api/calls/{uuid4()}/reanalyze")

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_request_with_a_key_is_done_once(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    first = await rest.post(_path(call), headers=KEY)
    before = await read_stored(resources, call)

    second = await rest.post(_path(call), headers=KEY, content=b"whatever")

    assert (second.status_code, second.content) == (200, first.content)
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    assert await read_stored(resources, call) == before
    assert analyst.asked == 1


async def test_failure_of_the_analyst_is_not_kept_under_a_key(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    analyst.errors = [RuntimeError("out of luck")]

    first = await rest.post(_path(call), headers=KEY)
    second = await rest.post(_path(call), headers=KEY)

    assert (first.status_code, second.status_code, analyst.asked) == (502, 200, 2)


async def test_attempt_that_died_after_its_effect_is_not_run_again(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, resources: Resources, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, owner)
    first = await rest.post(_path(call), headers=KEY)
    async with resources.database.transaction() as session:
        # As if the process had ended before it could keep the answer.
        await session.execute(
            update(IdempotencyRecord).values(
                state=IdempotencyState.IN_PROGRESS,
                alive_at=datetime(2026, 2, 9, tzinfo=UTC),
                response_status=None,
                response_body=None,
            )
        )

    second = await rest.post(_path(call), headers=KEY)

    assert (second.status_code, second.content, analyst.asked) == (200, first.content, 1)


async def test_malformed_key(rest: httpx.AsyncClient, factory: Factory, owner: UUID, analyst: ScriptedAnalyst) -> None:
    call = await finished_call(factory, owner)

    response = await rest.post(_path(call), headers={"Idempotency-Key": ""})

    assert _error(response)[:2] == (400, "validation_failed")
    assert analyst.asked == 0
