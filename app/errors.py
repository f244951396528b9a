"""The errors that Scryon answers with, each with its HTTP status and stable code.

    ScryonError
    ├── ValidationFailedError        400 validation_failed
    ├── CallNotFoundError            404 call_not_found
    ├── TranscriptNotFoundError      404 transcript_not_found
    ├── AnalysisNotFoundError        404 analysis_not_found
    ├── ActionItemNotFoundError      404 action_item_not_found
    ├── ContactNotFoundError         404 contact_not_found
    ├── FeatureNotAvailableError     404 feature_not_available
    ├── RouteNotFoundError           404 not_found
    ├── MethodNotAllowedError        405 method_not_allowed
    ├── PayloadTooLargeError         413 payload_too_large
    ├── UnsupportedMediaTypeError    415 unsupported_media_type
    ├── CallNotCompletedError        422 call_not_completed
    ├── InternalError                500 internal_error
    ├── ServiceUnavailableError      503 service_unavailable
    └── StorageUnavailableError      503 storage_unavailable

Why a *call* failed is another closed list: `app/pipeline/failures.py`.
Source: rest.md, sections 1.5 and 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RETRY_AFTER_SECONDS = 5
"""What a 503 tells clients to wait (rest.md, section 4)."""

MAX_FIELD_PROBLEMS = 20
"""All problems of a request are listed, up to this many (rest.md, section 1.5)."""


class ErrorCode(StrEnum):
    """Every `error.code` that this version sends; published codes never change."""

    VALIDATION_FAILED = "validation_failed"
    CALL_NOT_FOUND = "call_not_found"
    TRANSCRIPT_NOT_FOUND = "transcript_not_found"
    ANALYSIS_NOT_FOUND = "analysis_not_found"
    ACTION_ITEM_NOT_FOUND = "action_item_not_found"
    CONTACT_NOT_FOUND = "contact_not_found"
    FEATURE_NOT_AVAILABLE = "feature_not_available"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    CALL_NOT_COMPLETED = "call_not_completed"
    INTERNAL_ERROR = "internal_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"


class ScryonError(Exception):
    """An answer that is no success: `code` and `status` for machines, `message` for developers.

    `message` is one constant sentence without input in it; `details` is machine-readable and documented.
    """

    code: ErrorCode
    status: int
    message: str

    def __init__(self, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(self.message)
        self.details: dict[str, Any] = dict(details or {})

    @property
    def headers(self) -> dict[str, str]:
        """Extra response headers: `Retry-After` (seconds) on every 503."""
        return {"Retry-After": str(RETRY_AFTER_SECONDS)} if self.status == 503 else {}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing that is wrong with a request; `field` is a path such as `metadata.recordedAt` or `callIds[2]`."""

    field: str
    message: str


class ValidationFailedError(ScryonError):
    """Syntax, a field, a query value or a header value (400). `details.fields` holds at least one problem."""

    code, status, message = ErrorCode.VALIDATION_FAILED, 400, "The request is not valid"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        fields = [{"field": problem.field, "message": problem.message} for problem in problems[:MAX_FIELD_PROBLEMS]]
        super().__init__({"fields": fields})

    @classmethod
    def of(cls, field: str, message: str) -> "ValidationFailedError":
        """Make the error for a single field."""
        return cls([FieldProblem(field, message)])


class CallNotFoundError(ScryonError):
    """No such call of this user; a foreign call looks the same (404)."""

    code, status, message = ErrorCode.CALL_NOT_FOUND, 404, "Call not found"


class TranscriptNotFoundError(ScryonError):
    """The call is completed but its stored transcript is gone (404)."""

    code, status, message = ErrorCode.TRANSCRIPT_NOT_FOUND, 404, "Transcript not found"


class AnalysisNotFoundError(ScryonError):
    """The call is completed but has no stored analysis (404)."""

    code, status, message = ErrorCode.ANALYSIS_NOT_FOUND, 404, "Analysis not found"


class ActionItemNotFoundError(ScryonError):
    """No such action item of this user (404)."""

    code, status, message = ErrorCode.ACTION_ITEM_NOT_FOUND, 404, "Action item not found"


class ContactNotFoundError(ScryonError):
    """No such contact of this user (404)."""

    code, status, message = ErrorCode.CONTACT_NOT_FOUND, 404, "Contact not found"


class FeatureNotAvailableError(ScryonError):
    """Switched off by configuration (404)."""

    code, status, message = ErrorCode.FEATURE_NOT_AVAILABLE, 404, "This feature is not available"


class RouteNotFoundError(ScryonError):
    """No such route (404)."""

    code, status, message = ErrorCode.NOT_FOUND, 404, "No such resource"


class MethodNotAllowedError(ScryonError):
    """The path exists, the method does not (405). `details.allowed` and the header `Allow` are alphabetical."""

    code, status, message = ErrorCode.METHOD_NOT_ALLOWED, 405, "This method is not allowed here"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__({"allowed": sorted(allowed)})

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.details["allowed"])}


class PayloadTooLargeError(ScryonError):
    """File, request or JSON body over its limit (413). `details.maxBytes` names the limit."""

    code, status, message = ErrorCode.PAYLOAD_TOO_LARGE, 413, "The request is too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__({"maxBytes": max_bytes})


class UnsupportedMediaTypeError(ScryonError):
    """Not audio, or not JSON (415). `details.accepted` lists what is."""

    code, status, message = ErrorCode.UNSUPPORTED_MEDIA_TYPE, 415, "This media type is not supported"

    def __init__(self, accepted: Sequence[str]) -> None:
        super().__init__({"accepted": list(accepted)})


class CallNotCompletedError(ScryonError):
    """The transcript or the analysis was asked for before the call finished (422).

    `details`: `status`, and `errorReason` when the call has failed.
    """

    code, status, message = ErrorCode.CALL_NOT_COMPLETED, 422, "This call is not completed"

    def __init__(self, call_status: str, error_reason: str | None) -> None:
        details = {"status": str(call_status)}
        if error_reason is not None:
            details["errorReason"] = error_reason
        super().__init__(details)


class InternalError(ScryonError):
    """Anything unexpected; logged with the request id (500)."""

    code, status, message = ErrorCode.INTERNAL_ERROR, 500, "Something went wrong on our side"


class ServiceUnavailableError(ScryonError):
    """The database is not reachable, or the service is too busy (503)."""

    code, status, message = ErrorCode.SERVICE_UNAVAILABLE, 503, "The service is not available at the moment"


class StorageUnavailableError(ScryonError):
    """Object storage is not reachable (503)."""

    code, status, message = ErrorCode.STORAGE_UNAVAILABLE, 503, "The object storage is not available at the moment"
