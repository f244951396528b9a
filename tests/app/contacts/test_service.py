"""Changes of contacts and links at the same time. Source: rest.md, sections 3.2 and 3.4."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.models import CallRecord
from app.calls.service import assign_contact
from app.contacts.fields import ContactFields
from app.contacts.models import Contact
from app.contacts.service import create_contact, delete_contact
from app.errors import ContactNotFoundError, ServiceUnavailableError
from app.resources import Resources
from tests.factories import Factory

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


async def test_deletion_waits_for_calls_that_are_being_linked(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    contact, call = await factory.contact(alice), await factory.call(alice)

    await during(
        resources,
        lambda session: assign_contact(session, alice, call.id, contact.id),
        lambda session: delete_contact(session, alice, contact.id),
    )

    assert (await load_call(resources, call.id)).scryon_contact_id is None
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

    with pytest.raises(ServiceUnavailableError):
        await in_transaction(resources, lambda session: create_contact(session, gone, ContactFields("P")))

    assert await list_contacts(resources) == []
