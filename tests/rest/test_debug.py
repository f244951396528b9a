"""`/api/debug/calls/{id}/events`. The whole body is the one of rest.md, 3.14."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from app.calls.models import CallRecord
from app.pipeline.models import CallProcessingEvent
from app.resources import Resources
from tests.factories import Factory
from tests.rest.serving import rest_client

START = datetime(2026, 2, 6, 16, 40, 3, 20_000, tzinfo=UTC)
NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
UNKNOWN = b'{"error":{"code":"not_found","message":"No such resource","details":{}}}'


async def _add_events(resources: Resources, call: CallRecord, *events: dict[str, Any]) -> list[CallProcessingEvent]:
    rows = [CallProcessingEvent(call_id=call.id, user_id=call.user_id, **event) for event in events]
    async with resources.database.transaction() as session:
        session.add_all(rows)
    return rows


async def test_history_is_shown_oldest_first(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID
) -> None:
    call = await factory.call(owner)
    failed_at = datetime(2026, 2, 6, 16, 43, 40, 950_000, tzinfo=UTC)
    await _add_events(
        resources,
        call,
        {
            "stage": "TRANSCRIBED",
            "status": "FAILED",
            "provider": "lemonfox",
            "duration_ms": 180_012,
            "error_code": "transcription_timeout",
            "error_message": "no answer within 180 s",
            "created_at": failed_at,
        },
        {"stage": "CALL_QUEUED", "status": "COMPLETED", "created_at": START},
        {
            "stage": "TRANSCRIBED",
            "status": "STARTED",
            "provider": "lemonfox",
            "created_at": datetime(2026, 2, 6, 16, 40, 40, 900_000, tzinfo=UTC),
        },
    )
    await _add_events(resources, await factory.call(owner), {"stage": "CALL_QUEUED", "status": "COMPLETED"})

    response = await rest.get(f"/api/debug/calls/{call.id}/events")

    assert response.status_code == 200
    assert response.content == orjson.dumps(
        {
            "items": [
                {"stage": "CALL_QUEUED", "status": "COMPLETED", "createdAt": "2026-02-06T16:40:03.020Z"},
                {
                    "stage": "TRANSCRIBED",
                    "status": "STARTED",
                    "provider": "lemonfox",
                    "createdAt": "2026-02-06T16:40:40.900Z",
                },
                {
                    "stage": "TRANSCRIBED",
                    "status": "FAILED",
                    "provider": "lemonfox",
                    "durationMs": 180_012,
                    "errorCode": "transcription_timeout",
                    "errorMessage": "no answer within 180 s",
                    "createdAt": "2026-02-06T16:43:40.950Z",
                },
            ]
        }
    )


async def test_events_of_one_time_are_sorted_by_id(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID
) -> None:
    call = await factory.call(owner)
    ids = sorted(uuid4() for _ in range(3))
    stages = ("ANALYZED", "DIARIZED", "TRANSCRIBED")
    rows = [
        {"id": id, "stage": stage, "status": "COMPLETED", "created_at": START}
        for id, stage in zip(ids, stages, strict=True)
    ]
    await _add_events(resources, call, *reversed(rows))

    items = (await rest.get(f"/api/debug/calls/{call.id}/events")).json()["items"]

    assert tuple(item["stage"] for item in items) == stages


async def test_oldest_five_hundred_are_shown(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID
) -> None:
    call = await factory.call(owner)
    rows = [
        {
            "stage": "ANALYZED",
            "status": "STARTED",
            "duration_ms": number,
            "created_at": START + timedelta(seconds=number),
        }
        for number in range(501)
    ]
    await _add_events(resources, call, *rows)

    items = (await rest.get(f"/api/debug/calls/{call.id}/events")).json()["items"]

    assert [item["durationMs"] for item in items] == list(range(500))


async def test_call_without_history_has_an_empty_one(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    call = await factory.call(owner)

    assert (await rest.get(f"/api/debug/calls/{call.id}/events")).content == b'{"items":[]}'


async def test_unknown_foreign_and_malformed_calls_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, bob: UUID
) -> None:
    foreign = await factory.call(bob)
    await _add_events(resources, foreign, {"stage": "CALL_QUEUED", "status": "COMPLETED"})

    answers = [
        await rest.get(f"/api/debug/calls/{id}/events")
        for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_FOUND)}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_other_servers_have_no_such_route(
    factory: Factory, resources: Resources, owner: UUID, method: str
) -> None:
    call = await factory.call(owner)

    async with rest_client(resources, debug_endpoints_enabled=False) as client:
        response = await client.request(method, f"/api/debug/calls/{call.id}/events")
        paths = (await client.get("/openapi.json")).json()["paths"]

    assert (response.status_code, response.content) == (404, UNKNOWN)
    assert "/api/debug/calls/{id}/events" not in paths


async def test_servers_with_the_route_document_it(rest: httpx.AsyncClient) -> None:
    paths = (await rest.get("/openapi.json")).json()["paths"]

    assert paths["/api/debug/calls/{id}/events"].keys() == {"get"}
