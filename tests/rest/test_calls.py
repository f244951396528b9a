"""`/api/calls` and what is below it, apart from uploads. Whole bodies are written from rest.md, 2.3 to 2.9."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from app.actions.models import ActionStatus
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.resources import Resources
from tests.factories import Factory

CALL = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
QUEUED = UUID("934ccaff-0fdc-42f3-8117-d6db2b1981e3")
FAILED = UUID("79d86306-8a6f-43db-8ec7-0d8a133f3380")
CONTACT = UUID("0ca08764-188b-4779-ad23-83a1344db6dd")

NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'

FULL_SUMMARY = {
    "callId": str(CALL),
    "id": str(CALL),
    "title": "Thursday appointment",
    "originalFileName": "REC_20260209_1012.m4a",
    "contactName": "Tobias Lind",
    "direction": "OUTGOING",
    "status": "COMPLETED",
    "durationSeconds": 31,
    "recordedAt": "2026-02-09T09:12:40Z",
    "createdAt": "2026-02-09T09:13:20.114Z",
    "shortSummary": "The Thursday appointment moves to 16:30.",
    "tags": ["appointment", "x-ray", "insurance"],
    "scryonContactId": str(CONTACT),
    "actionItemCount": 2,
    "firstActionTitle": "Mail the January X-ray",
}
EMPTY_SUMMARY = {
    "callId": str(QUEUED),
    "id": str(QUEUED),
    "direction": "UNKNOWN",
    "status": "QUEUED",
    "recordedAt": "2026-02-09T10:12:11.480Z",
    "createdAt": "2026-02-09T10:12:11.480Z",
    "tags": [],
    "actionItemCount": 0,
    "firstActionTitle": None,
}
FULL_DETAIL = {
    "callId": str(CALL),
    "id": str(CALL),
    "title": "Thursday appointment",
    "originalFileName": "REC_20260209_1012.m4a",
    "status": "COMPLETED",
    "direction": "OUTGOING",
    "contactName": "Tobias Lind",
    "contactId": "contacts:118",
    "phoneNumber": "+49 30 5550 4471",
    "organization": "Lind Woodworks",
    "scryonContactId": str(CONTACT),
    "durationSeconds": 31,
    "recordedAt": "2026-02-09T09:12:40Z",
    "createdAt": "2026-02-09T09:13:20.114Z",
    "updatedAt": "2026-02-09T09:14:31.902Z",
    "shortSummary": "The Thursday appointment moves to 16:30.",
    "notes": "Prefers afternoons.",
    "tags": ["appointment", "x-ray", "insurance"],
    "errorReason": None,
    "errorMessage": None,
}


async def _make_full_call(factory: Factory, owner: UUID) -> CallRecord:
    call = await factory.call(
        owner,
        id=CALL,
        title="Thursday appointment",
        original_file_name="REC_20260209_1012.m4a",
        contact_name="Tobias Lind",
        contact_id="contacts:118",
        phone_number="+49 30 5550 4471",
        organization="Lind Woodworks",
        scryon_contact_id=CONTACT,
        direction="OUTGOING",
        duration_seconds=31,
        recorded_at=datetime(2026, 2, 9, 9, 12, 40, tzinfo=UTC),
        created_at=datetime(2026, 2, 9, 9, 13, 20, 114_999, tzinfo=UTC),
        updated_at=datetime(2026, 2, 9, 9, 14, 31, 902_000, tzinfo=UTC),
        short_summary="The Thursday appointment moves to 16:30.",
        notes="Prefers afternoons.",
        tags_json=["appointment", "x-ray", "insurance"],
    )
    created = [datetime(2026, 2, 9, 9, 14, second, tzinfo=UTC) for second in range(3)]
    await factory.action_item(call, title="Dismissed", status=ActionStatus.DISMISSED, created_at=created[0])
    await factory.action_item(call, title="Mail the January X-ray", created_at=created[1])
    await factory.action_item(call, title="Call the insurer", status=ActionStatus.DONE, created_at=created[2])
    return call


async def _make_empty_call(factory: Factory, owner: UUID) -> CallRecord:
    created = datetime(2026, 2, 9, 10, 12, 11, 480_000, tzinfo=UTC)
    return await factory.call(owner, id=QUEUED, status=CallStatus.QUEUED, created_at=created, updated_at=created)


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    assert response.json()["error"]["code"] == "validation_failed"
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_list_shows_full_and_empty_calls(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)

    response = await rest.get("/api/calls")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"items": [EMPTY_SUMMARY, FULL_SUMMARY]}


async def test_failed_call_shows_its_reason_in_lists(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await factory.call(owner, status=CallStatus.FAILED, error_reason="transcription_timeout")

    [item] = (await rest.get("/api/calls")).json()["items"]

    assert item["errorReason"] == "transcription_timeout"


async def test_calls_of_others_are_invisible(rest: httpx.AsyncClient, factory: Factory, bob: UUID) -> None:
    await _make_full_call(factory, bob)

    assert (await rest.get("/api/calls")).content == b'{"items":[]}'
    assert (await rest.get("/api/calls", params={"page": 0})).content == b"[]"


async def test_pages_follow_each_other(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)

    first = (await rest.get("/api/calls", params={"limit": 1})).json()
    second = (await rest.get("/api/calls", params={"limit": 1, "cursor": first["nextCursor"]})).json()

    assert first["items"] == [EMPTY_SUMMARY]
    assert second == {"items": [FULL_SUMMARY]}


async def test_legacy_form_is_an_array(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)

    assert (await rest.get("/api/calls?page=0&size=1")).json() == [EMPTY_SUMMARY]
    assert (await rest.get("/api/calls?page=1&size=1")).json() == [FULL_SUMMARY]
    assert (await rest.get("/api/calls?page=7")).json() == []
    assert (await rest.get("/api/calls?size=200&status=COMPLETED")).json() == [FULL_SUMMARY]


@pytest.mark.parametrize(
    ("query", "is_legacy"),
    [
        ("", False),
        ("limit=5", False),
        ("status=QUEUED", False),
        ("page=0", True),
        ("size=5", True),
        ("page=0&limit=5", False),
        ("page=x&size=999&limit=5", False),
        ("limit=0&limit=5", False),
        ("unknown=1&Limit=0", False),
    ],
)
async def test_parameters_choose_the_form(rest: httpx.AsyncClient, query: str, is_legacy: bool) -> None:
    response = await rest.get(f"/api/calls?{query}")

    assert response.json() == ([] if is_legacy else {"items": []})


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=", ["limit"]),
        ("limit=%2010", ["limit"]),
        ("limit=1.0", ["limit"]),
        ("limit=1e1", ["limit"]),
        ("limit=%D9%A1", ["limit"]),
        ("limit=99999999999999999999999", ["limit"]),
        ("limit=5&limit=0", ["limit"]),
        ("page=-1", ["page"]),
        ("page=100001", ["page"]),
        ("page=x", ["page"]),
        ("size=0", ["size"]),
        ("size=201", ["size"]),
        ("size=", ["size"]),
        ("status=queued", ["status"]),
        ("status=", ["status"]),
        ("status=QUEUED%20", ["status"]),
        ("status=NOPE&page=-1&size=0", ["page", "size", "status"]),
        ("cursor=x&limit=x&status=x", ["cursor", "limit", "status"]),
        ("cursor=", ["cursor"]),
        ("cursor=nonsense", ["cursor"]),
        ("cursor=e30", ["cursor"]),
        ("cursor=" + "A" * 1025, ["cursor"]),
    ],
)
async def test_bad_parameters_are_named(rest: httpx.AsyncClient, query: str, fields: list[str]) -> None:
    assert sorted(_fields(await rest.get(f"/api/calls?{query}"))) == fields


async def test_padded_cursor_is_refused(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)
    cursor = (await rest.get("/api/calls?limit=1")).json()["nextCursor"]

    assert _fields(await rest.get("/api/calls", params={"cursor": cursor + "="})) == ["cursor"]


async def test_cursor_with_nothing_behind_it_gives_an_empty_page(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID
) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)
    cursor = (await rest.get("/api/calls?limit=1")).json()["nextCursor"]
    await rest.delete(f"/api/calls/{CALL}")

    response = await rest.get("/api/calls", params={"cursor": cursor})

    assert response.content == b'{"items":[]}'


async def test_poll_keeps_the_order_of_first_mention(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID
) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)
    foreign = await factory.call(bob)

    response = await rest.get(
        f"/api/calls/status?ids={str(QUEUED).upper()},,{uuid4()}&ids={CALL},{QUEUED},{foreign.id}"
    )

    assert response.json() == {
        "items": [
            {"callId": str(QUEUED), "id": str(QUEUED), "status": "QUEUED"},
            {"callId": str(CALL), "id": str(CALL), "status": "COMPLETED"},
        ],
        "nextPollMs": 3000,
    }


async def test_poll_of_finished_calls_is_slow(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)

    response = await rest.get("/api/calls/status", params={"ids": str(CALL)})

    assert response.json()["nextPollMs"] == 15000


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["ids"]),
        ("ids=", ["ids"]),
        ("ids=,,", ["ids"]),
        (f"ids=,{CALL},,x&ids=y", ["ids[1]", "ids[2]"]),
        (f"ids={CALL.hex}", ["ids[0]"]),
        (f"ids=%20{CALL}", ["ids[0]"]),
        ("ids=" + ",".join(str(uuid4()) for _ in range(201)), ["ids"]),
    ],
)
async def test_bad_ids_of_a_poll_are_named(rest: httpx.AsyncClient, query: str, fields: list[str]) -> None:
    assert _fields(await rest.get(f"/api/calls/status?{query}")) == fields


async def test_two_hundred_ids_are_enough(rest: httpx.AsyncClient) -> None:
    ids = [str(uuid4()) for _ in range(200)]

    response = await rest.get("/api/calls/status", params={"ids": ",".join([*ids, *ids])})

    assert response.json() == {"items": [], "nextPollMs": 15000}


async def test_call_with_everything(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_full_call(factory, owner)

    response = await rest.get(f"/api/calls/{str(CALL).upper()}")

    assert response.status_code == 200
    assert response.json() == FULL_DETAIL


async def test_call_with_nothing(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await _make_empty_call(factory, owner)

    response = await rest.get(f"/api/calls/{QUEUED}")

    assert response.json() == {
        "callId": str(QUEUED),
        "id": str(QUEUED),
        "status": "QUEUED",
        "direction": "UNKNOWN",
        "recordedAt": "2026-02-09T10:12:11.480Z",
        "createdAt": "2026-02-09T10:12:11.480Z",
        "updatedAt": "2026-02-09T10:12:11.480Z",
        "tags": [],
        "errorReason": None,
        "errorMessage": None,
    }


async def test_failed_call_explains_itself(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    call = await factory.call(owner, status=CallStatus.FAILED, error_reason="transcription_timeout")

    body = (await rest.get(f"/api/calls/{call.id}")).json()

    assert (body["errorReason"], body["errorMessage"]) == ("transcription_timeout", "Transcription took too long.")


Request = Callable[[httpx.AsyncClient, str], Any]
REQUESTS: dict[str, Request] = {
    "call": lambda rest, id: rest.get(f"/api/calls/{id}"),
    "transcript": lambda rest, id: rest.get(f"/api/calls/{id}/transcript"),
    "analysis": lambda rest, id: rest.get(f"/api/calls/{id}/analysis"),
    "delete": lambda rest, id: rest.delete(f"/api/calls/{id}"),
}


@pytest.mark.parametrize("send", REQUESTS.values(), ids=REQUESTS.keys())
async def test_unknown_foreign_and_malformed_ids_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, bob: UUID, send: Request
) -> None:
    foreign = await factory.call(bob)

    answers = [await send(rest, str(id)) for id in (uuid4(), foreign.id, "nonsense", CALL.hex, "%00", "analyze")]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_FOUND)}


TRANSCRIPT = {
    "schemaVersion": 2,
    "callId": str(CALL),
    "cleanText": "[00:00 - 00:01] Speaker 1: Hello?",
    "speakers": [{"speakerId": "spk_1", "displayName": None, "unknown": {"kept": None}}],
    "segments": [],
    "createdAt": "2026-02-09T09:14:07Z",
}


async def test_transcript_is_served_as_stored(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    call = await _make_full_call(factory, owner)
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, TRANSCRIPT, schema_version=2)

    response = await rest.get(f"/api/calls/{CALL}/transcript")

    assert response.status_code == 200
    assert response.json() == TRANSCRIPT


async def test_analysis_is_served_with_aliases_and_nulls(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID
) -> None:
    call = await _make_full_call(factory, owner)
    stored = {
        "schemaVersion": 3,
        "oneLineSummary": "It moves.",
        "executiveSummary": None,
        "sections": [{"items": [{"text": "The X-ray is needed.", "importance": "high", "speaker": None}]}],
        "whatever": {"is": [None, "kept", 1.5]},
    }
    await factory.document(call, ArtifactType.ANALYSIS_JSON, stored, schema_version=3)

    response = await rest.get(f"/api/calls/{CALL}/analysis")

    assert response.json() == {**stored, "shortSummary": "It moves.", "keyPoints": ["The X-ray is needed."]}


@pytest.mark.parametrize("status", [status for status in CallStatus if status is not CallStatus.COMPLETED])
@pytest.mark.parametrize("document", ["transcript", "analysis"])
async def test_documents_of_unfinished_calls_are_refused(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, status: CallStatus, document: str
) -> None:
    reason = "audio_missing" if status is CallStatus.FAILED else None
    call = await factory.call(owner, status=status, error_reason=reason)

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    details = {"status": status.value, **({"errorReason": reason} if reason else {})}
    assert response.status_code == 422
    assert response.json() == {
        "error": {"code": "call_not_completed", "message": "This call is not completed", "details": details}
    }


@pytest.mark.parametrize("document", ["transcript", "analysis"])
async def test_missing_documents_of_completed_calls(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, document: str
) -> None:
    call = await factory.call(owner)

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    assert (response.status_code, response.json()["error"]["code"]) == (404, f"{document}_not_found")


@pytest.mark.parametrize("document", ["transcript", "analysis"])
async def test_store_that_fails_is_an_outage(
    rest: httpx.AsyncClient, factory: Factory, break_store: Callable[[], None], owner: UUID, document: str
) -> None:
    call = await factory.call(owner)
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, {})
    await factory.document(call, ArtifactType.ANALYSIS_JSON, {})
    break_store()

    response = await rest.get(f"/api/calls/{call.id}/{document}")

    assert response.status_code == 503
    assert response.json()["error"]["code"] == "storage_unavailable"
    assert response.headers["retry-after"] == "5"


async def test_deleted_call_is_gone_everywhere(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID
) -> None:
    call = await _make_full_call(factory, owner)
    await factory.audio(call, b"RIFF")

    response = await rest.request("DELETE", f"/api/calls/{CALL}", content=b"ignored", headers={"content-type": "x/y"})

    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert (await rest.delete(f"/api/calls/{CALL}")).content == NOT_FOUND
    assert (await rest.get("/api/calls")).json() == {"items": []}
    assert (await rest.get("/api/actions")).json() == []
    assert await resources.storage.list_keys(f"users/{owner}/") == []


async def test_bulk_delete_counts(rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID) -> None:
    await _make_full_call(factory, owner)
    await _make_empty_call(factory, owner)
    foreign = await factory.call(bob)
    ids = [str(CALL), str(QUEUED), str(CALL).upper(), str(foreign.id), str(uuid4())]

    response = await rest.request("DELETE", "/api/calls", json={"callIds": ids, "unknown": 1})

    assert response.status_code == 200
    assert response.json() == {"deleted": 2, "missing": 2, "failed": []}
    assert (await rest.get("/api/calls")).json() == {"items": []}


async def test_calls_stay_while_the_store_fails(
    rest: httpx.AsyncClient, factory: Factory, break_store: Callable[[], None], owner: UUID
) -> None:
    call = await _make_full_call(factory, owner)
    await factory.audio(call, b"RIFF")
    break_store()

    one = await rest.delete(f"/api/calls/{CALL}")
    many = await rest.request("DELETE", "/api/calls", json={"callIds": [str(CALL)]})

    assert (one.status_code, one.json()["error"]["code"]) == (503, "storage_unavailable")
    assert one.headers["retry-after"] == "5"
    assert many.json() == {"deleted": 0, "missing": 0, "failed": [{"callId": str(CALL), "code": "storage_unavailable"}]}
    assert (await rest.get(f"/api/calls/{CALL}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", ["body"]),
        (b"{", ["body"]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
        (b'{"callIds": NaN}', ["body"]),
        (b'{"callIds": [], "callIds": []}', ["body"]),
        (b'{"callIds": ["\xff"]}', ["body"]),
        (b"[" * 100_000, ["body"]),
        (b"{}", ["callIds"]),
        (b'{"callIds": null}', ["callIds"]),
        (b'{"callIds": {}}', ["callIds"]),
        (b'{"callIds": []}', ["callIds"]),
        (orjson.dumps({"callIds": [str(CALL), "x", 5, None, CALL.hex]}), [f"callIds[{n}]" for n in range(1, 5)]),
        (orjson.dumps({"callIds": [str(uuid4()) for _ in range(201)]}), ["callIds"]),
        (orjson.dumps({"callIds": ["x"] * 30}), [f"callIds[{n}]" for n in range(20)]),
    ],
)
async def test_bad_bulk_deletes_delete_nothing(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, body: bytes, fields: list[str]
) -> None:
    await _make_full_call(factory, owner)

    response = await rest.request("DELETE", "/api/calls", content=body)

    assert _fields(response) == fields
    assert (await rest.get(f"/api/calls/{CALL}")).status_code == 200


async def test_body_with_a_byte_order_mark_is_fine(rest: httpx.AsyncClient) -> None:
    body = b"\xef\xbb\xbf" + orjson.dumps({"callIds": [str(CALL)]})

    response = await rest.request("DELETE", "/api/calls", content=body)

    assert response.json() == {"deleted": 0, "missing": 1, "failed": []}
