"""The dress of answers: JSON bodies, and one body for every error. Source: rest.md, sections 1.1 and 1.5."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from app.errors import ScryonError
from app.strict_json import write_json

JSON_TYPE = "application/json; charset=utf-8"


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer a JSON value."""
    return Response(write_json(value), status, dict(headers or {}), JSON_TYPE)


def error_body(error: ScryonError) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"code": str(error.code), "message": error.message, "details": error.details}}


def error_answer(error: ScryonError) -> Response:
    """Answer an error with its status, body and headers."""
    return json_answer(error_body(error), error.status, error.headers)
