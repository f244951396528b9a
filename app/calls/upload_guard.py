"""Limits on what one user may upload, against abuse. Source: rest.md, section 2.2 (Q1 to Q3, QR1, QR5)."""

import math
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.calls import queries
from app.errors import ConcurrentCallsLimitError, UploadRateLimitError, UploadVolumeLimitError
from app.settings import Settings

BUSY_RETRY_SECONDS = 30
"""What a user with too many calls in flight is told to wait."""


async def check_upload(session: AsyncSession, settings: Settings, user_id: UUID, byte_size: int) -> None:
    """Let one more upload of that many bytes pass.

    The caller holds the lock on the user's row, so that uploads at the same time do not share the last place.

    Raises:
        UploadRateLimitError: too many uploads within the last hour.
        ConcurrentCallsLimitError: too many calls in flight.
        UploadVolumeLimitError: too many bytes within the last 30 days, this upload included.
    """
    if not settings.upload_guard_enabled:
        return
    used = await queries.get_upload_figures(session, user_id)
    if used.uploads_this_hour >= settings.max_uploads_per_hour:
        raise UploadRateLimitError(
            settings.max_uploads_per_hour, used.uploads_this_hour, _seconds(used.until_oldest_leaves)
        )
    if used.active_calls >= settings.max_concurrent_active_calls:
        raise ConcurrentCallsLimitError(settings.max_concurrent_active_calls, used.active_calls, BUSY_RETRY_SECONDS)
    if used.bytes_this_month + byte_size > settings.max_monthly_upload_bytes:
        raise UploadVolumeLimitError(settings.max_monthly_upload_bytes, used.bytes_this_month)


def _seconds(duration: timedelta | None) -> int:
    return 1 if duration is None else max(1, math.ceil(duration.total_seconds()))
