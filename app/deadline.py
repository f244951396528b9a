"""No request waits for a server that does not answer. Source: rest.md, section 5, below the table."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import ServiceUnavailableError

ANSWER_SECONDS = 120
"""How long the work of a request may take; clients wait 5 minutes."""


@asynccontextmanager
async def deadline(seconds: float = ANSWER_SECONDS) -> AsyncIterator[None]:
    """Give up on the block after that time.

    Raises:
        ServiceUnavailableError: it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ServiceUnavailableError from error
