"""`PATCH /api/calls/{id}/contact`. Source: rest.md, section 3.2."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord
from app.resources import Resources
from tests.factories import Factory

NOT_FOUND = b'{"error":{"code":"contact_not_found","message":"Contact not found","details":{}}}'
CALL_NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
CREATED = datetime(2026, 1, 20, 13, 2, 51, tzinfo=UTC)


async def _list_links(resources: Resources) -> list[UUID | None]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(col(CallRecord.scryon_contact_id)))).all())


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    assert response.json()["error"]["code"] == "validation_failed"
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_call_is_linked_and_unlinked(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    contact = await factory.contact(owner)
    call = await factory.call(
        owner,
        title="Thursday, moved",
        contact_name="As uploaded",
        contact_id="contacts:118",
        notes="Prefers afternoons.",
        recorded_at=CREATED,
        created_at=CREATED,
        updated_at=CREATED,
    )
    path = f"/api/calls/{call.id}/contact"

    linked = await rest.patch(path, json={"contactId": str(contact.id).upper(), "title": "ignored"})
    unlinked = await rest.patch(path, json={"contactId": None})

    common = {
        "callId": str(call.id),
        "id": str(call.id),
        "title": "Thursday, moved",
        "status": "COMPLETED",
        "direction": "UNKNOWN",
        "contactName": "As uploaded",
        "contactId": "contacts:118",
        "recordedAt": "2026-01-20T13:02:51Z",
        "createdAt": "2026-01-20T13:02:51Z",
        "notes": "Prefers afternoons.",
        "tags": [],
        "errorReason": None,
        "errorMessage": None,
    }
    first, second = linked.json(), unlinked.json()
    assert (linked.status_code, unlinked.status_code) == (200, 200)
    assert first == {**common, "scryonContactId": str(contact.id), "updatedAt": first["updatedAt"]}
    assert second == {**common, "updatedAt": second["updatedAt"]}
    assert min(first["updatedAt"], second["updatedAt"]) > "2026-01-20T13:02:51Z"
    assert (await rest.get(f"/api/calls/{call.id}")).json() == second


async def test_present_link_changes_nothing(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    contact = await factory.contact(owner)
    linked = await factory.call(owner, scryon_contact_id=contact.id, updated_at=CREATED)
    unlinked = await factory.call(owner, updated_at=CREATED)

    answers = [
        await rest.patch(f"/api/calls/{linked.id}/contact", json={"contactId": str(contact.id)}),
        await rest.patch(f"/api/calls/{unlinked.id}/contact", json={"contactId": None}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["updatedAt"] for answer in answers] == ["2026-01-20T13:02:51Z"] * 2


@pytest.mark.parametrize(
    ("body", "field_name"),
    [
        (b"", "body"),
        (b"null", "body"),
        (b"{}", "contactId"),
        (b'{"contactId": ""}', "contactId"),
        (b'{"contactId": "nonsense"}', "contactId"),
        (b'{"contactId": 5}', "contactId"),
        (b'{"contactid": null}', "contactId"),
    ],
)
async def test_bad_links_change_nothing(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID, body: bytes, field_name: str
) -> None:
    contact = await factory.contact(owner)
    call = await factory.call(owner, scryon_contact_id=contact.id)

    answers = [await rest.patch(f"/api/calls/{id}/contact", content=body) for id in (call.id, uuid4(), "nonsense")]

    assert [_fields(answer) for answer in answers] == [[field_name]] * 3
    assert await _list_links(resources) == [contact.id]


async def test_call_is_looked_for_before_the_contact(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID
) -> None:
    call, foreign_call = await factory.call(owner), await factory.call(bob)
    foreign_contact = await factory.contact(bob)
    contact_ids = (str(foreign_contact.id), str(uuid4()))

    async def answers(*call_ids: object) -> set[tuple[int, bytes]]:
        found = [
            await rest.patch(f"/api/calls/{call_id}/contact", json={"contactId": contact_id})
            for call_id in call_ids
            for contact_id in contact_ids
        ]
        return {(answer.status_code, answer.content) for answer in found}

    assert await answers(uuid4(), foreign_call.id, "nonsense") == {(404, CALL_NOT_FOUND)}
    assert await answers(call.id) == {(404, NOT_FOUND)}
