"""`contacts`, `contact`, `createContact`, `replaceContact` and `deleteContact`.

Source: rest.md, section 3.4.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.contacts.models import Contact
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

FIELDS = "id name phoneNumber email notes createdAt updatedAt"
LIST = f"{{ contacts {{ {FIELDS} }} }}"
GET = f"query GetContact($id: ID!) {{ contact(id: $id) {{ {FIELDS} }} }}"
CREATE = f"mutation CreateContact($input: ContactInput!) {{ createContact(input: $input) {{ {FIELDS} }} }}"
REPLACE = f"""
mutation ReplaceContact($id: ID!, $input: ContactInput!) {{ replaceContact(id: $id, input: $input) {{ {FIELDS} }} }}
"""
DELETE = "mutation DeleteContact($id: ID!) { deleteContact(id: $id) }"
NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)
FULL = {
    "name": "Petra Vogt",
    "phoneNumber": "+43 1 5550 662",
    "email": "petra@vogt-prints.example",
    "notes": "Orders flyers in March.",
}
CONTACT_NOT_FOUND = {"code": "contact_not_found", "status": 404, "details": {}}


async def make_full_contact(factory: Factory, owner: UUID) -> Contact:
    return await factory.contact(
        owner,
        name="Petra Vogt",
        phone_number="+43 1 5550 662",
        email="petra@vogt-prints.example",
        notes="Orders flyers in March.",
        created_at=NOON,
        updated_at=NOON,
    )


async def load_contacts(resources: Resources) -> list[Contact]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(Contact))).all())


async def load_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        call = await session.get(CallRecord, call_id)
    assert call is not None
    return call


def refused_fields(refused: dict[str, Any]) -> list[str]:
    assert (refused["code"], refused["status"]) == ("validation_failed", 400)
    return [problem["field"] for problem in refused["details"]["fields"]]


async def test_list_is_sorted_by_name_whatever_its_case(
    client: Client, factory: Factory, alice: UUID, bob: UUID
) -> None:
    for name in ("yara haddad", "Änne Ström", "BERT", "anna", "änne ström", "Yara Haddad"):
        await factory.contact(alice, name=name)
    await factory.contact(bob, name="Aaron")

    listed = (await client.get(LIST))["contacts"]

    names = [contact["name"].lower() for contact in listed]
    assert names == ["anna", "bert", "yara haddad", "yara haddad", "änne ström", "änne ström"]
    assert listed == sorted(listed, key=lambda contact: (contact["name"].lower(), contact["id"]))


async def test_list_is_empty_at_first(client: Client) -> None:
    assert await client.get(LIST) == {"contacts": []}


async def test_list_ends_at_its_maximum(client: Client, resources: Resources, alice: UUID) -> None:
    async with resources.database.transaction() as session:
        session.add_all(Contact(user_id=alice, name=f"{number:04d}") for number in range(5001))

    listed = (await client.get("{ contacts { name } }"))["contacts"]

    assert (len(listed), listed[0], listed[-1]) == (5000, {"name": "0000"}, {"name": "4999"})


async def test_list_costs_one_statement_however_long(
    client: Client, factory: Factory, alice: UUID, statements: Counter
) -> None:
    await factory.contact(alice)
    async with statements() as for_one:
        await client.get(LIST)
    for _ in range(49):
        await factory.contact(alice)

    async with statements() as for_fifty:
        await client.get(LIST)

    assert (len(for_one), len(for_fifty)) == (1, 1)


async def test_contact_shows_every_field(client: Client, factory: Factory, alice: UUID) -> None:
    contact = await make_full_contact(factory, alice)

    data = await client.get(GET, id=str(contact.id).upper())

    times = {"createdAt": "2026-02-09T12:00:00Z", "updatedAt": "2026-02-09T12:00:00Z"}
    assert data["contact"] == {"id": str(contact.id), **FULL, **times}
    assert (await client.get(LIST))["contacts"] == [data["contact"]]


async def test_created_contact_is_stored_trimmed(client: Client, resources: Resources, alice: UUID) -> None:
    padded = {name: f" {text}\n" for name, text in FULL.items()}

    created = (await client.get(CREATE, input=padded))["createContact"]

    [stored] = await load_contacts(resources)
    assert created.items() >= FULL.items()
    assert (created["id"], created["createdAt"]) == (str(stored.id), created["updatedAt"])
    assert (stored.user_id, stored.name, stored.notes) == (alice, "Petra Vogt", "Orders flyers in March.")
    assert stored.created_at == stored.updated_at


@pytest.mark.parametrize("blank", [{}, {"phoneNumber": None, "email": None}, {"phoneNumber": " ", "notes": ""}])
async def test_contact_needs_no_more_than_a_name(client: Client, blank: dict[str, Any]) -> None:
    created = (await client.get(CREATE, input={"name": "P", **blank}))["createContact"]

    assert (created["name"], created["phoneNumber"], created["email"], created["notes"]) == ("P", None, None, None)


async def test_same_name_twice_makes_two_contacts(client: Client, resources: Resources) -> None:
    await client.get(CREATE, input={"name": "P"})
    await client.get(CREATE, input={"name": "P"})

    assert [contact.name for contact in await load_contacts(resources)] == ["P", "P"]


async def test_bad_contact_is_refused_with_all_problems(client: Client, resources: Resources) -> None:
    bad = {"name": " ", "phoneNumber": "1" * 65, "email": "x@", "notes": "a\x00b"}

    refused = await client.refused(CREATE, input=bad)

    assert refused_fields(refused) == ["input.name", "input.phoneNumber", "input.email", "input.notes"]
    assert await load_contacts(resources) == []


async def test_replacing_clears_what_is_left_out(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact = await make_full_contact(factory, alice)

    replaced = (await client.get(REPLACE, id=str(contact.id), input={"name": " P ", "email": None}))["replaceContact"]

    [stored] = await load_contacts(resources)
    assert replaced == {
        "id": str(contact.id),
        "name": "P",
        "phoneNumber": None,
        "email": None,
        "notes": None,
        "createdAt": "2026-02-09T12:00:00Z",
        "updatedAt": replaced["updatedAt"],
    }
    assert (stored.name, stored.phone_number, stored.email, stored.notes) == ("P", None, None, None)
    assert (stored.created_at, stored.updated_at > NOON) == (NOON, True)


@pytest.mark.parametrize("change", [{"name": "PETRA Vogt"}, {"phoneNumber": "1"}, {"email": "a@b"}, {"notes": None}])
async def test_each_member_counts_as_a_change(
    client: Client, factory: Factory, resources: Resources, alice: UUID, change: dict[str, Any]
) -> None:
    contact = await make_full_contact(factory, alice)

    replaced = (await client.get(REPLACE, id=str(contact.id), input={**FULL, **change}))["replaceContact"]

    [stored] = await load_contacts(resources)
    assert replaced.items() >= {**FULL, **change}.items()
    assert stored.updated_at > NOON


async def test_same_values_change_nothing(client: Client, factory: Factory, resources: Resources, alice: UUID) -> None:
    full = await make_full_contact(factory, alice)
    bare = await factory.contact(alice, name="P", created_at=NOON, updated_at=NOON)

    await client.get(REPLACE, id=str(full.id), input={name: f" {text} " for name, text in FULL.items()})
    await client.get(REPLACE, id=str(bare.id), input={"name": "P", "notes": " "})

    assert [contact.updated_at for contact in await load_contacts(resources)] == [NOON, NOON]


async def test_bad_replacement_changes_nothing_and_comes_before_the_contact(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact = await make_full_contact(factory, alice)

    for contact_id in (str(contact.id), str(uuid4()), "nonsense"):
        refused = await client.refused(REPLACE, id=contact_id, input={"name": "x" * 201, "email": "x"})
        assert refused_fields(refused) == ["input.name", "input.email"]

    assert [stored.name for stored in await load_contacts(resources)] == ["Petra Vogt"]


async def test_deleted_contact_leaves_its_calls_and_items(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact, other = await factory.contact(alice), await factory.contact(alice)
    times = {"created_at": NOON, "updated_at": NOON}
    call = await factory.call(alice, scryon_contact_id=contact.id, contact_name="Tobias Lind", **times)
    item = await factory.action_item(call, contact_id=contact.id, **times)
    neighbour = await factory.call(alice, scryon_contact_id=other.id, **times)
    kept = await factory.action_item(neighbour, contact_id=other.id, **times)

    data = await client.get(DELETE, id=str(contact.id))

    assert data == {"deleteContact": str(contact.id)}
    assert [stored.id for stored in await load_contacts(resources)] == [other.id]
    unlinked, untouched = await load_call(resources, call.id), await load_call(resources, neighbour.id)
    assert (unlinked.scryon_contact_id, unlinked.contact_name, unlinked.updated_at > NOON) == (
        None,
        "Tobias Lind",
        True,
    )
    assert (untouched.scryon_contact_id, untouched.updated_at) == (other.id, NOON)
    async with resources.database.read() as session:
        items = {stored.id: stored for stored in await session.scalars(select(ActionItem))}
    assert (items[item.id].contact_id, items[kept.id].contact_id) == (None, other.id)


async def test_deletion_drops_the_answers_that_name_the_contact(
    client: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    contact, other = await factory.contact(alice), await factory.contact(alice)
    async with resources.database.transaction() as session:
        for owner, resource in ((alice, contact.id), (alice, other.id), (bob, contact.id)):
            session.add(
                IdempotencyRecord(
                    user_id=owner,
                    method="POST",
                    path_digest=str(resource),
                    key="k",
                    request_hash="h",
                    owner_token=uuid4(),
                    alive_at=NOON,
                    resource_id=resource,
                )
            )

    await client.get(DELETE, id=str(contact.id))

    async with resources.database.read() as session:
        left = {(record.user_id, record.resource_id) for record in await session.scalars(select(IdempotencyRecord))}
    assert left == {(alice, other.id), (bob, contact.id)}


async def test_deletion_costs_as_many_statements_for_many_calls_as_for_none(
    client: Client, factory: Factory, alice: UUID, statements: Counter
) -> None:
    lonely, linked = await factory.contact(alice), await factory.contact(alice)
    for _ in range(20):
        await factory.call(alice, scryon_contact_id=linked.id)

    async with statements() as for_none:
        await client.get(DELETE, id=str(lonely.id))
    async with statements() as for_many:
        await client.get(DELETE, id=str(linked.id))

    assert (len(for_none), len(for_many)) == (6, 6)


async def test_missing_malformed_and_foreign_contacts_look_the_same(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact = await make_full_contact(factory, alice)

    for contact_id in (str(uuid4()), "nonsense", contact.id.hex, str(contact.id)):
        assert await stranger.refused(GET, id=contact_id) == CONTACT_NOT_FOUND
        assert await stranger.refused(REPLACE, id=contact_id, input={"name": "P"}) == CONTACT_NOT_FOUND
        assert await stranger.refused(DELETE, id=contact_id) == CONTACT_NOT_FOUND
    assert await stranger.get(LIST) == {"contacts": []}
    assert [(stored.name, stored.updated_at) for stored in await load_contacts(resources)] == [("Petra Vogt", NOON)]


async def test_refused_deletion_leaves_links_alone(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact = await factory.contact(alice)
    call = await factory.call(alice, scryon_contact_id=contact.id)

    await stranger.refused(DELETE, id=str(contact.id))

    assert (await load_call(resources, call.id)).scryon_contact_id == contact.id
