"""What is right and wrong beyond the checks of schemathesis, and what they take for wrong that is right."""

from typing import Any

import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.generation.meta import StatefulPhaseData
from schemathesis.graphql.checks import GraphQLClientError, GraphQLServerError
from schemathesis.hooks import HookContext
from schemathesis.specs.graphql.schemas import GraphQLSchema

from app.errors import ErrorCode
from scryon_graphql.limits import MAX_OBJECTS

_LEGACY_PAGING = {"page", "size"}
_CURSOR_PAGING = {"limit", "cursor"}
_GRAPHQL_UPLOADS = {"Mutation.analyzeCall", "Mutation.putVoiceProfile"}
_MISSING = {
    "POST /api/calls/analyze": "call_not_found",
    "POST /api/calls/{id}/action-items": "action_item_not_found",
    "POST /api/contacts": "contact_not_found",
}
"""What is said of what an endpoint makes, when it is not there."""


def register() -> None:
    """Make it known; global, as everything of schemathesis that is registered."""
    schemathesis.check(new_resources_are_there)
    schemathesis.check(graphql_errors_are_dressed)
    schemathesis.hook("filter_failure")(_is_failure)


def new_resources_are_there(ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> bool | None:
    """What has just been made is found under its id.

    `ensure_resource_availability` wants to see it, too, but passes over endpoints with optional headers.
    """
    parent = ctx.internals.find_parent(case_id=case.id)
    made = ctx.internals.find_response(case_id=parent.id) if parent is not None else None
    if parent is None or made is None or parent.operation.label not in _MISSING or not 200 <= made.status_code < 300:
        return True
    if case.path_parameters.get("id") != made.json()["id"] or _has_deleted(ctx):
        return True
    missing = _MISSING[parent.operation.label]
    assert response.status_code != 404 or response.json()["error"]["code"] != missing, f"{missing} after its creation"
    return None


def _has_deleted(ctx: CheckContext) -> bool:
    """Whether anything was deleted in this scenario; some endpoints delete many things."""
    responses = (ctx.internals.find_response(case_id=case.id) for case in _deletions(ctx))
    return any(response is not None and response.status_code < 300 for response in responses)


def _deletions(ctx: CheckContext) -> list[schemathesis.Case]:
    return [case for case in ctx.internals.find_all_cases() if case.method == "DELETE"]


def graphql_errors_are_dressed(
    _ctx: CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """Answers are JSON, and their errors say what they are and that it was not our fault. Source: rest.md, 1.11."""
    if not isinstance(case.operation.schema, GraphQLSchema):
        return True
    assert response.headers["content-type"] == ["application/json; charset=utf-8"]
    for error in response.json().get("errors", ()):
        extensions = error["extensions"]
        assert extensions.keys() == {"code", "status", "details"}, error
        assert extensions["code"] in list(ErrorCode), error
        assert extensions["status"] < 500, error
        assert isinstance(extensions["details"], dict), error
    return None


def _is_failure(
    _context: HookContext, failure: Failure, case: schemathesis.Case, _response: schemathesis.Response
) -> bool:
    if isinstance(failure, AcceptedNegativeData):
        return not _is_ignored_paging(case) and not _is_unbroken(case)
    return not _is_graphql_answer(failure)


def _is_ignored_paging(case: schemathesis.Case) -> bool:
    """`page` and `size` count for nothing beside `limit` or `cursor` (rest.md 1.10, E7), which no schema can say."""
    if case.operation.label != "GET /api/calls" or case.meta is None:
        return False
    data = case.meta.phase.data
    negated = {data.parameter, *(mutation.parameter for mutation in getattr(data, "mutations", ()))} - {None}
    return bool(negated) and negated <= _LEGACY_PAGING and bool(_CURSOR_PAGING & case.query.keys())


def _is_unbroken(case: schemathesis.Case) -> bool:
    """Schemathesis takes a form with a file for a broken one as soon as a link has written into it."""
    data = case.meta.phase.data if case.meta is not None else None
    return case.media_type == "multipart/form-data" and isinstance(data, StatefulPhaseData) and not data.mutations


def _is_graphql_answer(failure: Failure) -> bool:
    """What is refused that the GraphQL schema allows: ids of nothing and values out of range, and too large requests.

    Such answers say what is wrong (rest.md 1.11), which `graphql_errors_are_dressed` looks at.
    """
    if isinstance(failure, GraphQLClientError):
        return failure.operation in _GRAPHQL_UPLOADS or all(map(_is_about_size, failure.errors))
    if isinstance(failure, GraphQLServerError):
        return all(error.get("extensions", {}).get("status", 500) < 500 for error in failure.errors)
    return False


def _is_about_size(error: Any) -> bool:
    return error["extensions"]["details"] == {
        "fields": [{"field": "query", "message": f"must not ask for more than {MAX_OBJECTS} objects"}]
    }
