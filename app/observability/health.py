"""What orchestrators ask a process: whether it lives, and whether it can work. Source: pipeline.md, section 12."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.auth.api_keys import check_api_key, read_api_key
from app.db import is_unreachable
from app.errors import ScryonError
from app.resources import Resources
from app.settings import HealthDetails, Settings

PATIENCE_SECONDS = 3
"""How long readiness waits for each server."""

ALIVE = {"status": "UP"}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which servers answer. Nothing goes without Postgres; what Redis is needed for is made up for later."""

    has_database: bool
    has_queue: bool

    @property
    def status_code(self) -> int:
        return 200 if self.has_database else 503

    def describe(self, *, with_details: bool) -> dict[str, Any]:
        """The body of the answer; with details it tells each server."""
        body: dict[str, Any] = {"status": _word(self.has_database)}
        if self.has_database and not self.has_queue:
            body["degraded"] = ["redis"]
        if with_details:
            body["components"] = {"postgres": _word(self.has_database), "redis": _word(self.has_queue)}
        return body


def _word(is_up: bool) -> str:
    return "UP" if is_up else "DOWN"


async def check_readiness(resources: Resources) -> Readiness:
    """Ask each server for a sign of life."""
    return Readiness(*await asyncio.gather(_has_database(resources), _has_queue(resources)))


def may_see_details(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Whether who asks is told of each server; on a server without keys nobody can be authorized."""
    if settings.health_details is not HealthDetails.WHEN_AUTHORIZED:
        return settings.health_details is HealthDetails.ALWAYS
    try:
        check_api_key(read_api_key(headers), settings.api_keys)
    except ScryonError:
        return False
    return bool(settings.api_keys)


async def _has_database(resources: Resources) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await resources.database.ping()
    except Exception as error:
        if not is_unreachable(error):
            raise
        return False
    return True


async def _has_queue(resources: Resources) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await resources.queue.count_waiting() is not None
    except TimeoutError:
        return False
