"""Examples of the OpenAPI document: requests and answers from files, errors from their classes.

`rest/examples/` has a file per operation that answers with a body: `answers` by the names of their cases, and the
`request` that is sent for the last of them, where there is one. They are those of rest.md, all in one world: what
Meera Nair has recorded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from app.errors import (
    AccountDisabledError,
    AccountSuspendedError,
    AnalysisFailedError,
    AuthInvalidError,
    AuthMissingError,
    AuthScheme,
    CallNotCompletedError,
    CallNotReanalyzableError,
    ConcurrentCallsLimitError,
    FieldProblem,
    MethodNotAllowedError,
    PayloadTooLargeError,
    ScryonError,
    UnsupportedMediaTypeError,
    UploadRateLimitError,
    UploadVolumeLimitError,
    ValidationFailedError,
    VoiceProviderError,
    VoiceProviderProblem,
    VoiceSampleTooLargeError,
    VoiceSampleTooLongError,
    VoiceSampleTooShortError,
)
from app.idempotency.service import HEADER as KEY_HEADER
from app.idempotency.service import KEY_PROBLEM
from app.settings import Settings
from app.uploads.body import MAX_JSON_BYTES
from app.uploads.receiving import ACCEPTED_FORMATS
from rest.answers import error_body
from rest.documentation import Documentation
from rest.inputs import Input, IntegerText

FOLDER = Path(__file__).with_name("examples")


@dataclass(frozen=True, slots=True)
class Bodies:
    """Examples of one operation: `answers` by name, and a `request`, None where nothing is sent."""

    answers: dict[str, Any]
    request: Any = None


@cache
def load_bodies(operation_id: str) -> Bodies:
    """The examples of an operation, read once. Raises FileNotFoundError where there are none."""
    return Bodies(**orjson.loads((FOLDER / f"{operation_id}.json").read_bytes()))


def make_error_body(error: type[ScryonError], documentation: Documentation) -> dict[str, Any]:
    """The body of an error as requests of this endpoint can cause it."""
    is_upload = documentation.form is not None
    accepted = ACCEPTED_FORMATS if is_upload else ["application/json"]
    examples: dict[type[ScryonError], Callable[[], ScryonError]] = {
        ValidationFailedError: lambda: ValidationFailedError([_problem_of(documentation)]),
        PayloadTooLargeError: lambda: PayloadTooLargeError(_max_bytes_of(documentation)),
        UnsupportedMediaTypeError: lambda: UnsupportedMediaTypeError(accepted),
        CallNotCompletedError: lambda: CallNotCompletedError("FAILED", "transcription_timeout"),
        MethodNotAllowedError: lambda: MethodNotAllowedError(["GET", "HEAD"]),
        AuthMissingError: lambda: AuthMissingError(AuthScheme.BEARER),
        AuthInvalidError: lambda: AuthInvalidError(AuthScheme.API_KEY),
        AccountDisabledError: lambda: AccountDisabledError("terms of use"),
        AccountSuspendedError: lambda: AccountSuspendedError("invoice open"),
        UploadRateLimitError: lambda: UploadRateLimitError(20, 20),
        ConcurrentCallsLimitError: lambda: ConcurrentCallsLimitError(5, 5),
        UploadVolumeLimitError: lambda: UploadVolumeLimitError(10_737_418_240, 10_730_000_000),
        CallNotReanalyzableError: lambda: CallNotReanalyzableError("QUEUED", None),
        AnalysisFailedError: lambda: AnalysisFailedError("analysis_timeout"),
        VoiceSampleTooShortError: lambda: VoiceSampleTooShortError(15, 9.4),
        VoiceSampleTooLongError: lambda: VoiceSampleTooLongError(45, 61),
        VoiceSampleTooLargeError: lambda: VoiceSampleTooLargeError(10_485_760),
        VoiceProviderError: lambda: VoiceProviderError(VoiceProviderProblem.REJECTED),
    }
    return error_body(examples.get(error, error)())


def _max_bytes_of(documentation: Documentation) -> int:
    """What a body of this endpoint may have at most."""
    if documentation.raw_body is not None:
        return documentation.raw_body.max_bytes
    if documentation.form is not None:
        return int(Settings.model_fields["max_file_size"].default)
    return MAX_JSON_BYTES


def _problem_of(documentation: Documentation) -> FieldProblem:
    """A mistake that requests of this endpoint can make."""
    if documentation.form is not None:
        return FieldProblem("file", "is required")
    if documentation.body is not None:
        return FieldProblem("body", "is required")
    if documentation.raw_body is not None:
        return FieldProblem("body", "must be a JSON object")
    if documentation.changes:
        return FieldProblem(KEY_HEADER, KEY_PROBLEM)
    if documentation.query is not None:
        return _problem_of_query(documentation.query)
    return FieldProblem("ids", "must hold at least one id")


def _problem_of_query(query: type[Input]) -> FieldProblem:
    numbers = (
        FieldProblem(name, rule.range_problem)
        for name, field in query.model_fields.items()
        for rule in field.metadata
        if isinstance(rule, IntegerText)
    )
    return next(numbers)
