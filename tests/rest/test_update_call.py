"""`PATCH /api/calls/{id}`. Whole bodies are from rest.md, 3.1."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from app.calls.models import CallRecord, CallStatus
from app.resources import Resources
from tests.factories import Factory
from tests.rest.keys import send_with_key

CALL = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")
CONTACT = UUID("0ca08764-188b-4779-ad23-83a1344db6dd")
PATH = f"/api/calls/{CALL}"
UPDATED = datetime(2026, 2, 9, 9, 14, 31, 902_000, tzinfo=UTC)
NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'

DETAIL: dict[str, Any] = {
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
    "shortSummary": "The Thursday appointment moves to 16:30 and the January X-ray is to be mailed before.",
    "notes": "Prefers afternoons.",
    "tags": ["appointment", "x-ray", "insurance"],
    "errorReason": None,
    "errorMessage": None,
}


@pytest.fixture
async def call(factory: Factory, owner: UUID) -> CallRecord:
    """The call of the examples, of the signed-in user."""
    return await factory.call(
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
        created_at=datetime(2026, 2, 9, 9, 13, 20, 114_000, tzinfo=UTC),
        updated_at=UPDATED,
        short_summary=DETAIL["shortSummary"],
        notes="Prefers afternoons.",
        tags_json=["appointment", "x-ray", "insurance"],
    )


async def _load(resources: Resources, call_id: UUID = CALL) -> CallRecord:
    async with resources.database.read() as session:
        found = await session.get(CallRecord, call_id)
    assert found is not None
    return found


def _without(*names: str, **values: object) -> dict[str, Any]:
    return {name: value for name, value in {**DETAIL, **values}.items() if name not in names}


async def test_call_is_edited(rest: httpx.AsyncClient, resources: Resources, call: CallRecord) -> None:
    response = await rest.patch(PATH, json={"title": "Thursday, moved", "summary": None, "notes": "", "status": "x"})

    assert response.status_code == 200
    body = response.json()
    assert body == _without("notes", title="Thursday, moved", updatedAt=body["updatedAt"])
    assert (await rest.get(PATH)).json() == body
    stored = await _load(resources)
    assert stored.updated_at > UPDATED
    assert (stored.title_edited_at, stored.summary_edited_at) == (stored.updated_at, None)


async def test_summary_is_edited(rest: httpx.AsyncClient, resources: Resources, call: CallRecord) -> None:
    body = (await rest.patch(PATH, json={"summary": " Moved. "})).json()

    assert body == _without(shortSummary="Moved.", updatedAt=body["updatedAt"])
    stored = await _load(resources)
    assert (stored.title_edited_at, stored.summary_edited_at) == (None, stored.updated_at)


@pytest.mark.parametrize("blank", ["", " \n\t"])
async def test_blank_clears_for_good(
    rest: httpx.AsyncClient, resources: Resources, call: CallRecord, blank: str
) -> None:
    body = (await rest.patch(PATH, json={"title": blank, "summary": blank, "notes": blank})).json()

    assert body == _without("title", "shortSummary", "notes", updatedAt=body["updatedAt"])
    stored = await _load(resources)
    assert (stored.title, stored.short_summary, stored.notes) == (None, None, None)
    assert stored.title_edited_at == stored.summary_edited_at == stored.updated_at


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": None, "summary": None, "notes": None},
        {"direction": "INCOMING"},
        {"title": " Thursday appointment", "summary": DETAIL["shortSummary"], "notes": "Prefers afternoons. "},
    ],
)
async def test_nothing_new_changes_nothing(rest: httpx.AsyncClient, call: CallRecord, body: dict[str, object]) -> None:
    response = await rest.patch(PATH, json=body)

    assert (response.status_code, response.json()) == (200, DETAIL)


async def test_same_title_is_kept_from_the_analysis_too(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID
) -> None:
    untitled = await factory.call(owner, status=CallStatus.TRANSCRIBING, updated_at=UPDATED)

    response = await rest.patch(f"/api/calls/{untitled.id}", json={"title": "", "summary": ""})

    assert response.json()["updatedAt"] == DETAIL["updatedAt"]
    stored = await _load(resources, untitled.id)
    assert stored.title_edited_at == stored.summary_edited_at
    assert stored.title_edited_at is not None


@pytest.mark.parametrize("status", list(CallStatus))
async def test_call_is_edited_in_every_status(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, status: CallStatus
) -> None:
    reason = "audio_missing" if status is CallStatus.FAILED else None
    call = await factory.call(owner, status=status, error_reason=reason)

    response = await rest.patch(f"/api/calls/{call.id}", json={"notes": "Call back."})

    body = response.json()
    assert (response.status_code, body["status"], body["notes"]) == (200, status, "Call back.")


async def test_search_text_follows_at_once(rest: httpx.AsyncClient, resources: Resources, call: CallRecord) -> None:
    await rest.patch(PATH, json={"title": "Umbrella", "summary": "Penguins"})

    query = "SELECT id FROM call_records WHERE search_vector @@ 'umbrella & penguin & !thursday'::tsquery"
    async with resources.database.read() as session:
        found = (await session.scalars(text(query))).all()
    assert found == [CALL]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", ["body"]),
        (b"[]", ["body"]),
        (b'{"title": 1, "summary": [], "notes": false}', ["title", "summary", "notes"]),
        (
            b'{"title": "%s", "summary": "%s", "notes": "%s"}' % (b"x" * 301, b"x" * 2001, b"x" * 20_001),
            ["title", "summary", "notes"],
        ),
        (rb'{"title": "\u0000", "summary": "\ud800", "notes": "fine"}', ["title", "summary"]),
    ],
)
async def test_bad_bodies_change_nothing(
    rest: httpx.AsyncClient, call: CallRecord, body: bytes, fields: list[str]
) -> None:
    response = await rest.patch(PATH, content=body)

    assert response.status_code == 400
    assert [problem["field"] for problem in response.json()["error"]["details"]["fields"]] == fields
    assert (await rest.get(PATH)).json() == DETAIL


async def test_longest_texts_pass(rest: httpx.AsyncClient, call: CallRecord) -> None:
    sign = "\U0001f600"
    texts = {"title": sign * 300, "summary": sign * 2000, "notes": f" {sign * 20_000} "}

    body = (await rest.patch(PATH, json=texts)).json()

    assert (body["title"], body["shortSummary"], body["notes"]) == (sign * 300, sign * 2000, sign * 20_000)


async def test_body_is_json_of_at_most_a_mebibyte(rest: httpx.AsyncClient) -> None:
    other_type = await rest.patch(PATH, content=b"{}", headers={"content-type": "text/plain"})
    too_large = await rest.patch(PATH, content=b" " * 1_048_577)

    assert (other_type.status_code, too_large.status_code) == (415, 413)


async def test_bad_body_is_found_before_the_call_is_looked_for(rest: httpx.AsyncClient) -> None:
    assert (await rest.patch("/api/calls/nonsense", json={"title": 1})).status_code == 400


async def test_unknown_foreign_and_malformed_ids_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, bob: UUID
) -> None:
    foreign = await factory.call(bob, title="Theirs")

    answers = [
        await rest.patch(f"/api/calls/{id}", json=body)
        for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)
        for body in ({"title": "Mine"}, {})
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_FOUND)}
    assert (await _load(resources, foreign.id)).title == "Theirs"


async def test_edit_with_a_key_is_done_once(rest: httpx.AsyncClient, call: CallRecord) -> None:
    response = await send_with_key(rest, "PATCH", PATH, {"title": "Moved"}, other_body={"title": "Not moved"})

    assert (response.status_code, response.json()["title"]) == (200, "Moved")
    assert (await rest.get(PATH)).json() == response.json()
