"""Every statement of the contacts feature. Ownership is in each WHERE: a foreign row is a missing row."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.contacts.fields import ContactFields
from app.contacts.models import Contact

_id = col(Contact.id)
_owner = col(Contact.user_id)
_lower_name = func.lower(col(Contact.name))


async def list_contacts(session: AsyncSession, user_id: UUID, *, limit: int) -> list[Contact]:
    """The user's contacts by name, ignoring case, then id."""
    statement = select(Contact).where(_owner == user_id).order_by(_lower_name, _id).limit(limit)
    return list((await session.scalars(statement)).all())


async def list_contacts_by_id(session: AsyncSession, user_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """Those of these contacts that belong to the user."""
    statement = select(Contact).where(_id.in_(contact_ids), _owner == user_id)
    return {contact.id: contact for contact in await session.scalars(statement)}


async def find_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> Contact | None:
    """One contact of the user."""
    return (await session.scalars(select(Contact).where(_id == contact_id, _owner == user_id))).one_or_none()


async def lock_contact(session: AsyncSession, user_id: UUID, contact_id: UUID, *, to_delete: bool = False) -> bool:
    """Whether the user has this contact; if so, nobody else deletes it before the commit.

    `to_delete` also waits for those who are just linking it to a call, and keeps others from that: there is no foreign
    key to do it.
    """
    statement = select(_id).where(_id == contact_id, _owner == user_id)
    locking = statement.with_for_update(read=not to_delete, key_share=not to_delete)
    return (await session.scalars(locking)).one_or_none() is not None


async def lock_name(session: AsyncSession, user_id: UUID, name: str) -> None:
    """Wait for everybody else who holds this name of this user, and hold it until the commit; case is ignored."""
    key = func.hashtextextended(func.concat(str(user_id), func.lower(name)), 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def find_id_by_name(session: AsyncSession, user_id: UUID, name: str) -> UUID | None:
    """The oldest contact of this name, ignoring case, which nobody else deletes before the commit.

    May miss it while an older one of the same name is being deleted; asked again, it finds it.
    """
    statement = (
        select(_id)
        .where(_owner == user_id, _lower_name == func.lower(name))
        .order_by(col(Contact.created_at), _id)
        .limit(1)
        .with_for_update(read=True, key_share=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def replace_contact(session: AsyncSession, user_id: UUID, contact_id: UUID, fields: ContactFields) -> None:
    """Write all fields; a contact that has them already is left alone, `updated_at` included."""
    values = asdict(fields)
    has_changed = or_(*(col(getattr(Contact, name)).is_distinct_from(value) for name, value in values.items()))
    await session.execute(
        update(Contact).where(_id == contact_id, _owner == user_id, has_changed).values(**values, updated_at=func.now())
    )


async def unlink_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> Sequence[UUID]:
    """Take a contact out of the user's calls and action items; answers the calls.

    Items keep their `updated_at`: the contact that they show is the one of their call.
    """
    calls = await session.scalars(
        update(CallRecord)
        .where(col(CallRecord.scryon_contact_id) == contact_id, col(CallRecord.user_id) == user_id)
        .values(scryon_contact_id=None, updated_at=func.now())
        .returning(col(CallRecord.id))
    )
    call_ids = calls.all()
    await session.execute(
        update(ActionItem)
        .where(col(ActionItem.contact_id) == contact_id, col(ActionItem.user_id) == user_id)
        .values(contact_id=None)
    )
    return call_ids


async def delete_contact(session: AsyncSession, user_id: UUID, contact_id: UUID) -> None:
    """Remove the row."""
    await session.execute(delete(Contact).where(_id == contact_id, _owner == user_id))
