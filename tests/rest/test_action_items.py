"""`/api/calls/{id}/action-items` and `/api/action-items/{id}`. Whole bodies are from rest.md, 3.5 and 3.6."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.actions.models import ActionItem, ActionPriority, ActionSource, ActionStatus
from app.calls.models import CallRecord, CallStatus
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from tests.factories import Factory
from tests.rest.keys import send_with_key

CALL = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
CONTACT = UUID("0ca08764-188b-4779-ad23-83a1344db6dd")
ITEM = UUID("b504c977-bf11-445d-9d99-8b4cab1c684e")
FOUND = datetime(2026, 2, 9, 9, 14, 31, 901_000, tzinfo=UTC)

CALL_NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
ITEM_NOT_FOUND = b'{"error":{"code":"action_item_not_found","message":"Action item not found","details":{}}}'

AI_BODY: dict[str, Any] = {
    "id": str(ITEM),
    "callRecordId": str(CALL),
    "title": "Mail the January X-ray",
    "description": "Needed before Wednesday.",
    "dueDate": "2026-02-10",
    "status": "OPEN",
    "priority": "HIGH",
    "source": "AI",
    "contactId": str(CONTACT),
    "sourceText": 'priority=high; segments=seg_0005; text="Fine. I will mail you the January X-ray before Wednesday."',
    "ownerSpeakerId": "spk_1",
    "ownerSpeakerLabel": "Speaker 1",
    "ownerDisplayName": "Tobias Lind",
    "ownerRole": "CONTACT",
    "sourceSegmentIds": ["seg_0005"],
    "intent": "email",
    "intentMetadata": {
        "toName": "Meera",
        "subject": "January X-ray",
        "bodyPreview": "Here is the image from January.",
    },
    "createdAt": "2026-02-09T09:14:31.901Z",
    "updatedAt": "2026-02-09T09:14:31.901Z",
}
EDITED = {
    "title": "Mail both X-rays",
    "description": None,
    "dueDate": "2026-02-11",
    "priority": "HIGH",
    "status": "OPEN",
}
SAME = {
    "title": " Mail the January X-ray ",
    "description": "Needed before Wednesday.",
    "dueDate": "2026-02-10",
    "priority": "HIGH",
    "status": "OPEN",
}


@pytest.fixture
async def call(factory: Factory, owner: UUID) -> CallRecord:
    """The call of the examples, of the signed-in user."""
    return await factory.call(owner, id=CALL, scryon_contact_id=CONTACT)


@pytest.fixture
async def item(factory: Factory, call: CallRecord) -> ActionItem:
    """The AI item of the examples."""
    return await factory.action_item(
        call,
        id=ITEM,
        title="Mail the January X-ray",
        description="Needed before Wednesday.",
        due_date=date(2026, 2, 10),
        priority=ActionPriority.HIGH,
        source_text=AI_BODY["sourceText"],
        owner_speaker_id="spk_1",
        owner_speaker_label="Speaker 1",
        owner_display_name="Tobias Lind",
        owner_role="CONTACT",
        source_segment_ids_json=["seg_0005"],
        intent="email",
        intent_metadata_json=AI_BODY["intentMetadata"],
        created_at=FOUND,
        updated_at=FOUND,
    )


async def _load(resources: Resources, item_id: object) -> ActionItem:
    async with resources.database.read() as session:
        found = await session.get(ActionItem, UUID(str(item_id)))
    assert found is not None
    return found


async def _count(resources: Resources, entity: Any = ActionItem) -> int:
    async with resources.database.read() as session:
        return await session.scalar(select(func.count()).select_from(entity)) or 0


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_items_of_a_call_are_listed(rest: httpx.AsyncClient, item: ActionItem) -> None:
    response = await rest.get(f"/api/calls/{CALL}/action-items")

    assert response.status_code == 200
    assert response.json() == [AI_BODY]


async def test_newest_item_comes_first_whoever_wrote_it(
    rest: httpx.AsyncClient, factory: Factory, call: CallRecord, owner: UUID
) -> None:
    old = await factory.action_item(call, created_at=FOUND)
    new = await factory.action_item(call, created_at=FOUND + timedelta(microseconds=1), source=ActionSource.MANUAL)
    twin = await factory.action_item(call, created_at=FOUND, id=UUID(int=old.id.int + 1), status=ActionStatus.DISMISSED)
    await factory.action_item(await factory.call(owner))

    items = (await rest.get(f"/api/calls/{str(CALL).upper()}/action-items")).json()

    assert [item["id"] for item in items] == [str(new.id), str(twin.id), str(old.id)]


async def test_call_without_items_has_an_empty_list(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    queued = await factory.call(owner, status=CallStatus.QUEUED)

    response = await rest.get(f"/api/calls/{queued.id}/action-items")

    assert (response.status_code, response.content) == (200, b"[]")


async def test_at_most_the_newest_thousand_items_are_listed(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord
) -> None:
    items = [
        ActionItem(
            call_record_id=CALL,
            user_id=call.user_id,
            title=str(number),
            created_at=FOUND + timedelta(seconds=number),
        )
        for number in range(1001)
    ]
    async with resources.database.transaction() as session:
        session.add_all(items)

    titles = [item["title"] for item in (await rest.get(f"/api/calls/{CALL}/action-items")).json()]

    assert titles == [str(number) for number in range(1000, 0, -1)]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_unknown_foreign_and_malformed_calls_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, bob: UUID, method: str
) -> None:
    foreign = await factory.call(bob)
    await factory.action_item(foreign)
    body = None if method == "GET" else {"title": "Mine"}

    answers = [
        await rest.request(method, f"/api/calls/{id}/action-items", json=body)
        for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, CALL_NOT_FOUND)}
    assert await _count(resources) == 1


async def test_item_is_written_down_by_hand(rest: httpx.AsyncClient, resources: Resources, call: CallRecord) -> None:
    response = await rest.post(
        f"/api/calls/{CALL}/action-items",
        json={"title": " Block the afternoon in the room plan ", "dueDate": "2026-02-12", "priority": "LOW"},
    )

    assert response.status_code == 201
    assert "location" not in response.headers
    body = response.json()
    assert body == {
        "id": body["id"],
        "callRecordId": str(CALL),
        "title": "Block the afternoon in the room plan",
        "description": None,
        "dueDate": "2026-02-12",
        "status": "OPEN",
        "priority": "LOW",
        "source": "MANUAL",
        "contactId": str(CONTACT),
        "ownerDisplayName": None,
        "ownerRole": "UNKNOWN",
        "sourceSegmentIds": [],
        "intent": "none",
        "createdAt": body["createdAt"],
        "updatedAt": body["createdAt"],
    }
    stored = await _load(resources, body["id"])
    assert (stored.user_id, stored.contact_id, stored.completed_at) == (call.user_id, CONTACT, None)
    assert (await rest.get("/api/actions")).json() == [body]


async def test_item_with_nothing_but_a_title_shows_only_what_is_always_there(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID
) -> None:
    call = await factory.call(owner, status=CallStatus.FAILED, error_reason="audio_missing")
    nothing = {"description": " ", "dueDate": None, "priority": None, "status": None}

    response = await rest.post(f"/api/calls/{call.id}/action-items", json={"title": "Call back", **nothing})

    body = response.json()
    assert (response.status_code, body) == (
        201,
        {
            "id": body["id"],
            "callRecordId": str(call.id),
            "title": "Call back",
            "description": None,
            "dueDate": None,
            "status": "OPEN",
            "priority": None,
            "source": "MANUAL",
            "contactId": None,
            "ownerDisplayName": None,
            "ownerRole": "UNKNOWN",
            "sourceSegmentIds": [],
            "intent": "none",
            "createdAt": body["createdAt"],
            "updatedAt": body["createdAt"],
        },
    )


@pytest.mark.parametrize("status", list(ActionStatus))
async def test_status_is_honoured(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord, status: ActionStatus
) -> None:
    response = await rest.post(f"/api/calls/{CALL}/action-items", json={"title": "Call back", "status": status})

    assert response.json()["status"] == status
    stored = await _load(resources, response.json()["id"])
    assert (stored.completed_at is not None) is (status is ActionStatus.DONE)


BAD_CONTENT = [
    (b"", ["body"]),
    (b"[]", ["body"]),
    (b'{"status": "OPEN"}', ["title"]),
    (b'{"title": null, "status": "PENDING"}', ["title", "status"]),
    (b'{"title": " \\t", "status": "done"}', ["title", "status"]),
    (
        b'{"title": 3, "status": 3, "description": 3, "dueDate": 3, "priority": 3}',
        ["title", "status", "description", "dueDate", "priority"],
    ),
    (
        b'{"title": "%s", "status": "COMPLETED", "description": "%s"}' % (b"x" * 501, b"x" * 5001),
        ["title", "status", "description"],
    ),
    (rb'{"title": "a\u0000", "status": "OPEN", "description": "\udfff"}', ["title", "description"]),
    (b'{"title": "a", "status": "OPEN", "dueDate": "2026-02-30", "priority": "high"}', ["dueDate", "priority"]),
    (b'{"title": "a", "status": "OPEN", "dueDate": "20260210", "priority": ""}', ["dueDate", "priority"]),
    (b'{"title": "a", "status": "OPEN", "dueDate": " 2026-02-10"}', ["dueDate"]),
    (b'{"title": "a", "status": "OPEN", "dueDate": ""}', ["dueDate"]),
]


@pytest.mark.parametrize(("body", "fields"), BAD_CONTENT)
async def test_bad_content_is_not_written_down(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord, body: bytes, fields: list[str]
) -> None:
    response = await rest.post(f"/api/calls/{CALL}/action-items", content=body)

    assert sorted(_fields(response)) == sorted(fields)
    assert await _count(resources) == 0


@pytest.mark.parametrize(("body", "fields"), BAD_CONTENT)
async def test_bad_content_changes_nothing(
    rest: httpx.AsyncClient, item: ActionItem, body: bytes, fields: list[str]
) -> None:
    response = await rest.put(f"/api/action-items/{ITEM}", content=body)

    assert sorted(_fields(response)) == sorted(fields)
    assert (await rest.get("/api/actions")).json() == [AI_BODY]


async def test_bad_content_is_found_before_the_call_or_item_is_looked_for(rest: httpx.AsyncClient) -> None:
    created = await rest.post("/api/calls/nonsense/action-items", json={})
    replaced = await rest.put("/api/action-items/nonsense", json={})

    assert (_fields(created), sorted(_fields(replaced))) == (["title"], ["status", "title"])


@pytest.mark.parametrize(
    ("method", "path"), [("POST", f"/api/calls/{CALL}/action-items"), ("PUT", "/api/action-items/x")]
)
async def test_bodies_are_json_of_at_most_a_mebibyte(rest: httpx.AsyncClient, method: str, path: str) -> None:
    other_type = await rest.request(method, path, content=b"{}", headers={"content-type": "text/plain"})
    too_large = await rest.request(method, path, content=b" " * 1_048_577)

    assert (other_type.status_code, too_large.status_code) == (415, 413)


async def test_longest_texts_pass(rest: httpx.AsyncClient, call: CallRecord) -> None:
    title, description = "\U0001f600" * 500, "\U0001f600" * 5000

    created = await rest.post(
        f"/api/calls/{CALL}/action-items", json={"title": title, "description": f" {description} "}
    )
    replaced = await rest.put(
        f"/api/action-items/{created.json()['id']}",
        json={"title": description[:500], "description": description, "status": "OPEN"},
    )

    assert (created.status_code, created.json()["description"]) == (201, description)
    assert (replaced.status_code, replaced.json()["title"]) == (200, title)


async def test_item_is_replaced(rest: httpx.AsyncClient, item: ActionItem) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    response = await rest.put(f"/api/action-items/{ITEM}", json={**EDITED, "source": "MANUAL", "intent": "call"})

    assert response.status_code == 200
    body = response.json()
    assert body == {
        **AI_BODY,
        "title": "Mail both X-rays",
        "description": None,
        "dueDate": "2026-02-11",
        "updatedAt": body["updatedAt"],
    }
    assert datetime.fromisoformat(body["updatedAt"]) >= before


async def test_missing_members_are_cleared(rest: httpx.AsyncClient, item: ActionItem) -> None:
    response = await rest.put(f"/api/action-items/{ITEM}", json={"title": "Mail", "status": "IN_PROGRESS"})

    body = response.json()
    shown = (body["title"], body["status"], body["description"], body["dueDate"], body["priority"])
    assert shown == ("Mail", "IN_PROGRESS", None, None, None)
    assert body["sourceText"] == AI_BODY["sourceText"]


async def test_same_content_leaves_the_item_alone(rest: httpx.AsyncClient, item: ActionItem) -> None:
    response = await rest.put(f"/api/action-items/{ITEM}", json=SAME)

    assert (response.status_code, response.json()) == (200, AI_BODY)


async def test_completion_is_stamped_on_entering_done_and_cleared_on_leaving_it(
    rest: httpx.AsyncClient, resources: Resources, item: ActionItem
) -> None:
    path = f"/api/action-items/{ITEM}"
    stamps = []
    for body in (
        {**SAME, "status": "DONE"},
        {**SAME, "status": "DONE", "title": "Mail both X-rays"},
        {**SAME, "status": "DISMISSED"},
    ):
        await rest.put(path, json=body)
        stamps.append((await _load(resources, ITEM)).completed_at)

    assert stamps[0] is not None
    assert stamps == [stamps[0], stamps[0], None]


async def test_item_is_deleted_for_good(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, item: ActionItem, call: CallRecord
) -> None:
    kept = await factory.action_item(call, source=ActionSource.MANUAL)

    first = await rest.request(
        "DELETE", f"/api/action-items/{ITEM}", content=b"nonsense", headers={"content-type": "x/y"}
    )
    second = await rest.delete(f"/api/action-items/{ITEM}")

    assert (first.status_code, first.content) == (204, b"")
    assert (second.status_code, second.content) == (404, ITEM_NOT_FOUND)
    assert [listed["id"] for listed in (await rest.get("/api/actions")).json()] == [str(kept.id)]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_unknown_foreign_and_malformed_items_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, bob: UUID, method: str
) -> None:
    foreign = await factory.action_item(await factory.call(bob))
    body = EDITED if method == "PUT" else None

    answers = [
        await rest.request(method, f"/api/action-items/{id}", json=body)
        for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, ITEM_NOT_FOUND)}
    assert (await _load(resources, foreign.id)).title == foreign.title


async def test_creation_with_a_key_is_done_once(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord
) -> None:
    path = f"/api/calls/{CALL}/action-items"

    response = await send_with_key(rest, "POST", path, {"title": "Call back"}, other_body={"title": "Call"})

    assert response.status_code == 201
    assert await _count(resources) == 1


async def test_two_creations_with_a_key_at_once_make_one_item(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord
) -> None:
    request = {"json": {"title": "Call back"}, "headers": {"Idempotency-Key": "key-1"}}

    answers = await asyncio.gather(*(rest.post(f"/api/calls/{CALL}/action-items", **request) for _ in range(2)))

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert await _count(resources) == 1


async def test_call_cannot_be_deleted_while_an_item_is_added(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord
) -> None:
    path = f"/api/calls/{CALL}"

    created, deleted = await asyncio.gather(
        rest.post(f"{path}/action-items", json={"title": "Call back"}), rest.delete(path)
    )

    assert (created.status_code, deleted.status_code) in [(201, 204), (404, 204)]
    assert await _count(resources) == 0


async def test_replacement_with_a_key_is_done_once(rest: httpx.AsyncClient, item: ActionItem) -> None:
    response = await send_with_key(rest, "PUT", f"/api/action-items/{ITEM}", EDITED, other_body=SAME)

    assert response.status_code == 200
    assert (await rest.get("/api/actions")).json()[0]["title"] == "Mail both X-rays"


async def test_deletion_with_a_key_is_done_once(rest: httpx.AsyncClient, item: ActionItem) -> None:
    response = await send_with_key(rest, "DELETE", f"/api/action-items/{ITEM}")

    assert response.status_code == 204


async def test_missing_call_is_kept_for_replay(rest: httpx.AsyncClient) -> None:
    path = f"/api/calls/{CALL}/action-items"

    response = await send_with_key(rest, "POST", path, {"title": "Call back"}, other_body={"title": "Call"})

    assert response.status_code == 404


async def test_deletion_forgets_the_answers_that_name_the_item(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord
) -> None:
    created = await rest.post(
        f"/api/calls/{CALL}/action-items", json={"title": "Call back"}, headers={"Idempotency-Key": "key-1"}
    )
    path = f"/api/action-items/{created.json()['id']}"
    await rest.put(path, json=EDITED, headers={"Idempotency-Key": "key-2"})

    await rest.delete(path, headers={"Idempotency-Key": "key-3"})

    async with resources.database.read() as session:
        records = (await session.scalars(select(col(IdempotencyRecord.key)))).all()
    assert records == ["key-3"]
