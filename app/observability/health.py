"""What operators and orchestrators ask a process. Source: pipeline.md, section 12."""

import asyncio
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.db import is_unreachable
from app.resources import Resources

PATIENCE_SECONDS = 3
"""How long readiness waits for each server."""

router = APIRouter(prefix="/actuator", include_in_schema=False)


@router.get("/health")
async def get_health() -> JSONResponse:
    """Say that the process lives."""
    return JSONResponse({"status": "UP"})


@router.get("/health/readiness")
async def get_readiness(request: Request) -> JSONResponse:
    """Say whether requests can be served: not without Postgres, but without Redis, whose work is made up for later."""
    resources: Resources = request.app.state.resources
    has_database, has_queue = await asyncio.gather(_has_database(resources), _has_queue(resources))
    if not has_database:
        return JSONResponse({"status": "DOWN"}, 503)
    return JSONResponse({"status": "UP"} if has_queue else {"status": "UP", "degraded": ["redis"]})


@router.get("/info")
async def get_info() -> JSONResponse:
    """Name the version."""
    return JSONResponse({"version": version("scryon")})


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
