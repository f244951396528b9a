"""What arrives in queries and JSON bodies: small Pydantic models, strict in the way of the contract.

The models also are the documentation of the input (`rest/openapi.py`).
Source: rest.md, sections 1.1, 1.5 and 1.10 (E7, E14, E15, E17, E21).
"""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from app.cursor import decode_cursor
from app.errors import FieldProblem, UnsupportedMediaTypeError, ValidationFailedError
from app.strict_json import InvalidJsonError, parse_json
from app.text import MAX_EMAIL_CHARS, find_email_problem, find_text_problem
from app.uploads.body import MAX_JSON_BYTES, RequestBody, declares_other_than_json, parse_content_length
from rest.cursor_pattern import cursor_pattern
from rest.operations import enum_values
from scryon_graphql.ids import parse_id
from scryon_graphql.scalars import parse_date

_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_SPACES = r"\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""For patterns: what `str.strip` cuts. Readers of JSON Schemas do not agree on `\\s`."""

_MESSAGES = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "string_type": "must be a string",
}


class Input(BaseModel):
    """A query or a JSON object; unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


M = TypeVar("M", bound=Input)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Marks a member of an input: reads its value, and describes it."""

    def read(self, value: object) -> Any:
        """Give the value, or raise ValueError with what clients are told."""
        raise NotImplementedError

    def describe(self) -> JsonSchemaValue:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.describe()


@dataclass(frozen=True, slots=True)
class IntegerText(_Rule):
    """An integer of a query, within bounds that both belong to it."""

    least: int
    most: int

    def read(self, value: object) -> int:
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise ValueError("must be an integer")
        if not self.least <= int(value) <= self.most:
            raise ValueError(self.range_problem)
        return int(value)

    @property
    def range_problem(self) -> str:
        """What is said of a number beyond the bounds."""
        return f"must be between {self.least} and {self.most}"

    def describe(self) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class OneOf(_Rule):
    """A value of an enum of the schema, compared exactly."""

    enum: str

    def read(self, value: object) -> str:
        allowed = enum_values(self.enum)
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    def describe(self) -> JsonSchemaValue:
        return {"type": "string", "enum": list(enum_values(self.enum))}


@dataclass(frozen=True, slots=True)
class UuidText(_Rule):
    """An id, in the form 8-4-4-4-12 only."""

    def read(self, value: object) -> str:
        parsed = parse_id(value) if isinstance(value, str) else None
        if parsed is None:
            raise ValueError("must be a UUID")
        return str(parsed)

    def describe(self) -> JsonSchemaValue:
        return {"type": "string", "format": "uuid"}


@dataclass(frozen=True, slots=True)
class Text(_Rule):
    """A free text, trimmed; its code points are counted, and with `min_chars` 1 it must not be blank."""

    max_chars: int
    min_chars: int = 0

    def read(self, value: object) -> str:
        text = _trim(value)
        problem = find_text_problem(text, self.max_chars, min_chars=self.min_chars)
        if problem is not None:
            raise ValueError(problem)
        return text

    def describe(self) -> JsonSchemaValue:
        schema = {"type": "string", "maxLength": self.max_chars}
        if self.min_chars == 0:
            return {**schema, "pattern": "^[^\\u0000]*$"}
        pattern = rf"^[^\u0000]*[^{_SPACES}\u0000][^\u0000]*$"
        return {**schema, "minLength": self.min_chars, "pattern": pattern}


@dataclass(frozen=True, slots=True)
class EmailText(_Rule):
    """An e-mail address of a JSON body, trimmed; a blank one passes as such."""

    def read(self, value: object) -> str:
        text = _trim(value)
        problem = find_email_problem(text) if text else None
        if problem is not None:
            raise ValueError(problem)
        return text

    def describe(self) -> JsonSchemaValue:
        sides = (rf"[^@{_SPACES}\u0000][^@\u0000]*", rf"[^@\u0000]*[^@{_SPACES}\u0000]")
        pattern = rf"^[{_SPACES}]*({'@'.join(sides)}[{_SPACES}]*)?$"
        return {"type": "string", "maxLength": MAX_EMAIL_CHARS, "pattern": pattern}


@dataclass(frozen=True, slots=True)
class DateText(_Rule):
    """A calendar date, passed on as it is."""

    def read(self, value: object) -> str:
        return parse_date(value).isoformat()

    def describe(self) -> JsonSchemaValue:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True, slots=True)
class CursorText(_Rule):
    """A cursor of an earlier page, passed on as it is."""

    def read(self, value: object) -> str:
        try:
            decode_cursor(str(value))
        except ValidationFailedError as error:
            raise ValueError(error.details["fields"][0]["message"]) from None
        return str(value)

    def describe(self) -> JsonSchemaValue:
        return {"type": "string", "pattern": cursor_pattern()}


def _trim(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value.strip()


def read_query(request: Request, model: type[M]) -> M:
    """Read the query; of a repeated parameter the last counts. Raises ValidationFailedError with all problems."""
    return _validate(model, dict(request.query_params))


async def read_json(request: Request, model: type[M]) -> tuple[Any, M]:
    """Read a JSON object: what was sent, and what of it counts.

    Raises:
        PayloadTooLargeError: over 1 MiB.
        UnsupportedMediaTypeError: declared as something else than JSON; a DELETE without body may say what it likes.
        ValidationFailedError: malformed, no object, or members that break their rules; lists all problems.
    """
    content = await request_body(request).read(MAX_JSON_BYTES)
    declared = request.headers.get("content-type", "").partition(";")[0].strip()
    is_bare_delete = request.method == "DELETE" and not content
    if not is_bare_delete and declares_other_than_json(declared):
        raise UnsupportedMediaTypeError(["application/json"])
    if not content:
        raise ValidationFailedError.of("body", "is required")
    try:
        value = parse_json(content)
    except InvalidJsonError as error:
        raise ValidationFailedError.of("body", error.problem) from None
    if not isinstance(value, dict):
        raise ValidationFailedError.of("body", "must be a JSON object")
    return value, _validate(model, value)


def request_body(request: Request) -> RequestBody:
    """The body of a request, unread."""
    headers = request.headers
    length = parse_content_length(headers.get("content-length"))
    return RequestBody(request.stream(), headers.get("content-type"), length)


def _validate(model: type[M], members: dict[str, Any]) -> M:
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise ValidationFailedError([_describe(problem) for problem in error.errors(include_url=False)]) from None


def _describe(problem: ErrorDetails) -> FieldProblem:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    raised = problem.get("ctx", {}).get("error")
    return FieldProblem(field, str(raised) if raised else _MESSAGES.get(problem["type"], "is not valid"))
