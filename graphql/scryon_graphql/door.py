"""`/graphql` over HTTP: JSON requests, multipart uploads, and GraphiQL where it is shown.

A request that cannot be run is answered with the status of its error, everything after that with 200 and the errors
beside the data. Source: rest.md, section 1.11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from strawberry.http import process_result
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.deadline import deadline
from app.errors import FieldProblem, ScryonError, UnsupportedMediaTypeError, ValidationFailedError
from app.idempotency.answers import NO_CONTENT, REPLAYED_HEADER, Answer
from app.idempotency.fingerprints import fingerprint
from app.idempotency.keyed import KeyedRequest
from app.idempotency.service import HEADER as KEY_HEADER
from app.idempotency.service import Attempt, do_once, is_kept, make_scope, read_key
from app.resources import Resources
from app.strict_json import InvalidJsonError, parse_json, write_json
from app.uploads.body import MAX_JSON_BYTES, RequestBody, declares_other_than_json, parse_content_length
from app.uploads.forms import receive_graphql
from scryon_graphql.context import Context
from scryon_graphql.keyed_mutations import find_only_mutation
from scryon_graphql.schema import schema
from scryon_graphql.voice_samples import find_purpose

PATH = "/graphql"
JSON_TYPE = "application/json; charset=utf-8"
ACCEPTED_TYPES = ("application/json", "multipart/form-data")


async def show_graphiql() -> Response:
    """The page to try queries on; it loads its scripts from a public CDN."""
    return HTMLResponse(get_graphql_ide_html())


async def serve_graphql(request: Request) -> Response:
    """Run one document.

    Raises:
        ScryonError: the request cannot be run.
    """
    resources: Resources = request.app.state.resources
    user_id: UUID = request.state.user.id
    context = Context(resources, user_id, request.state.request_id)
    headers = request.headers
    key = read_key(headers.get(KEY_HEADER))
    declared = headers.get("content-type", "").partition(";")[0].strip().lower()
    body = RequestBody(
        request.stream(), headers.get("content-type"), parse_content_length(headers.get("content-length"))
    )
    if declared == "multipart/form-data":
        async with receive_graphql(resources, user_id, body, find_purpose) as operations:
            return await _answer(_read_request(operations), context, key)
    content = await body.read(MAX_JSON_BYTES)
    if declares_other_than_json(declared):
        raise UnsupportedMediaTypeError(ACCEPTED_TYPES)
    return await _answer(_read_request(_parse(content)), context, key)


def _parse(content: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(content)
    except InvalidJsonError as error:
        raise ValidationFailedError.of("body", error.problem) from None
    if not isinstance(value, dict):
        raise ValidationFailedError.of("body", "must be a JSON object")
    return value


@dataclass(frozen=True, slots=True)
class _Request:
    """What there is to run; `variables` may hold a file."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def _read_request(given: Mapping[str, Any]) -> _Request:
    """Raises ValidationFailedError."""
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    problems = []
    if not isinstance(query, str) or not query.strip():
        problems.append(FieldProblem("query", "is required"))
    if not isinstance(variables, dict | None):
        problems.append(FieldProblem("variables", "must be a JSON object"))
    if not isinstance(name, str | None):
        problems.append(FieldProblem("operationName", "must be a string"))
    if not isinstance(query, str) or problems:
        raise ValidationFailedError(problems)
    return _Request(query, variables, name or None)


async def _answer(request: _Request, context: Context, key: str | None) -> Response:
    """Run a request, once per key if it has one.

    Raises:
        ScryonError: it cannot be run, or its key is in use.
    """
    mutation = None if key is None else find_only_mutation(request.query, request.operation_name)
    if key is None or mutation is None:
        return _respond(await _run(request, context))

    async def work(keyed: KeyedRequest) -> Answer:
        return await _run(request, context.with_key(keyed))

    scope = make_scope(context.user_id, "POST", PATH, key)
    asked_for = fingerprint((), [request.query, request.operation_name, request.variables])
    outcome = await do_once(context.resources.database, Attempt(scope, asked_for), work)
    answer = outcome.answer
    if answer == NO_CONTENT:
        # Nothing is kept that names what was deleted, but the request does.
        answer = Answer(200, write_json({"data": mutation.answer_deletion(request.variables or {})}))
    return _respond(answer, is_replayed=outcome.is_replayed)


async def _run(request: _Request, context: Context) -> Answer:
    try:
        async with deadline():
            result = await schema.ask(
                request.query, request.variables or {}, context, operation_name=request.operation_name
            )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        raise ValidationFailedError.of("operationName", "must name a query or mutation of the document") from None
    errors = [error.original_error for error in result.errors or ()]
    if context.keyed is not None and not all(isinstance(error, ScryonError) and is_kept(error) for error in errors):
        context.keyed.is_final = False
    return Answer(200, write_json(process_result(result)))


def _respond(answer: Answer, *, is_replayed: bool = False) -> Response:
    headers = {REPLAYED_HEADER: "true"} if is_replayed else {}
    return Response(answer.body, answer.status, headers, media_type=JSON_TYPE)


def graphql_error_answer(error: ScryonError) -> Response:
    """Answer a request that was not run, in the way of GraphQL."""
    extensions = {"code": str(error.code), "status": error.status, "details": error.details}
    body = {"errors": [{"message": error.message, "extensions": extensions}]}
    return Response(write_json(body), error.status, error.headers, JSON_TYPE)
