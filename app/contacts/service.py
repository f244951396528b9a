"""Rules of contacts. Source: rest.md, section 3.4.

Linking a call to a contact by hand is a rule of calls: `app/calls/service.py`.
"""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.contacts import queries
from app.contacts.fields import ContactFields
from app.contacts.models import Contact
from app.errors import ContactNotFoundError, ServiceUnavailableError
from app.idempotency.queries import drop_answers


async def get_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> Contact:
    """One contact of the user. Raises ContactNotFoundError."""
    contact = await queries.find_contact(session, user_id, contact_id)
    if contact is None:
        raise ContactNotFoundError
    return contact


async def create_contact(session: AsyncSession, user_id: UUID, fields: ContactFields) -> Contact:
    """Add a contact to the user's address book, another one of the same name too.

    Raises:
        ServiceUnavailableError: the account was deleted while this request ran.
    """
    contact = Contact(user_id=user_id, **asdict(fields))
    session.add(contact)
    try:
        await session.flush()
    except IntegrityError as error:
        raise ServiceUnavailableError from error
    return contact


async def replace_contact(session: AsyncSession, user_id: UUID, contact_id: UUID, fields: ContactFields) -> Contact:
    """Write all fields of a contact anew; the same ones change nothing.

    Raises:
        ContactNotFoundError: the user has no such contact.
    """
    await queries.replace_contact(session, user_id, contact_id, fields)
    return await get_contact(session, user_id, contact_id)


async def delete_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> None:
    """Delete a contact. Its calls and their action items stay, without it; kept answers that may show it go.

    Raises:
        ContactNotFoundError: the user has no such contact.
    """
    if not await queries.lock_contact(session, user_id, contact_id, to_delete=True):
        raise ContactNotFoundError
    call_ids = await queries.unlink_contact(session, user_id, contact_id)
    await queries.delete_contact(session, user_id, contact_id)
    await drop_answers(session, user_id, [contact_id, *call_ids])


async def require_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> None:
    """Make sure that the user has a contact, and keep it from being deleted before the commit.

    Raises:
        ContactNotFoundError: the user has no such contact.
    """
    if not await queries.lock_contact(session, user_id, contact_id):
        raise ContactNotFoundError


async def find_or_create_contact(
    session: AsyncSession, user_id: UUID, name: str | None, phone_number: str | None
) -> UUID | None:
    """The contact that an upload belongs to, which exists until the commit at least; None without a name.

    `name` is trimmed, as all stored names are, and compared without case; the oldest contact of that name counts and
    is not changed. Where there is none, one is made with `phone_number`.

    Raises:
        ServiceUnavailableError: as `create_contact`.

    Source: rest.md, section 3.4, AC2 to AC5.
    """
    if name is None:
        return None
    contact_id = await queries.find_id_by_name(session, user_id, name)
    if contact_id is None:
        # Uploads of one new name pass one by one, and all but the first find what that one has made.
        await queries.lock_name(session, user_id, name)
        contact_id = await queries.find_id_by_name(session, user_id, name)
    if contact_id is None:
        contact_id = (await create_contact(session, user_id, ContactFields(name, phone_number))).id
    return contact_id
