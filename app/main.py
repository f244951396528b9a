"""The ASGI application: puts the doors, REST and GraphQL, on top of the core."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Route, WebSocketRoute

from app.auth.middleware import SignInMiddleware
from app.cors import ConfiguredCors
from app.db import migrate
from app.errors import InternalError, MethodNotAllowedError, RouteNotFoundError, ScryonError
from app.observability.actuator import actuator_routes
from app.observability.error_tracking import open_error_tracking
from app.observability.logging import describe_error
from app.observability.request_spans import RequestSpanMiddleware
from app.observability.requests import RequestMiddleware, UnexpectedErrorMiddleware
from app.observability.tracing import open_tracing
from app.overload import OverloadMiddleware
from app.resources import open_resources
from app.settings import Settings
from rest.answers import error_answer, json_answer
from rest.endpoint import Endpoint
from rest.openapi import ROUTERS, build_openapi, optional_routers
from rest.operations import default_operations
from rest.security import requirements_of
from scryon_graphql.door import PATH as GRAPHQL_PATH
from scryon_graphql.door import graphql_error_answer, serve_graphql, show_graphiql
from scryon_graphql.socket import GraphQLSocket

log = structlog.get_logger()


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its lifespan opens and closes everything that it needs.

    Raises:
        StaleOperationsError: a persisted operation does not fit the schema.
    """
    app = FastAPI(
        title="Scryon",
        lifespan=partial(_run, settings=settings),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own, which a variable of the environment switches on: it sends queries and texts of exceptions.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.operations = default_operations()
    # First, since routes are tried one after the other.
    app.router.routes.append(Endpoint(GRAPHQL_PATH, serve_graphql, methods=["POST"]))
    routers = (*ROUTERS, *optional_routers(settings))
    for router in routers:
        # Not `include_router`, which hides them behind one opaque route: `_answer_routing_error` looks at each.
        app.router.routes.extend(router.routes)
    app.router.routes.extend(actuator_routes(settings))
    app.router.routes.append(WebSocketRoute(GRAPHQL_PATH, GraphQLSocket()))
    if settings.shows_tools:
        _add_tools(app, routers, settings)
    _match_whole_paths(app)
    app.add_exception_handler(ScryonError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_routing_error)
    # The last one is the outermost.
    app.add_middleware(SignInMiddleware, graphql_path=GRAPHQL_PATH, respond=_error_answer)
    app.add_middleware(UnexpectedErrorMiddleware, respond=lambda path: _error_answer(path, InternalError()))
    app.add_middleware(OverloadMiddleware, settings=settings, respond=_error_answer)
    if settings.cors_allowed_origins:
        app.add_middleware(ConfiguredCors, origins=settings.cors_allowed_origins)
    app.add_middleware(RequestMiddleware, access_log=settings.logs_requests)
    if settings.trace_endpoint is not None:
        app.add_middleware(RequestSpanMiddleware)
    return app


def _match_whole_paths(app: FastAPI) -> None:
    """Make each route match its path to the very end: Starlette's lets a line break follow, which sign-in does not."""
    for route in app.routes:
        if isinstance(route, Route | WebSocketRoute):
            route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")


@asynccontextmanager
async def _run(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    async with (
        open_tracing(settings, "scryon-api"),
        open_error_tracking(settings),
        open_resources(settings) as resources,
    ):
        if settings.migrate_at_start:
            try:
                await migrate(resources.database)
            except Exception as error:
                log.error("migration_failed", **describe_error(error))
                raise
        app.state.resources = resources
        if resources.firebase is not None:
            resources.firebase.warm_up()
        yield


def _add_tools(app: FastAPI, routers: Sequence[APIRouter], settings: Settings) -> None:
    @cache
    def document() -> dict[str, Any]:
        # On first request: most starts are not followed by a look at it.
        return build_openapi(app.state.operations, routers, requirements_of(settings))

    async def show_openapi() -> Response:
        return json_answer(document())

    async def show_docs() -> Response:
        return get_swagger_ui_html(openapi_url="/openapi.json", title="Scryon")

    app.add_api_route(GRAPHQL_PATH, show_graphiql, methods=["GET"])
    app.add_api_route("/openapi.json", show_openapi, methods=["GET"])
    app.add_api_route("/docs", show_docs, methods=["GET"])


def _error_answer(path: str, error: ScryonError) -> Response:
    return graphql_error_answer(error) if path == GRAPHQL_PATH else error_answer(error)


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScryonError)
    return _error_answer(request.scope["path"], error)


async def _answer_routing_error(request: Request, error: Exception) -> Response:
    """Starlette knows no route for the request; a path may have several, each with methods of its own."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, APIRoute) and route.path_regex.match(request.scope["path"]):
            methods |= route.methods or set()
    return _error_answer(
        request.scope["path"], MethodNotAllowedError(sorted(methods)) if methods else RouteNotFoundError()
    )
