"""Every answer that the document promises and a client can cause, caused once over real HTTP.

Source: rest.md, sections 4 and 6 (T1, T21).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from app.calls.models import CallStatus
from app.resources import Resources
from app.users.models import AccountStatus
from tests.contract.asks import UNKNOWN, Ask, asks_of
from tests.contract.conftest import DISABLED, MEERA, SUSPENDED, Belongings, Door
from tests.factories import Factory
from tests.rest.test_openapi import DOCUMENT, OPERATIONS, assert_documented

OUT_OF_REACH = {
    "auth_disabled",  # somebody at the identity provider: tests/firebase
    "internal_error",
    "service_unavailable",
    "storage_unavailable",
    "analysis_failed",
    "idempotency_in_progress",
    "reanalyze_in_progress",
    "UPLOAD_RATE_LIMIT",
    "UPLOAD_VOLUME_LIMIT",
    "CONCURRENT_CALLS_LIMIT",
}
"""Outages, races, and the upload guard, which is off here: each has tests of its own in tests/rest."""

NEVER_SENT = {
    # There is nobody here who could learn a voice, and so no answer that would be kept.
    *[("putVoiceProfile", code) for code in (None, "idempotency_key_conflict")],
    # The feature is on; tests/rest/test_voice.py is about a server where it is off.
    *[(operation_id, "feature_not_available") for operation_id in ("putVoiceProfile", "getVoiceProfileStatus")],
    # Records of keys go with the account.
    ("deleteMe", "idempotency_key_conflict"),
}
"""Answers that are documented for all endpoints of a kind, but not possible here."""


@dataclass(frozen=True, slots=True)
class World:
    """A client of the server, and what the ids of requests mean."""

    client: httpx.AsyncClient
    door: Door
    ids: Mapping[str, UUID | str]

    async def send(self, operation_id: str, ask: Ask) -> httpx.Response:
        method, path, _ = OPERATIONS[operation_id]
        sent = {**self.door.headers[ask.user], **ask.headers, "X-Request-Id": operation_id}
        return await self.client.request(
            ask.method or method,
            path.format(id=self.ids[ask.id]),
            params=dict(ask.params),
            headers={name: value for name, value in sent.items() if value is not None},
            content=ask.content if ask.json is None else orjson.dumps(ask.json),
        )


@pytest.fixture
async def world(door: Door, stores: Resources, belongings: Belongings) -> AsyncIterator[World]:
    """Of the first user: what is there, calls without documents, and nothing; and two users who may do less."""
    factory = Factory(stores)
    await factory.user(SUSPENDED, account_status=AccountStatus.SUSPENDED, account_status_reason="invoice open")
    await factory.user(DISABLED, account_status=AccountStatus.DISABLED, account_status_reason="spam")
    failed = await factory.call(belongings.owner, status=CallStatus.FAILED, error_reason="transcription_timeout")
    ids = {
        "call": belongings.call,
        "action_item": belongings.action_item,
        "contact": belongings.contact,
        "bare_call": (await factory.call(belongings.owner)).id,
        "failed_call": failed.id,
        "nothing": UNKNOWN,
    }
    async with httpx.AsyncClient(base_url=door.url, timeout=60) as client:
        yield World(client, door, ids)


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_endpoint_gives_each_of_its_answers(operation_id: str, world: World) -> None:
    for ask in asks_of(operation_id):
        answer = await world.send(operation_id, ask)

        _assert_answer(answer, operation_id, ask)


def _assert_answer(answer: httpx.Response, operation_id: str, ask: Ask) -> None:
    expected = min(OPERATIONS[operation_id][2]) if ask.status is None else ask.status
    assert answer.status_code == expected, (ask, answer.text)
    assert answer.headers["x-request-id"] == operation_id
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("www-authenticate") == ("Bearer" if expected == 401 else None)
    assert answer.headers.get("content-type") == (None if expected == 204 else "application/json; charset=utf-8")
    if ask.code is not None:
        error = answer.json()["error"]
        assert (error["code"], error["details"]) == (ask.code, ask.details)
    assert_documented(operation_id, answer)


def test_each_documented_answer_is_asked_for() -> None:
    documented = {
        (operation["operationId"], code)
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for code in _codes_of(response)
    }

    asked_for = {(operation_id, ask.code) for operation_id in OPERATIONS for ask in asks_of(operation_id)}

    reachable = {answer for answer in documented - NEVER_SENT if answer[1] not in OUT_OF_REACH}
    assert asked_for == reachable


def _codes_of(response: dict[str, Any]) -> list[str | None]:
    """The error codes that come with a response; a success has the code None."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    if "allOf" not in schema:
        return [None]
    _, codes = schema["allOf"]
    return list(codes["properties"]["error"]["properties"]["code"]["enum"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "details", "allow"),
    [
        ("GET", "/api/nothing", 404, "not_found", {}, None),
        ("GET", "/api", 404, "not_found", {}, None),
        ("POST", "/api/calls", 405, "method_not_allowed", {"allowed": ["DELETE", "GET"]}, "DELETE, GET"),
    ],
)
async def test_where_there_is_no_endpoint(
    world: World, method: str, path: str, status: int, code: str, details: dict[str, Any], allow: str | None
) -> None:
    answer = await world.client.request(method, path, headers={**world.door.headers[MEERA], "X-Request-Id": "row-1"})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]) == (status, code, details)
    assert answer.headers.get("allow") == allow
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-request-id"] == "row-1"
