"""`/actuator` of the API: what operators and orchestrators ask it. A worker's is in `worker_door.py`.

No endpoint has to do with a user; those that show metrics need one of the keys where the server has some.
Source: pipeline.md, section 12.
"""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from app.observability.exposition import PROMETHEUS_TYPE, describe_metric, list_names, require_key, write_metrics
from app.observability.health import ALIVE, Readiness, check_readiness, may_see_details
from app.resources import Resources
from app.settings import ActuatorEndpoint, Settings

PREFIX = "/actuator"

router = APIRouter(prefix=PREFIX, include_in_schema=False)


def actuator_routes(settings: Settings) -> Sequence[APIRoute]:
    """The routes that the settings expose."""
    return [
        route
        for route in router.routes
        if isinstance(route, APIRoute) and settings.exposes(ActuatorEndpoint(route.path.split("/")[2]))
    ]


@router.get("/health")
async def get_health() -> JSONResponse:
    """Say that the process lives."""
    return JSONResponse(ALIVE)


@router.get("/health/readiness")
async def get_readiness(request: Request) -> JSONResponse:
    """Say whether requests can be served."""
    resources = _resources(request)
    readiness = await _check_together(request)
    with_details = may_see_details(resources.settings, request.headers)
    return JSONResponse(readiness.describe(with_details=with_details), readiness.status_code)


async def _check_together(request: Request) -> Readiness:
    """Ask the servers once for all who want to know at the same time: nobody is refused here, nor has to sign in."""
    state = request.app.state
    asking: asyncio.Task[Readiness] | None = getattr(state, "asking", None)
    if asking is None or asking.done():
        asking = state.asking = asyncio.create_task(check_readiness(_resources(request)))
    return await asyncio.shield(asking)


@router.get("/info")
async def get_info() -> JSONResponse:
    """Name the version."""
    return JSONResponse({"version": version("scryon")})


@router.get("/prometheus")
async def get_prometheus(request: Request) -> Response:
    """Show every metric of this process, for Prometheus."""
    resources = _resources(request)
    require_key(resources.settings, request.headers)
    return Response(await write_metrics(resources.metrics), headers={"Content-Type": PROMETHEUS_TYPE})


@router.get("/metrics")
async def get_metrics(request: Request) -> JSONResponse:
    """Name every metric of this process."""
    resources = _resources(request)
    require_key(resources.settings, request.headers)
    return JSONResponse(list_names(resources.metrics))


@router.get("/metrics/{name}")
async def get_metric(name: str, request: Request) -> JSONResponse:
    """Show one metric of this process."""
    resources = _resources(request)
    require_key(resources.settings, request.headers)
    return JSONResponse(describe_metric(resources.metrics, name))


def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources
