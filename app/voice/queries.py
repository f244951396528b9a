"""Every statement of the voice profile feature."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.voice.models import VoiceProfile

_owner = col(VoiceProfile.user_id)


async def find_profile(session: AsyncSession, user_id: UUID) -> VoiceProfile | None:
    """The user's voice profile."""
    return (await session.scalars(select(VoiceProfile).where(_owner == user_id))).one_or_none()


async def put_profile(session: AsyncSession, user_id: UUID, **values: Any) -> VoiceProfile:
    """Write all of the user's voice profile; an earlier one keeps its id and the time when it was made."""
    statement = insert(VoiceProfile).values(id=uuid4(), user_id=user_id, **values)
    statement = statement.on_conflict_do_update(index_elements=[_owner], set_={**values, "updated_at": func.now()})
    written = await session.scalars(statement.returning(VoiceProfile), execution_options={"populate_existing": True})
    return written.one()


async def delete_profile(session: AsyncSession, user_id: UUID) -> UUID | None:
    """Remove the user's voice profile and answer its id; None when there was none."""
    return await session.scalar(delete(VoiceProfile).where(_owner == user_id).returning(col(VoiceProfile.id)))
