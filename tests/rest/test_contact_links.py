"""Contacts of calls: `PATCH /api/calls/{id}/contact`, and what uploads do. Source: rest.md, sections 3.2 and 3.4."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord
from app.contacts.models import Contact
from app.resources import Resources
from tests.factories import Factory
from tests.forms import CONTENT_TYPE, WAV, encode, field, file

NOT_FOUND = b'{"error":{"code":"contact_not_found","message":"Contact not found","details":{}}}'
CALL_NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
CREATED = datetime(2026, 1, 20, 13, 2, 51, tzinfo=UTC)


async def _list_names(resources: Resources) -> list[str]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(col(Contact.name)))).all())


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


async def _upload(rest: httpx.AsyncClient, name: str, content: bytes = WAV, **headers: str) -> httpx.Response:
    parts = [field("metadata", orjson.dumps({"contactName": name, "phoneNumber": "+49 30 5550 4471"})), file(content)]
    return await rest.post(
        "/api/calls/analyze", content=encode(parts), headers={"content-type": CONTENT_TYPE, **headers}
    )


async def test_upload_makes_a_contact_which_later_ones_find(rest: httpx.AsyncClient, owner: UUID) -> None:
    uploads = [await _upload(rest, name) for name in (" Tobias Lind ", "\ttobias LIND", "Tobias Lind")]

    [contact] = (await rest.get("/api/contacts")).json()
    calls = [(await rest.get(upload.headers["location"])).json() for upload in uploads]
    assert (contact["name"], contact["phoneNumber"], contact["email"]) == ("Tobias Lind", "+49 30 5550 4471", None)
    assert [call["scryonContactId"] for call in calls] == [contact["id"]] * 3
    assert [call["contactName"] for call in calls] == ["Tobias Lind", "tobias LIND", "Tobias Lind"]


async def test_upload_links_the_oldest_of_twins(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    await factory.contact(owner)
    oldest = await factory.contact(owner, notes="Prefers afternoons.", created_at=CREATED, updated_at=CREATED)

    upload = await _upload(rest, "TOBIAS LIND")

    call = (await rest.get(upload.headers["location"])).json()
    assert call["scryonContactId"] == str(oldest.id)
    assert (await rest.get(f"/api/contacts/{oldest.id}")).json() == {
        "id": str(oldest.id),
        "name": "Tobias Lind",
        "phoneNumber": None,
        "email": None,
        "notes": "Prefers afternoons.",
        "createdAt": "2026-01-20T13:02:51Z",
        "updatedAt": "2026-01-20T13:02:51Z",
    }


async def test_parallel_uploads_of_a_new_name_make_one_contact(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID
) -> None:
    uploads = await asyncio.gather(*(_upload(rest, name) for name in ("Tobias Lind", "TOBIAS LIND") * 3))

    assert [upload.status_code for upload in uploads] == [202] * 6
    assert len(await _list_names(resources)) == 1
    assert len(set(await _list_links(resources))) == 1


async def test_rejected_upload_makes_no_contact(
    rest: httpx.AsyncClient, resources: Resources, break_store: Callable[[], None]
) -> None:
    rejected = [await _upload(rest, "Tobias Lind", b"no recording"), await _upload(rest, "x" * 201)]
    break_store()
    rejected.append(await _upload(rest, "Tobias Lind"))

    assert [answer.status_code for answer in rejected] == [415, 400, 503]
    assert await _list_names(resources) == []


async def test_repeated_upload_links_nothing_anew(rest: httpx.AsyncClient, resources: Resources) -> None:
    upload = await _upload(rest, "Tobias Lind", **{"idempotency-key": "k"})
    await rest.patch(f"{upload.headers['location']}/contact", json={"contactId": None})

    again = await _upload(rest, "Tobias Lind", **{"idempotency-key": "k"})

    assert (again.status_code, again.content) == (202, upload.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert await _list_names(resources) == ["Tobias Lind"]
    assert await _list_links(resources) == [None]
