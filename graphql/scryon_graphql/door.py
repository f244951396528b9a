"""`/graphql` over HTTP: JSON requests, multipart uploads, and GraphiQL where it is shown.

A request that cannot be run is answered with the status of its error, everything after that with 200 and the errors
beside the data. Source: rest.md, section 1.11.
"""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from strawberry.http import process_result
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from app.auth.local import sign_in
from app.deadline import deadline
from app.errors import FieldProblem, ScryonError, UnsupportedMediaTypeError, ValidationFailedError
from app.resources import Resources
from app.strict_json import InvalidJsonError, parse_json, write_json
from app.uploads.body import MAX_JSON_BYTES, RequestBody, parse_content_length
from app.uploads.forms import receive_graphql
from scryon_graphql.context import Context
from scryon_graphql.schema import schema

JSON_TYPE = "application/json; charset=utf-8"
ACCEPTED_TYPES = ("application/json", "multipart/form-data")

_JSON_REQUEST = re.compile(r"application/(json|[^/;\s]+\+json)", re.IGNORECASE)
_OPERATIONS = {OperationType.QUERY, OperationType.MUTATION}


async def show_graphiql() -> Response:
    """The page to try queries on; it loads its scripts from a public CDN."""
    return HTMLResponse(get_graphql_ide_html())


async def serve_graphql(request: Request) -> Response:
    """Run one document.

    Raises:
        ScryonError: the request cannot be run.
    """
    resources: Resources = request.app.state.resources
    user_id = await sign_in(resources)
    context = Context(resources, user_id, request.state.request_id)
    headers = request.headers
    declared = headers.get("content-type", "").partition(";")[0].strip().lower()
    body = RequestBody(
        request.stream(), headers.get("content-type"), parse_content_length(headers.get("content-length"))
    )
    if declared == "multipart/form-data":
        async with receive_graphql(resources, user_id, body) as operations:
            return await _run(operations, context)
    content = await body.read(MAX_JSON_BYTES)
    if declared and not _JSON_REQUEST.fullmatch(declared):
        raise UnsupportedMediaTypeError(ACCEPTED_TYPES)
    return await _run(_parse(content), context)


def _parse(content: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(content)
    except InvalidJsonError:
        raise ValidationFailedError.of("body", "must be JSON") from None
    if not isinstance(value, dict):
        raise ValidationFailedError.of("body", "must be a JSON object")
    return value


async def _run(given: Mapping[str, Any], context: Context) -> Response:
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    problems = []
    if not isinstance(query, str) or not query.strip():
        problems.append(FieldProblem("query", "is required"))
    if not isinstance(variables, dict | None):
        problems.append(FieldProblem("variables", "must be a JSON object"))
    if not isinstance(name, str | None):
        problems.append(FieldProblem("operationName", "must be a string"))
    if problems:
        raise ValidationFailedError(problems)
    try:
        async with deadline():
            result = await schema.execute(
                query,
                variable_values=variables,
                context_value=context,
                operation_name=name or None,
                allowed_operation_types=_OPERATIONS,
            )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        raise ValidationFailedError.of("operationName", "must name a query or mutation of the document") from None
    return Response(write_json(process_result(result)), media_type=JSON_TYPE)


def graphql_error_answer(error: ScryonError) -> Response:
    """Answer a request that was not run, in the way of GraphQL."""
    extensions = {"code": str(error.code), "status": error.status, "details": error.details}
    body = {"errors": [{"message": error.message, "extensions": extensions}]}
    return Response(write_json(body), error.status, error.headers, JSON_TYPE)
