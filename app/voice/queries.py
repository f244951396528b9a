"""Every statement of the voice profile feature."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.voice.models import VoiceProfile


async def delete_profile(session: AsyncSession, user_id: UUID) -> bool:
    """Remove the user's voice profile; False when there was none."""
    result = await session.execute(
        delete(VoiceProfile).where(col(VoiceProfile.user_id) == user_id).returning(col(VoiceProfile.id))
    )
    return result.one_or_none() is not None
