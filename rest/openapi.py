"""The OpenAPI document: routes and what stands beside them, answers from operations, errors from their classes.

Source: architecture.md, "The facade"; rest.md, sections 1.2, 1.5, 1.9 and 4.
"""

import inspect
from collections.abc import Callable, Iterable, Set
from http import HTTPStatus
from itertools import groupby
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.errors import ErrorCode, ScryonError
from app.idempotency.service import HEADER as KEY_HEADER
from app.settings import Settings
from rest import (
    action_items,
    actions,
    analytics,
    analyze,
    calls,
    contacts,
    debug,
    health,
    reanalyze,
    users,
    voice,
    webhooks,
)
from rest.documentation import Documentation, find_documentation
from rest.examples import load_bodies, make_error_body
from rest.health import VERSION
from rest.inputs import Input
from rest.json_schema import JsonSchema, SchemaWriter
from rest.links import LINKS
from rest.operations import Operations, default_operations
from rest.security import SCHEMES, Requirement, any_requirements

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    analyze.router,
    calls.router,
    actions.router,
    action_items.router,
    analytics.router,
    contacts.router,
    users.router,
    voice.router,
    webhooks.router,
)
"""In the order of matching: literal segments before `{id}`."""

_OPTIONAL: tuple[tuple[APIRouter, Callable[[Settings], bool]], ...] = (
    (debug.router, lambda settings: settings.debug_endpoints_enabled),
    (reanalyze.router, lambda settings: settings.offers_reanalyze),
)
"""Those that not every server has, and when it does; where they are missing, their paths are unknown."""

_DESCRIPTION = (
    "Turns recorded phone calls into transcripts with speakers, analyses and action items. "
    "Any request may carry an `X-Request-Id`; any value does, and one in the form of the answer's header comes back."
)

_JSON = "application/json"
_REQUEST_ID = {"$ref": "#/components/headers/X-Request-Id"}

_ID_PARAMETER = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "A malformed id is answered like an unknown one.",
    "schema": {"type": "string", "format": "uuid"},
}

_ERROR_SCHEMA: JsonSchema = {
    "type": "object",
    "description": "Every error, whatever raised it.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "description": "Stable.", "enum": [str(code) for code in ErrorCode]},
                "message": {"type": "string", "description": "One English sentence for developers."},
                "details": {"type": "object", "description": "Depends on the code; empty when there is nothing."},
            },
            "required": ["code", "details", "message"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}

_HEADERS: JsonSchema = {
    "X-Request-Id": {
        "description": "The one of the request when it has the right form, else a new one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "Allow": {"description": "Methods, alphabetical.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
    "Location": {"description": "Path of the new resource.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "`Bearer`.", "required": True, "schema": {"const": "Bearer"}},
    "Idempotency-Replayed": {
        "description": "`true` on the answer to an earlier request with the same key.",
        "schema": {"const": "true"},
    },
}

_KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "A repeated request with the same key is done once and answered alike for 24 h.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}

_ERROR_HEADERS = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.METHOD_NOT_ALLOWED: "Allow",
    HTTPStatus.CONFLICT: "Retry-After",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


def optional_routers(settings: Settings) -> tuple[APIRouter, ...]:
    """The routers that a server has by its settings, beside `ROUTERS`."""
    return tuple(router for router, is_wanted in _OPTIONAL if is_wanted(settings))


def build_openapi(operations: Operations, routers: Iterable[APIRouter], security: list[Requirement]) -> dict[str, Any]:
    """Make the document for all documented routes of these routers, on servers that want this `security`."""
    documented = [
        (route, documentation)
        for route in _iter_routes(routers)
        if (documentation := find_documentation(route.endpoint)) is not None
    ]
    writer = _DocumentWriter(operations, {documentation.operation_id for _, documentation in documented})
    paths: dict[str, dict[str, Any]] = {}
    for route, documentation in documented:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = writer.write_operation(route, documentation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scryon",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": security,
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR_SCHEMA, **writer.schemas.components},
            "headers": _HEADERS,
            "securitySchemes": SCHEMES,
            "parameters": {"Idempotency-Key": _KEY_PARAMETER},
        },
    }


def export_openapi() -> bytes:
    """The content of `openapi.json`: all routes, optional ones too; always the same bytes for the same code."""
    routers = (*ROUTERS, *(router for router, _ in _OPTIONAL))
    document = build_openapi(default_operations(), routers, any_requirements())
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _iter_routes(routers: Iterable[APIRouter]) -> Iterable[APIRoute]:
    return (route for router in routers for route in router.routes if isinstance(route, APIRoute))


class _DocumentWriter:
    def __init__(self, operations: Operations, operation_ids: Set[str]) -> None:
        self._operations = operations
        self._operation_ids = operation_ids
        self.schemas = SchemaWriter(operations.schema)

    def write_operation(self, route: APIRoute, documentation: Documentation) -> JsonSchema:
        written: JsonSchema = {
            "operationId": documentation.operation_id,
            "summary": inspect.cleandoc(route.endpoint.__doc__ or ""),
            "parameters": self._write_parameters(route, documentation),
            "responses": self._write_responses(documentation),
        }
        if documentation.is_public:
            written["security"] = []
        body = self._write_request_body(documentation)
        return written if body is None else {**written, "requestBody": body}

    def _write_parameters(self, route: APIRoute, documentation: Documentation) -> list[JsonSchema]:
        path = [_ID_PARAMETER] if "{id}" in route.path else []
        query = [] if documentation.query is None else _query_parameters(documentation.query)
        key = [{"$ref": "#/components/parameters/Idempotency-Key"}] if documentation.changes else []
        return [*path, *query, *documentation.parameters, *key]

    def _write_request_body(self, documentation: Documentation) -> JsonSchema | None:
        if documentation.form is not None:
            media_type, content = "multipart/form-data", _write_form(documentation.form())
        elif documentation.body is not None:
            media_type, content = _JSON, {"schema": _without_titles(documentation.body.model_json_schema())}
        elif documentation.raw_body is not None:
            schema = {"type": "object", "description": documentation.raw_body.description}
            media_type, content = _JSON, {"schema": schema}
        else:
            return None
        content["example"] = load_bodies(documentation.operation_id).request
        return {"required": True, "content": {media_type: content}}

    def _write_responses(self, documentation: Documentation) -> JsonSchema:
        responses = {str(documentation.status): self._write_success(documentation)}
        by_status = sorted(documentation.all_errors, key=lambda error: (error.status, error.code))
        for status, errors in groupby(by_status, key=lambda error: error.status):
            responses[str(status)] = _write_errors(status, list(errors), documentation)
        return responses

    def _write_success(self, documentation: Documentation) -> JsonSchema:
        headers = {"X-Request-Id": _REQUEST_ID}
        if documentation.location:
            headers["Location"] = {"$ref": "#/components/headers/Location"}
        if documentation.changes:
            headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Idempotency-Replayed"}
        written: JsonSchema = {"description": HTTPStatus(documentation.status).phrase, "headers": headers}
        links = self._write_links(documentation.operation_id)
        if links:
            written["links"] = links
        schema = documentation.schema or self._write_answers(documentation.answers)
        if schema is None:
            return written
        examples = _write_examples(load_bodies(documentation.operation_id).answers)
        return {**written, "content": {_JSON: {"schema": schema, "examples": examples}}}

    def _write_links(self, operation_id: str) -> JsonSchema:
        """Links to the endpoints that are in this document."""
        links = (link for link in LINKS.get(operation_id, ()) if link.operation_id in self._operation_ids)
        return {link.operation_id: link.describe() for link in links}

    def _write_answers(self, names: tuple[str, ...]) -> JsonSchema | None:
        schemas = [self.schemas.write_answer(self._operations[name].body) for name in names]
        if len(schemas) < 2:
            return schemas[0] if schemas else None
        return {"oneOf": schemas}


def _write_form(schema: JsonSchema) -> JsonSchema:
    encoding = {}
    for name, part in schema["properties"].items():
        if part["type"] == "object":
            encoding[name] = {"contentType": _JSON}
        elif part.get("format") == "binary":
            encoding[name] = {"contentType": "audio/*"}
    return {"schema": schema, "encoding": encoding}


def _query_parameters(query: type[Input]) -> list[JsonSchema]:
    schema = _without_titles(query.model_json_schema())
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": member.pop("description"),
            "schema": _drop_null(member),
        }
        for name, member in schema["properties"].items()
    ]


def _drop_null(schema: JsonSchema) -> JsonSchema:
    """A query has no null: a parameter that may be missing is simply not required."""
    if schema.get("default", ...) is None:
        del schema["default"]
    options = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    return {**schema, **options[0]} if options else schema


def _without_titles(schema: JsonSchema) -> JsonSchema:
    """Pydantic gives every member a title, which is its name once more."""
    members = {name: {**member} for name, member in schema["properties"].items()}
    for member in members.values():
        member.pop("title", None)
    return {**{key: value for key, value in schema.items() if key != "title"}, "properties": members}


def _write_examples(bodies: dict[str, Any]) -> JsonSchema:
    return {name: {"value": body} for name, body in bodies.items()}


def _write_errors(status: int, errors: list[type[ScryonError]], documentation: Documentation) -> JsonSchema:
    headers = {"X-Request-Id": _REQUEST_ID}
    name = _ERROR_HEADERS.get(HTTPStatus(status))
    if name is not None:
        headers[name] = {"$ref": f"#/components/headers/{name}"}
    examples = _write_examples({str(error.code): make_error_body(error, documentation) for error in errors})
    return {
        "description": "; ".join(f"`{error.code}`: {error.message}" for error in errors),
        "headers": headers,
        "content": {_JSON: {"schema": _error_schema(errors), "examples": examples}},
    }


def _error_schema(errors: list[type[ScryonError]]) -> JsonSchema:
    codes = {"properties": {"code": {"enum": [str(error.code) for error in errors]}}}
    return {"allOf": [{"$ref": "#/components/schemas/Error"}, {"properties": {"error": codes}}]}
