"""Every statement of the contacts feature. Ownership is in each WHERE."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.contacts.models import Contact


async def list_contacts_by_id(session: AsyncSession, user_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """Those of these contacts that belong to the user."""
    statement = select(Contact).where(col(Contact.id).in_(contact_ids), col(Contact.user_id) == user_id)
    return {contact.id: contact for contact in await session.scalars(statement)}
