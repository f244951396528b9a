"""`/api/actions`. Whole bodies are written from rest.md, 2.10 and 2.11."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from app.actions.models import ActionItem, ActionPriority, ActionSource, ActionStatus
from tests.factories import Factory

CONTACT = UUID("0ca08764-188b-4779-ad23-83a1344db6dd")
NOT_FOUND = b'{"error":{"code":"action_item_not_found","message":"Action item not found","details":{}}}'


async def _make_full_item(factory: Factory, owner: UUID) -> ActionItem:
    call = await factory.call(owner, scryon_contact_id=CONTACT)
    return await factory.action_item(
        call,
        title="Mail the January X-ray",
        description="Needed before Wednesday.",
        due_date=date(2026, 2, 10),
        priority=ActionPriority.HIGH,
        source_text="priority=high; segments=seg_0005",
        owner_speaker_id="spk_1",
        owner_speaker_label="Speaker 1",
        owner_display_name="Tobias Lind",
        owner_role="CONTACT",
        source_segment_ids_json=["seg_0005"],
        intent="email",
        intent_metadata_json={"toName": "Meera", "subject": None, "attendees": [{"name": "Yara"}]},
        created_at=datetime(2026, 2, 9, 9, 14, 31, 901_000, tzinfo=UTC),
        updated_at=datetime(2026, 2, 9, 9, 14, 31, 901_000, tzinfo=UTC),
    )


def _full_body(item: ActionItem) -> dict[str, object]:
    return {
        "id": str(item.id),
        "callRecordId": str(item.call_record_id),
        "title": "Mail the January X-ray",
        "description": "Needed before Wednesday.",
        "dueDate": "2026-02-10",
        "status": "OPEN",
        "priority": "HIGH",
        "source": "AI",
        "contactId": str(CONTACT),
        "sourceText": "priority=high; segments=seg_0005",
        "ownerSpeakerId": "spk_1",
        "ownerSpeakerLabel": "Speaker 1",
        "ownerDisplayName": "Tobias Lind",
        "ownerRole": "CONTACT",
        "sourceSegmentIds": ["seg_0005"],
        "intent": "email",
        "intentMetadata": {"toName": "Meera", "attendees": [{"name": "Yara"}]},
        "createdAt": "2026-02-09T09:14:31.901Z",
        "updatedAt": "2026-02-09T09:14:31.901Z",
    }


async def _make_empty_item(factory: Factory, owner: UUID) -> ActionItem:
    created = datetime(2026, 2, 10, 8, 0, tzinfo=UTC)
    call = await factory.call(owner)
    return await factory.action_item(call, title="Old", source=None, created_at=created, updated_at=created)


def _empty_body(item: ActionItem) -> dict[str, object]:
    return {
        "id": str(item.id),
        "callRecordId": str(item.call_record_id),
        "title": "Old",
        "description": None,
        "dueDate": None,
        "status": "OPEN",
        "priority": None,
        "source": None,
        "contactId": None,
        "ownerDisplayName": None,
        "ownerRole": "UNKNOWN",
        "sourceSegmentIds": [],
        "intent": None,
        "createdAt": "2026-02-10T08:00:00Z",
        "updatedAt": "2026-02-10T08:00:00Z",
    }


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_array_shows_full_and_empty_items(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    full, empty = await _make_full_item(factory, owner), await _make_empty_item(factory, owner)

    response = await rest.get("/api/actions")

    assert response.status_code == 200
    assert response.json() == [_empty_body(empty), _full_body(full)]


async def test_manual_items_are_listed(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await factory.action_item(await factory.call(owner), source=ActionSource.MANUAL, intent="none")

    [item] = (await rest.get("/api/actions")).json()

    assert (item["source"], item["intent"]) == ("MANUAL", "none")


async def test_envelope_comes_with_limit_or_cursor(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    full, empty = await _make_full_item(factory, owner), await _make_empty_item(factory, owner)

    first = (await rest.get("/api/actions?limit=1")).json()
    second = (await rest.get("/api/actions", params={"cursor": first["nextCursor"]})).json()

    assert first["items"] == [_empty_body(empty)]
    assert second == {"items": [_full_body(full)]}


async def test_filters(rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID) -> None:
    full, empty = await _make_full_item(factory, owner), await _make_empty_item(factory, owner)
    done = await factory.action_item(await factory.call(owner), status=ActionStatus.DONE)
    foreign = await factory.action_item(await factory.call(bob))

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await rest.get(f"/api/actions?{query}")).json()]

    assert await ids("status=DONE") == [str(done.id)]
    assert await ids(f"callId={str(full.call_record_id).upper()}") == [str(full.id)]
    assert await ids(f"callId={empty.call_record_id}&status=DONE") == []
    assert await ids(f"callId={foreign.call_record_id}") == []
    assert await ids(f"callId={uuid4()}") == []


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("status=PENDING", ["status"]),
        ("status=", ["status"]),
        ("callId=x", ["callId"]),
        ("callId=", ["callId"]),
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=x&status=x&callId=x", ["callId", "limit", "status"]),
        ("cursor=x&limit=0&callId=x", ["callId", "cursor", "limit"]),
        ("cursor=x", ["cursor"]),
        ("cursor=", ["cursor"]),
    ],
)
async def test_bad_parameters_are_named(rest: httpx.AsyncClient, query: str, fields: list[str]) -> None:
    assert sorted(_fields(await rest.get(f"/api/actions?{query}"))) == fields


@pytest.mark.parametrize("status", list(ActionStatus))
async def test_status_moves_anywhere(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, status: ActionStatus
) -> None:
    item = await _make_full_item(factory, owner)

    response = await rest.patch(f"/api/actions/{item.id}", json={"status": status, "title": "ignored"})

    assert response.status_code == 200
    body = response.json()
    has_moved = body.pop("updatedAt") != "2026-02-09T09:14:31.901Z"
    expected = {**_full_body(item), "status": status.value}
    del expected["updatedAt"]
    assert body == expected
    assert has_moved is (status is not ActionStatus.OPEN)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'{"status": "DONE", "status": "OPEN"}', "body"),
        (b"{}", "status"),
        (b'{"status": null}', "status"),
        (b'{"status": "PENDING"}', "status"),
        (b'{"status": "COMPLETED"}', "status"),
        (b'{"status": "done"}', "status"),
        (b'{"status": 1}', "status"),
    ],
)
async def test_bad_status_changes_nothing(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, body: bytes, field: str
) -> None:
    item = await _make_full_item(factory, owner)

    response = await rest.patch(f"/api/actions/{item.id}", content=body)

    assert _fields(response) == [field]
    assert (await rest.get("/api/actions")).json() == [_full_body(item)]


async def test_unknown_foreign_and_malformed_ids_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, bob: UUID
) -> None:
    foreign = await factory.action_item(await factory.call(bob))

    answers = [
        await rest.patch(f"/api/actions/{id}", json={"status": "DONE"})
        for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_FOUND)}


async def test_bad_body_is_found_before_the_item_is_looked_for(rest: httpx.AsyncClient) -> None:
    assert _fields(await rest.patch("/api/actions/nonsense", json={})) == ["status"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "application/jsonp"])
async def test_other_content_types_are_refused(rest: httpx.AsyncClient, content_type: str) -> None:
    for content in (b'{"status":"DONE"}', b""):
        response = await rest.patch(f"/api/actions/{uuid4()}", content=content, headers={"content-type": content_type})

        assert response.status_code == 415
        assert response.json()["error"]["code"] == "unsupported_media_type"
        assert response.json()["error"]["details"] == {"accepted": ["application/json"]}


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json", ""]
)
async def test_json_content_types_are_taken(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, content_type: str
) -> None:
    item = await _make_full_item(factory, owner)

    response = await rest.patch(
        f"/api/actions/{item.id}", content=b'{"status":"DONE"}', headers={"content-type": content_type}
    )

    assert response.status_code == 200


async def test_bodies_have_a_limit(rest: httpx.AsyncClient) -> None:
    async def stream(size: int):  # type: ignore[no-untyped-def]
        yield b'{"status": "' + b"x" * (size - 14) + b'"}'

    path = f"/api/actions/{uuid4()}"
    announced = await rest.patch(path, content=b"x", headers={"content-length": "1048577", "content-type": "x/y"})
    streamed = await rest.patch(path, content=stream(1_048_577))
    greatest = await rest.patch(path, content=stream(1_048_576))

    for response in (announced, streamed):
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "payload_too_large"
        assert response.json()["error"]["details"] == {"maxBytes": 1_048_576}
    assert greatest.status_code == 400
