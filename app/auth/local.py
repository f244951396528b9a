"""Who makes a request, as long as there is no sign-in: one fixed user. Source: rest.md, section 1.3."""

import asyncio
from uuid import UUID

import structlog

from app.db import is_unreachable
from app.errors import ServiceUnavailableError
from app.resources import Resources
from app.users.service import find_or_create_user

LOCAL_USER = "local-dev"

SIGN_IN_SECONDS = 10
"""How long a request waits for a database that does not answer."""

log = structlog.get_logger()


async def sign_in(resources: Resources) -> UUID:
    """Find the user of a request, or make the row on first sight; log lines of the request name it from here on.

    Raises:
        ServiceUnavailableError: the database does not answer, or is too busy.
    """
    try:
        async with asyncio.timeout(SIGN_IN_SECONDS):
            user = await find_or_create_user(resources.database, LOCAL_USER)
    except Exception as error:
        if is_unreachable(error):
            log.warning("database_unavailable", error=type(error).__name__)
            raise ServiceUnavailableError from error
        raise
    structlog.contextvars.bind_contextvars(userId=str(user.id))
    return user.id
