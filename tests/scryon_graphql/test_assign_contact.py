"""`assignContact`. Source: rest.md, section 3.2."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.calls.models import CallRecord
from app.resources import Resources
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

ASSIGN = """
mutation AssignContact($id: ID!, $contactId: ID) {
  assignContact(id: $id, contactId: $contactId) {
    id contactName contactId scryonContactId notes createdAt updatedAt contact { id name }
  }
}
"""
NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)
CALL_NOT_FOUND = {"code": "call_not_found", "status": 404, "details": {}}
CONTACT_NOT_FOUND = {"code": "contact_not_found", "status": 404, "details": {}}


async def load_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        call = await session.get(CallRecord, call_id)
    assert call is not None
    return call


async def test_call_is_linked_linked_anew_and_unlinked(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    first, second = await factory.contact(alice), await factory.contact(alice, name="Yara Haddad")
    call = await factory.call(
        alice, contact_name="As uploaded", contact_id="contacts:118", notes="Mine.", created_at=NOON, updated_at=NOON
    )
    shown: list[dict[str, Any]] = []
    moved: list[datetime] = [NOON]

    for contact_id in (str(first.id), str(second.id).upper(), None):
        shown.append((await client.get(ASSIGN, id=str(call.id), contactId=contact_id))["assignContact"])
        moved.append((await load_call(resources, call.id)).updated_at)

    common = {
        "id": str(call.id),
        "contactName": "As uploaded",
        "contactId": "contacts:118",
        "notes": "Mine.",
        "createdAt": "2026-02-09T12:00:00Z",
    }
    assert [{**answer, "updatedAt": None} for answer in shown] == [
        {**common, "updatedAt": None, "scryonContactId": str(contact.id) if contact else None, "contact": named}
        for contact, named in (
            (first, {"id": str(first.id), "name": "Tobias Lind"}),
            (second, {"id": str(second.id), "name": "Yara Haddad"}),
            (None, None),
        )
    ]
    assert moved == sorted(set(moved))


async def test_present_link_changes_nothing(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    contact = await factory.contact(alice)
    linked = await factory.call(alice, scryon_contact_id=contact.id, updated_at=NOON)
    unlinked = await factory.call(alice, updated_at=NOON)

    await client.get(ASSIGN, id=str(linked.id), contactId=str(contact.id))
    await client.get(ASSIGN, id=str(unlinked.id), contactId=None)

    assert (await load_call(resources, linked.id)).updated_at == NOON
    assert (await load_call(resources, unlinked.id)).updated_at == NOON


async def test_items_show_the_present_contact_of_their_call(client: Client, factory: Factory, alice: UUID) -> None:
    old, new = await factory.contact(alice), await factory.contact(alice)
    call = await factory.call(alice, scryon_contact_id=old.id)
    await factory.action_item(call, contact_id=old.id)

    await client.get(ASSIGN, id=str(call.id), contactId=str(new.id))

    data = await client.get("{ actionItems { nodes { contactId } } }")
    assert data["actionItems"]["nodes"] == [{"contactId": str(new.id)}]


async def test_call_is_looked_for_before_the_contact(client: Client, factory: Factory, alice: UUID, bob: UUID) -> None:
    call, foreign_call = await factory.call(alice), await factory.call(bob)
    contact, foreign_contact = await factory.contact(alice), await factory.contact(bob)

    for call_id in (str(uuid4()), "nonsense", str(foreign_call.id)):
        for contact_id in (str(contact.id), str(foreign_contact.id), str(uuid4()), None):
            assert await client.refused(ASSIGN, id=call_id, contactId=contact_id) == CALL_NOT_FOUND
    for contact_id in (str(foreign_contact.id), str(uuid4())):
        assert await client.refused(ASSIGN, id=str(call.id), contactId=contact_id) == CONTACT_NOT_FOUND


async def test_refused_link_changes_nothing(
    client: Client, stranger: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    contact, foreign = await factory.contact(alice), await factory.contact(bob)
    call = await factory.call(alice, scryon_contact_id=contact.id, updated_at=NOON)

    await client.refused(ASSIGN, id=str(call.id), contactId=str(foreign.id))
    await stranger.refused(ASSIGN, id=str(call.id), contactId=str(foreign.id))
    await stranger.refused(ASSIGN, id=str(call.id), contactId=None)

    stored = await load_call(resources, call.id)
    assert (stored.scryon_contact_id, stored.updated_at) == (contact.id, NOON)


@pytest.mark.parametrize(
    ("variables", "message"),
    [({}, "is required"), ({"contactId": "nonsense"}, "must be a UUID"), ({"contactId": ""}, "must be a UUID")],
)
async def test_link_must_be_said(
    client: Client, factory: Factory, resources: Resources, alice: UUID, variables: dict[str, Any], message: str
) -> None:
    contact = await factory.contact(alice)
    call = await factory.call(alice, scryon_contact_id=contact.id)

    for call_id in (str(call.id), "nonsense"):
        assert await client.refused(ASSIGN, id=call_id, **variables) == {
            "code": "validation_failed",
            "status": 400,
            "details": {"fields": [{"field": "contactId", "message": message}]},
        }

    assert (await load_call(resources, call.id)).scryon_contact_id == contact.id


async def test_link_costs_as_many_statements_with_notes_and_items_as_without(
    client: Client, factory: Factory, alice: UUID, statements: Counter
) -> None:
    contact = await factory.contact(alice)
    bare, full = await factory.call(alice), await factory.call(alice, notes="Mine.")
    for _ in range(5):
        await factory.action_item(full)

    async with statements() as for_bare:
        await client.get(ASSIGN, id=str(bare.id), contactId=str(contact.id))
    async with statements() as for_full:
        await client.get(ASSIGN, id=str(full.id), contactId=str(contact.id))

    # Call, contact, link, call again, and the contact as a field of the answer.
    assert (len(for_bare), len(for_full)) == (5, 5)
