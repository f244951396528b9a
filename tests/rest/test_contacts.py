"""`/api/contacts`, and the keys of all that changes contacts and links. Whole bodies are written from rest.md, 3.4."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select, text
from sqlmodel import col

from app.contacts.models import Contact
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from tests.factories import Factory

NOT_FOUND = b'{"error":{"code":"contact_not_found","message":"Contact not found","details":{}}}'
CALL_NOT_FOUND = b'{"error":{"code":"call_not_found","message":"Call not found","details":{}}}'
CREATED = datetime(2026, 1, 20, 13, 2, 51, tzinfo=UTC)
CHANGED = datetime(2026, 1, 22, 8, 15, 0, 400_000, tzinfo=UTC)
PETRA = {
    "name": "Petra Vogt",
    "phoneNumber": None,
    "email": "petra@vogt-prints.example",
    "notes": "Orders flyers in March.",
}


async def _make_full_contact(factory: Factory, owner: UUID) -> Contact:
    return await factory.contact(
        owner,
        name="Tobias Lind",
        phone_number="+49 30 5550 4471",
        email="tobias@lind.example",
        notes="Prefers afternoons.",
        created_at=CREATED,
        updated_at=CHANGED,
    )


def _full_body(contact: Contact) -> dict[str, Any]:
    return {
        "id": str(contact.id),
        "name": "Tobias Lind",
        "phoneNumber": "+49 30 5550 4471",
        "email": "tobias@lind.example",
        "notes": "Prefers afternoons.",
        "createdAt": "2026-01-20T13:02:51Z",
        "updatedAt": "2026-01-22T08:15:00.400Z",
    }


async def _list_names(resources: Resources) -> list[str]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(col(Contact.name)))).all())


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    assert response.json()["error"]["code"] == "validation_failed"
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_list_shows_full_and_empty_contacts(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID
) -> None:
    empty = await factory.contact(owner, name="yara haddad", created_at=CREATED, updated_at=CREATED)
    full = await _make_full_contact(factory, owner)
    await factory.contact(bob)

    response = await rest.get("/api/contacts?page=7")

    assert response.status_code == 200
    assert response.json() == [
        _full_body(full),
        {
            "id": str(empty.id),
            "name": "yara haddad",
            "phoneNumber": None,
            "email": None,
            "notes": None,
            "createdAt": "2026-01-20T13:02:51Z",
            "updatedAt": "2026-01-20T13:02:51Z",
        },
    ]


async def test_list_is_empty_at_first(rest: httpx.AsyncClient) -> None:
    assert (await rest.get("/api/contacts")).content == b"[]"


async def test_contact_is_shown(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    contact = await _make_full_contact(factory, owner)

    response = await rest.get(f"/api/contacts/{str(contact.id).upper()}")

    assert (response.status_code, response.json()) == (200, _full_body(contact))


async def test_contact_is_created(rest: httpx.AsyncClient, owner: UUID) -> None:
    response = await rest.post("/api/contacts", json={**PETRA, "id": str(uuid4()), "updatedAt": "never"})

    body = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/contacts/{body['id']}"
    assert list(body) == ["id", "name", "phoneNumber", "email", "notes", "createdAt", "updatedAt"]
    assert body == {**PETRA, "id": body["id"], "createdAt": body["createdAt"], "updatedAt": body["createdAt"]}
    assert (await rest.get(response.headers["location"])).json() == body


async def test_contact_of_a_name_alone_shows_nulls(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/api/contacts", json={"name": " P\u00a0", "phoneNumber": "", "notes": "\n"})

    body = response.json()
    assert response.status_code == 201
    assert [body[name] for name in ("name", "phoneNumber", "email", "notes")] == ["P", None, None, None]


async def test_contact_is_replaced(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    contact = await _make_full_contact(factory, owner)
    path = f"/api/contacts/{contact.id}"

    response = await rest.put(path, json={"name": "Tobias Amsel", "phoneNumber": " +43 1 5550 662 ", "notes": None})

    body = response.json()
    assert response.status_code == 200
    assert body == {
        "id": str(contact.id),
        "name": "Tobias Amsel",
        "phoneNumber": "+43 1 5550 662",
        "email": None,
        "notes": None,
        "createdAt": "2026-01-20T13:02:51Z",
        "updatedAt": body["updatedAt"],
    }
    assert body["updatedAt"] > "2026-01-22T08:15:00.400Z"
    assert (await rest.get(path)).json() == body


async def test_same_replacement_changes_nothing(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> None:
    contact = await _make_full_contact(factory, owner)

    response = await rest.put(f"/api/contacts/{contact.id}", json=_full_body(contact))

    assert (response.status_code, response.json()) == (200, _full_body(contact))


async def test_contact_is_deleted(rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID) -> None:
    contact = await _make_full_contact(factory, owner)
    call = await factory.call(owner, scryon_contact_id=contact.id, updated_at=CREATED)
    await factory.action_item(call, contact_id=contact.id)
    path = f"/api/contacts/{contact.id}"

    response = await rest.request("DELETE", path, content=b"{ignored", headers={"content-type": "x/y"})

    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    for again in (await rest.delete(path), await rest.get(path)):
        assert (again.status_code, again.content) == (404, NOT_FOUND)
    shown = (await rest.get(f"/api/calls/{call.id}")).json()
    assert "scryonContactId" not in shown
    assert shown["updatedAt"] > "2026-01-20T13:02:51Z"
    assert [item["contactId"] for item in (await rest.get("/api/actions")).json()] == [None]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", ["body"]),
        (b"[]", ["body"]),
        (b"{", ["body"]),
        (b'{"name": "a", "name": "b"}', ["body"]),
        (b"{}", ["name"]),
        (b'{"name": null}', ["name"]),
        (b'{"name": " "}', ["name"]),
        (b'{"name": 5}', ["name"]),
        (b'{"name": "a\\u0000b"}', ["name"]),
        (b'{"name": "\\ud800"}', ["name"]),
        (orjson.dumps({"name": "x" * 201}), ["name"]),
        (orjson.dumps({"name": "P", "phoneNumber": "1" * 65}), ["phoneNumber"]),
        (orjson.dumps({"name": "P", "email": "x" * 319 + "@y"}), ["email"]),
        (orjson.dumps({"name": "P", "notes": "x" * 20_001}), ["notes"]),
        (orjson.dumps({"name": "P", "email": "nobody"}), ["email"]),
        (orjson.dumps({"name": "P", "email": "x@y@z"}), ["email"]),
        (orjson.dumps({"name": 5, "phoneNumber": [], "email": "@y", "notes": True}),
         ["name", "phoneNumber", "email", "notes"]),
    ],
)  # fmt: skip
async def test_bad_contacts_are_refused_with_all_problems(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID, body: bytes, fields: list[str]
) -> None:
    contact = await _make_full_contact(factory, owner)

    created = await rest.post("/api/contacts", content=body)
    replaced = await rest.put(f"/api/contacts/{contact.id}", content=body)
    nowhere = await rest.put("/api/contacts/nonsense", content=body)

    assert [_fields(answer) for answer in (created, replaced, nowhere)] == [fields] * 3
    assert (await rest.get("/api/contacts")).json() == [_full_body(contact)]


async def test_texts_of_exactly_the_limit_pass(rest: httpx.AsyncClient) -> None:
    longest = {"name": "🎧" * 200, "phoneNumber": "1" * 64, "email": "x" * 318 + "@y", "notes": "🎧" * 20_000}

    response = await rest.post("/api/contacts", json=longest)

    assert response.status_code == 201
    assert response.json().items() >= longest.items()


async def test_other_content_types_are_refused(rest: httpx.AsyncClient, resources: Resources) -> None:
    response = await rest.post("/api/contacts", content=b'{"name":"P"}', headers={"content-type": "text/plain"})

    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media_type")
    assert await _list_names(resources) == []


async def test_unknown_foreign_and_malformed_contacts_look_the_same(
    rest: httpx.AsyncClient, factory: Factory, resources: Resources, owner: UUID, bob: UUID
) -> None:
    foreign = await _make_full_contact(factory, bob)
    paths = [f"/api/contacts/{id}" for id in (str(uuid4()), str(foreign.id), "nonsense", foreign.id.hex)]

    answers = [await rest.get(path) for path in paths]
    answers += [await rest.put(path, json=PETRA) for path in paths]
    answers += [await rest.delete(path) for path in paths]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_FOUND)}
    assert await _list_names(resources) == ["Tobias Lind"]


Send = Callable[..., Awaitable[httpx.Response]]

CHANGES = {
    "create": ("POST", "/api/contacts", PETRA, 201),
    "replace": ("PUT", "/api/contacts/{contact}", PETRA, 200),
    "delete": ("DELETE", "/api/contacts/{contact}", None, 204),
    "assign": ("PATCH", "/api/calls/{call}/contact", {"contactId": None}, 200),
}
CHANGES_OF_A_CONTACT = ("replace", "delete")


@pytest.fixture
async def send(rest: httpx.AsyncClient, factory: Factory, owner: UUID) -> Send:
    """Sends one of the changes, under the key `k`, to a contact and a call that is linked to it."""
    contact = await _make_full_contact(factory, owner)
    call = await factory.call(owner, scryon_contact_id=contact.id)

    async def send(name: str, *, query: str = "", user: str = "local-dev", **others: Any) -> httpx.Response:
        method, path, body, _ = CHANGES[name]
        return await rest.request(
            method,
            path.format(contact=contact.id, call=call.id) + query,
            json=body if body is None else {**body, **others},
            headers={"Idempotency-Key": "k", "X-Local-User-Id": user},
        )

    return send


@pytest.mark.parametrize("name", CHANGES)
async def test_repeated_request_is_answered_alike_and_done_once(send: Send, rest: httpx.AsyncClient, name: str) -> None:
    first = await send(name)
    contacts, calls = (await rest.get("/api/contacts")).content, (await rest.get("/api/calls")).content

    second = await send(name)

    assert (first.status_code, second.status_code) == (CHANGES[name][3],) * 2
    assert (second.content, second.headers.get("location")) == (first.content, first.headers.get("location"))
    assert ("idempotency-replayed" in first.headers, second.headers.get("idempotency-replayed")) == (False, "true")
    assert (await rest.get("/api/contacts")).content == contacts
    assert (await rest.get("/api/calls")).content == calls


@pytest.mark.parametrize("name", CHANGES)
async def test_requests_at_the_same_time_are_done_once(send: Send, resources: Resources, name: str) -> None:
    answers = await asyncio.gather(*(send(name) for _ in range(3)))

    assert {(answer.status_code, answer.content) for answer in answers} == {(CHANGES[name][3], answers[0].content)}
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == ["", "true", "true"]
    assert len(await _list_names(resources)) == {"create": 2, "delete": 0}.get(name, 1)


@pytest.mark.parametrize("name", CHANGES)
async def test_other_request_under_the_same_key_is_refused(send: Send, rest: httpx.AsyncClient, name: str) -> None:
    await send(name)
    before = (await rest.get("/api/contacts")).content

    others = [await send(name, query="?x=1")]
    if name != "delete":
        others.append(await send(name, more=1))

    for answer in others:
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_conflict")
    assert (await rest.get("/api/contacts")).content == before


@pytest.mark.parametrize("name", CHANGES)
async def test_key_of_somebody_else_is_free(send: Send, name: str) -> None:
    first = await send(name)

    second = await send(name, user="bob")

    assert "idempotency-replayed" not in second.headers
    if name == "create":
        assert second.status_code == 201
        assert second.json()["id"] != first.json()["id"]
    else:
        expected = NOT_FOUND if name in CHANGES_OF_A_CONTACT else CALL_NOT_FOUND
        assert (second.status_code, second.content) == (404, expected)


async def test_bad_requests_are_not_kept_but_missing_contacts_are(
    rest: httpx.AsyncClient, factory: Factory, owner: UUID
) -> None:
    headers = {"idempotency-key": "k"}
    bad = [await rest.post("/api/contacts", json={"name": name}, headers=headers) for name in ("", "Petra")]
    missing = [await rest.delete(f"/api/contacts/{owner}", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in bad] == [400, 201]
    assert [(answer.status_code, answer.content) for answer in missing] == [(404, NOT_FOUND)] * 2
    assert [answer.headers.get("idempotency-replayed") for answer in missing] == [None, "true"]


async def test_answer_goes_with_its_contact_and_the_deletion_is_remembered(
    rest: httpx.AsyncClient, resources: Resources
) -> None:
    headers = {"idempotency-key": "k"}
    first = await rest.post("/api/contacts", json=PETRA, headers=headers)
    path = first.headers["location"]
    await rest.put(path, json=PETRA, headers=headers)

    deletions = [await rest.delete(path, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in deletions] == [204, 204]
    assert deletions[1].headers["idempotency-replayed"] == "true"
    async with resources.database.read() as session:
        assert (await session.scalars(select(col(IdempotencyRecord.method)))).all() == ["DELETE"]
    anew = await rest.post("/api/contacts", json=PETRA, headers=headers)
    assert (anew.status_code, anew.json()["id"] != first.json()["id"]) == (201, True)


async def test_attempt_that_takes_over_does_not_run_the_change_again(
    rest: httpx.AsyncClient, resources: Resources
) -> None:
    first = await rest.post("/api/contacts", json=PETRA, headers={"idempotency-key": "k"})
    async with resources.database.transaction() as session:
        # As if the process had died between its commit and its answer.
        await session.execute(
            text("UPDATE idempotency_records SET state = 'IN_PROGRESS', alive_at = now() - interval '61 seconds'")
        )

    second = await rest.post("/api/contacts", json=PETRA, headers={"idempotency-key": "k"})

    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert await _list_names(resources) == ["Petra Vogt"]
