"""Contacts of uploads, and changes of contacts and links at the same time. Source: rest.md, section 3.4, AC1 to AC6."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.calls.models import CallRecord
from app.calls.service import assign_contact, create_call
from app.contacts.fields import ContactFields
from app.contacts.models import Contact
from app.contacts.service import create_contact, delete_contact, find_or_create_contact
from app.errors import ContactNotFoundError, ServiceUnavailableError
from app.resources import Resources
from app.settings import load_settings
from app.storage.keys import audio_key
from app.uploads.metadata import CallMetadata
from app.uploads.stored import StoredUpload
from tests.factories import Factory

NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)

Change = Callable[[AsyncSession], Coroutine[Any, Any, Any]]


async def in_transaction(resources: Resources, change: Change) -> Any:
    async with resources.database.transaction() as session:
        return await change(session)


async def during(resources: Resources, first: Change, second: Change) -> Any:
    """Begin `second` after `first` and before its commit, for which it has to wait; the outcome of `second`."""
    async with resources.database.transaction() as session:
        await first(session)
        waiting = asyncio.create_task(in_transaction(resources, second))
        async with asyncio.timeout(10):
            while not await count_waiting(resources):
                assert not waiting.done()
                await asyncio.sleep(0.01)
    return await waiting


async def count_waiting(resources: Resources) -> int:
    async with resources.database.read() as session:
        statement = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return (await session.execute(statement)).scalar_one()


async def list_contacts(resources: Resources) -> list[Contact]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(Contact))).all())


async def load_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        call = await session.get(CallRecord, call_id)
    assert call is not None
    return call


def upload_of(owner: UUID) -> StoredUpload:
    call_id = uuid4()
    return StoredUpload(call_id, audio_key(owner, call_id, "wav"), "audio/wav", 12, None, "0" * 64)


def uploading(owner: UUID, name: str | None, phone_number: str | None = None) -> Change:
    metadata = CallMetadata(contact_name=name, phone_number=phone_number)
    return lambda session: create_call(
        session, load_settings(), user_id=owner, upload=upload_of(owner), metadata=metadata
    )


async def test_upload_without_name_has_no_contact(resources: Resources, alice: UUID) -> None:
    call = await in_transaction(resources, uploading(alice, None, "+49 30 5550 4471"))

    assert (await load_call(resources, call.id)).scryon_contact_id is None
    assert await list_contacts(resources) == []


@pytest.mark.parametrize("phone_number", ["+49 30 5550 4471", None])
async def test_new_name_makes_a_contact(resources: Resources, alice: UUID, phone_number: str | None) -> None:
    call = await in_transaction(resources, uploading(alice, "Tobias Lind", phone_number))

    [contact] = await list_contacts(resources)
    assert (await load_call(resources, call.id)).scryon_contact_id == contact.id
    assert (contact.user_id, contact.name, contact.phone_number) == (alice, "Tobias Lind", phone_number)
    assert (contact.email, contact.notes) == (None, None)


@pytest.mark.parametrize(
    ("known", "uploaded"),
    [("Tobias Lind", "Tobias Lind"), ("Tobias Lind", "tObIaS lInD"), ("ÄNNE Åström", "änne åström")],
)
async def test_known_name_is_linked_whatever_its_case(
    resources: Resources, factory: Factory, alice: UUID, known: str, uploaded: str
) -> None:
    contact = await factory.contact(alice, name=known, phone_number="1", created_at=NOON, updated_at=NOON)

    call = await in_transaction(resources, uploading(alice, uploaded, "2"))

    [unchanged] = await list_contacts(resources)
    assert (await load_call(resources, call.id)).scryon_contact_id == contact.id
    assert (unchanged.name, unchanged.phone_number, unchanged.updated_at) == (known, "1", NOON)


@pytest.mark.parametrize("uploaded", ["Tobias", "Tobias  Lind", "Tobias Lind.", "T%", "Tobias Lin_"])
async def test_name_counts_as_a_whole(resources: Resources, factory: Factory, alice: UUID, uploaded: str) -> None:
    contact = await factory.contact(alice)

    call = await in_transaction(resources, uploading(alice, uploaded))

    assert (await load_call(resources, call.id)).scryon_contact_id != contact.id
    assert len(await list_contacts(resources)) == 2


async def test_phone_number_plays_no_part(resources: Resources, factory: Factory, alice: UUID) -> None:
    contact = await factory.contact(alice, name="Somebody else", phone_number="1")

    call = await in_transaction(resources, uploading(alice, "Tobias Lind", "1"))

    assert (await load_call(resources, call.id)).scryon_contact_id not in (None, contact.id)


async def test_oldest_twin_is_linked(resources: Resources, factory: Factory, alice: UUID) -> None:
    await factory.contact(alice, created_at=NOON)
    oldest = await factory.contact(alice, name="TOBIAS LIND", created_at=NOON - timedelta(days=1))
    await factory.contact(alice, created_at=NOON + timedelta(days=1))

    call = await in_transaction(resources, uploading(alice, "Tobias Lind"))

    assert (await load_call(resources, call.id)).scryon_contact_id == oldest.id
    assert len(await list_contacts(resources)) == 3


async def test_contact_of_somebody_else_is_not_linked(
    resources: Resources, factory: Factory, alice: UUID, bob: UUID
) -> None:
    foreign = await factory.contact(bob)

    call = await in_transaction(resources, uploading(alice, "Tobias Lind"))

    linked = (await load_call(resources, call.id)).scryon_contact_id
    assert {(contact.id, contact.user_id) for contact in await list_contacts(resources)} == {
        (foreign.id, bob),
        (linked, alice),
    }


async def test_uploads_of_one_new_name_at_the_same_time_make_one_contact(resources: Resources, alice: UUID) -> None:
    names = ["Tobias Lind", "tobias lind", "TOBIAS LIND"] * 4

    calls = await asyncio.gather(*(in_transaction(resources, uploading(alice, name)) for name in names))

    [contact] = await list_contacts(resources)
    assert {call.scryon_contact_id for call in calls} == {contact.id}


async def test_new_name_is_waited_for_by_itself(resources: Resources, alice: UUID) -> None:
    found = await during(
        resources,
        lambda session: find_or_create_contact(session, alice, "Tobias Lind", None),
        lambda session: find_or_create_contact(session, alice, "TOBIAS LIND", None),
    )

    assert [contact.id for contact in await list_contacts(resources)] == [found]


async def test_new_names_of_others_are_not_waited_for(resources: Resources, alice: UUID, bob: UUID) -> None:
    async with resources.database.transaction() as session, asyncio.timeout(10):
        await find_or_create_contact(session, alice, "Tobias Lind", None)
        await in_transaction(resources, lambda other: find_or_create_contact(other, alice, "Yara Haddad", None))
        await in_transaction(resources, lambda other: find_or_create_contact(other, bob, "Tobias Lind", None))

    assert len(await list_contacts(resources)) == 3


async def test_contact_being_deleted_is_not_linked(resources: Resources, factory: Factory, alice: UUID) -> None:
    contact = await factory.contact(alice)

    call = await during(
        resources,
        lambda session: delete_contact(session, alice, contact.id),
        uploading(alice, "Tobias Lind"),
    )

    [made] = await list_contacts(resources)
    assert made.id != contact.id
    assert call.scryon_contact_id == made.id


async def test_younger_twin_is_linked_when_the_oldest_is_being_deleted(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    oldest = await factory.contact(alice, created_at=NOON)
    younger = await factory.contact(alice)

    call = await during(
        resources,
        lambda session: delete_contact(session, alice, oldest.id),
        uploading(alice, "Tobias Lind"),
    )

    assert call.scryon_contact_id == younger.id
    assert [contact.id for contact in await list_contacts(resources)] == [younger.id]


@pytest.mark.parametrize("by_upload", [True, False], ids=["upload", "by hand"])
async def test_deletion_waits_for_calls_that_are_being_linked(
    resources: Resources, factory: Factory, alice: UUID, by_upload: bool
) -> None:
    contact, call = await factory.contact(alice), await factory.call(alice)
    link: Change = (
        uploading(alice, "Tobias Lind")
        if by_upload
        else lambda session: assign_contact(session, alice, call.id, contact.id)
    )

    await during(resources, link, lambda session: delete_contact(session, alice, contact.id))

    async with resources.database.read() as session:
        links = (await session.execute(select(col(CallRecord.scryon_contact_id)))).scalars().all()
    assert set(links) == {None}
    assert await list_contacts(resources) == []


async def test_call_is_not_linked_to_a_contact_that_is_being_deleted(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    contact, call = await factory.contact(alice), await factory.call(alice)

    with pytest.raises(ContactNotFoundError):
        await during(
            resources,
            lambda session: delete_contact(session, alice, contact.id),
            lambda session: assign_contact(session, alice, call.id, contact.id),
        )

    assert (await load_call(resources, call.id)).scryon_contact_id is None


async def test_account_deleted_meanwhile_gets_no_contact(resources: Resources) -> None:
    gone = uuid4()

    for change in (uploading(gone, "Tobias Lind"), lambda session: create_contact(session, gone, ContactFields("P"))):
        with pytest.raises(ServiceUnavailableError):
            await in_transaction(resources, change)

    assert await list_contacts(resources) == []
