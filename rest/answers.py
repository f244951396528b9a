"""The dress of answers: JSON bodies, and one body for every error. Source: rest.md, sections 1.1, 1.2 and 1.5."""

from typing import Any

from fastapi import Response

from app.errors import ScryonError
from app.idempotency.answers import REPLAYED_HEADER, Answer
from app.strict_json import write_json

JSON_TYPE = "application/json; charset=utf-8"


def json_answer(value: Any, status: int = 200) -> Response:
    """Answer a JSON value."""
    return to_response(Answer(status, write_json(value)))


def error_body(error: ScryonError) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": str(error.code), "message": error.message, "details": error.details}}


def write_error(error: ScryonError) -> Answer:
    """Write an error with its status, body and headers."""
    return Answer(error.status, write_json(error_body(error)), error.headers)


def error_answer(error: ScryonError) -> Response:
    """Answer an error."""
    return to_response(write_error(error))


def to_response(answer: Answer, *, is_replayed: bool = False) -> Response:
    """Send an answer; one without body has no content type."""
    headers = {**answer.headers, REPLAYED_HEADER: "true"} if is_replayed else answer.headers
    return Response(answer.body, answer.status, headers, media_type=JSON_TYPE if answer.body else None)
