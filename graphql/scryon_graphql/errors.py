"""How errors leave the schema: code, status and details in `extensions`, and never an inner text.

Source: rest.md, sections 1.5 and 1.11; architecture.md, "The facade".
"""

import traceback
from collections.abc import Iterator

import structlog
from graphql import FieldNode, GraphQLError, VariableDefinitionNode
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.db import is_unreachable
from app.errors import InternalError, ScryonError, ServiceUnavailableError, ValidationFailedError
from app.observability.error_tracking import report_error

log = structlog.get_logger()

LOGGED_FRAMES = 6

_NOTHING_TO_RUN = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


def dress_errors(errors: list[GraphQLError], request_id: str | None) -> None:
    """Replace each error of an execution, in place, by the one that the client may see; log what is our fault."""
    logged: set[int] = set()
    for index, error in enumerate(errors):
        known = next((cause for cause in _causes(error) if isinstance(cause, ScryonError)), None) or _explain(error)
        # A failed loader raises one and the same exception in the field of every list item.
        root = id(_root_cause(error))
        if known.status >= 500 and root not in logged:
            logged.add(root)
            _log(known, error, request_id)
            if isinstance(known, InternalError):
                report_error(_root_cause(error), _stage(error))
        errors[index] = _dress(known, error)


def _dress(known: ScryonError, error: GraphQLError) -> GraphQLError:
    is_about_document = isinstance(known, ValidationFailedError) and _is_about_document(error)
    return GraphQLError(
        error.message if is_about_document else known.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=known,
        extensions={"code": str(known.code), "status": known.status, "details": known.details},
    )


def _causes(error: GraphQLError) -> Iterator[BaseException]:
    """What the error wraps, outermost first; an error that a resolver raised lies under several GraphQLErrors."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
        if cause is not None:
            yield cause


def _explain(error: GraphQLError) -> ScryonError:
    if _is_about_document(error):
        return ValidationFailedError.of(_field(error), error.message)
    if error.path is None and any(isinstance(cause, RecursionError) for cause in _causes(error)):
        # The parser refuses deep nesting by itself, but not a long chain of fragments.
        return ValidationFailedError.of("query", "is nested too deeply")
    if any(isinstance(cause, _NOTHING_TO_RUN) for cause in _causes(error)):
        return ValidationFailedError.of("query", "must hold the query or mutation that is meant")
    if any(is_unreachable(cause) for cause in _causes(error)):
        return ServiceUnavailableError()
    return InternalError()


def _is_about_document(error: GraphQLError) -> bool:
    """Whether the document or its variables are at fault: such errors have a place in it, but none in the answer."""
    return error.path is None and (error.original_error is None or bool(error.nodes))


def _field(error: GraphQLError) -> str:
    node = error.nodes[0] if error.nodes else None
    return f"variables.{node.variable.name.value}" if isinstance(node, VariableDefinitionNode) else "query"


def _root_cause(error: GraphQLError) -> BaseException:
    """What went wrong in the first place."""
    *_, inner = (error, *_causes(error))
    while inner.__cause__ is not None:
        inner = inner.__cause__
    return inner


def _stage(error: GraphQLError) -> str:
    """The field that failed, by its name in the schema: the path is of names that clients choose."""
    node = error.nodes[0] if error.nodes else None
    return f"graphql {node.name.value}" if isinstance(node, FieldNode) else "graphql"


def _log(known: ScryonError, error: GraphQLError, request_id: str | None) -> None:
    """Say what kind of error it was and where; its text may hold content and stays out."""
    cause = _root_cause(error)
    frames = traceback.extract_tb(cause.__traceback__)[-LOGGED_FRAMES:]
    log.error(
        str(known.code),
        reqId=request_id,
        error=type(cause).__name__,
        field=".".join(map(str, error.path or ())),
        frames=[f"{frame.filename}:{frame.lineno}" for frame in frames],
    )
