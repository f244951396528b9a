"""The errors that Scryon answers with, each with its HTTP status and stable code.

    ScryonError
    ├── ValidationFailedError        400 validation_failed
    ├── VoiceConsentRequiredError    400 voice_consent_required
    ├── VoiceSampleTooShortError     400 voice_sample_too_short
    ├── VoiceSampleTooLongError      400 voice_sample_too_long
    ├── AuthMissingError             401 auth_missing
    ├── AuthInvalidError             401 auth_invalid
    ├── WebhookSignatureInvalidError 401 webhook_signature_invalid
    ├── AuthDisabledError            403 auth_disabled
    ├── AccountDisabledError         403 ACCOUNT_DISABLED
    ├── AccountSuspendedError        403 ACCOUNT_SUSPENDED
    ├── CallNotFoundError            404 call_not_found
    ├── TranscriptNotFoundError      404 transcript_not_found
    ├── AnalysisNotFoundError        404 analysis_not_found
    ├── ActionItemNotFoundError      404 action_item_not_found
    ├── ContactNotFoundError         404 contact_not_found
    ├── FeatureNotAvailableError     404 feature_not_available
    ├── RouteNotFoundError           404 not_found
    ├── MethodNotAllowedError        405 method_not_allowed
    ├── IdempotencyKeyConflictError  409 idempotency_key_conflict
    ├── IdempotencyInProgressError   409 idempotency_in_progress
    ├── CallNotReanalyzableError     409 call_not_reanalyzable
    ├── ReanalyzeInProgressError     409 reanalyze_in_progress
    ├── PayloadTooLargeError         413 payload_too_large
    ├── VoiceSampleTooLargeError     413 voice_sample_too_large
    ├── UnsupportedMediaTypeError    415 unsupported_media_type
    ├── CallNotCompletedError        422 call_not_completed
    ├── UploadRateLimitError         429 UPLOAD_RATE_LIMIT
    ├── ConcurrentCallsLimitError    429 CONCURRENT_CALLS_LIMIT
    ├── UploadVolumeLimitError       429 UPLOAD_VOLUME_LIMIT
    ├── InternalError                500 internal_error
    ├── AnalysisFailedError          502 analysis_failed
    ├── VoiceProviderError           502 voice_provider_error
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

WWW_AUTHENTICATE = {"WWW-Authenticate": "Bearer"}
"""On every 401 (rest.md, section 1.2)."""

MAX_FIELD_PROBLEMS = 20
"""All problems of a request are listed, up to this many (rest.md, section 1.5)."""


class ErrorCode(StrEnum):
    """Every `error.code` that this version sends; published codes never change."""

    VALIDATION_FAILED = "validation_failed"
    VOICE_CONSENT_REQUIRED = "voice_consent_required"
    VOICE_SAMPLE_TOO_SHORT = "voice_sample_too_short"
    VOICE_SAMPLE_TOO_LONG = "voice_sample_too_long"
    AUTH_MISSING = "auth_missing"
    AUTH_INVALID = "auth_invalid"
    WEBHOOK_SIGNATURE_INVALID = "webhook_signature_invalid"
    AUTH_DISABLED = "auth_disabled"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_SUSPENDED = "ACCOUNT_SUSPENDED"
    CALL_NOT_FOUND = "call_not_found"
    TRANSCRIPT_NOT_FOUND = "transcript_not_found"
    ANALYSIS_NOT_FOUND = "analysis_not_found"
    ACTION_ITEM_NOT_FOUND = "action_item_not_found"
    CONTACT_NOT_FOUND = "contact_not_found"
    FEATURE_NOT_AVAILABLE = "feature_not_available"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    IDEMPOTENCY_KEY_CONFLICT = "idempotency_key_conflict"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress"
    CALL_NOT_REANALYZABLE = "call_not_reanalyzable"
    REANALYZE_IN_PROGRESS = "reanalyze_in_progress"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    VOICE_SAMPLE_TOO_LARGE = "voice_sample_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    CALL_NOT_COMPLETED = "call_not_completed"
    UPLOAD_RATE_LIMIT = "UPLOAD_RATE_LIMIT"
    CONCURRENT_CALLS_LIMIT = "CONCURRENT_CALLS_LIMIT"
    UPLOAD_VOLUME_LIMIT = "UPLOAD_VOLUME_LIMIT"
    INTERNAL_ERROR = "internal_error"
    ANALYSIS_FAILED = "analysis_failed"
    VOICE_PROVIDER_ERROR = "voice_provider_error"
    SERVICE_UNAVAILABLE = "service_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"


class ScryonError(Exception):
    """An answer that is no success: `code` and `status` for machines, `message` for developers.

    `message` is one constant sentence without input in it; `details` is machine-readable and documented.
    """

    code: ErrorCode
    status: int
    message: str
    retry_after_seconds: int | None = None
    """What the client is told to wait; None when nobody knows."""

    def __init__(self, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(self.message)
        self.details: dict[str, Any] = dict(details or {})

    @property
    def headers(self) -> dict[str, str]:
        """Extra response headers."""
        return {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}


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


class VoiceConsentRequiredError(ScryonError):
    """The user was asked for consent and has not given it (400)."""

    code, status = ErrorCode.VOICE_CONSENT_REQUIRED, 400
    message = "A voice profile needs the user's consent"


class VoiceSampleTooShortError(ScryonError):
    """The voice sample is below the minimum (400). `details`: `minSeconds` and what it has, `actualSeconds`."""

    code, status, message = ErrorCode.VOICE_SAMPLE_TOO_SHORT, 400, "The voice sample is too short"

    def __init__(self, min_seconds: int, actual_seconds: float) -> None:
        super().__init__({"minSeconds": min_seconds, "actualSeconds": actual_seconds})


class VoiceSampleTooLongError(ScryonError):
    """The voice sample is above the maximum (400). `details`: `maxSeconds` and what it has, `actualSeconds`."""

    code, status, message = ErrorCode.VOICE_SAMPLE_TOO_LONG, 400, "The voice sample is too long"

    def __init__(self, max_seconds: int, actual_seconds: float) -> None:
        super().__init__({"maxSeconds": max_seconds, "actualSeconds": actual_seconds})


class AuthScheme(StrEnum):
    """Which of its credentials a request lacks, or got wrong."""

    API_KEY = "api_key"
    BEARER = "bearer"
    ORIGIN = "origin"


class AuthMissingError(ScryonError):
    """A key or a token is needed, and there is none (401). `details.scheme` says which."""

    code, status, message = ErrorCode.AUTH_MISSING, 401, "Credentials are missing"

    def __init__(self, scheme: AuthScheme) -> None:
        super().__init__({"scheme": str(scheme)})

    @property
    def headers(self) -> dict[str, str]:
        return dict(WWW_AUTHENTICATE)


class AuthInvalidError(ScryonError):
    """A key, token, host or origin is not accepted (401). `details.scheme` says which."""

    code, status, message = ErrorCode.AUTH_INVALID, 401, "The credentials are not valid"

    def __init__(self, scheme: AuthScheme) -> None:
        super().__init__({"scheme": str(scheme)})

    @property
    def headers(self) -> dict[str, str]:
        return dict(WWW_AUTHENTICATE)


class WebhookSignatureInvalidError(ScryonError):
    """A callback does not come from whom we gave its address to, or comes too late (401)."""

    code, status, message = ErrorCode.WEBHOOK_SIGNATURE_INVALID, 401, "The signature is not valid"

    @property
    def headers(self) -> dict[str, str]:
        return dict(WWW_AUTHENTICATE)


class AuthDisabledError(ScryonError):
    """A valid token of a user whom the identity provider has disabled (403)."""

    code, status, message = ErrorCode.AUTH_DISABLED, 403, "This user is disabled"


class AccountDisabledError(ScryonError):
    """The account may do nothing (403). `details`: `accountStatus`, and `reason` when there is one."""

    code, status, message = ErrorCode.ACCOUNT_DISABLED, 403, "This account is disabled"

    def __init__(self, reason: str | None) -> None:
        super().__init__(_account_details("DISABLED", reason))


class AccountSuspendedError(ScryonError):
    """The account may not upload (403). `details`: `accountStatus`, and `reason` when there is one."""

    code, status, message = ErrorCode.ACCOUNT_SUSPENDED, 403, "This account may not upload at the moment"

    def __init__(self, reason: str | None) -> None:
        super().__init__(_account_details("SUSPENDED", reason))


def _account_details(account_status: str, reason: str | None) -> dict[str, str]:
    details = {"accountStatus": account_status}
    return details if reason is None else {**details, "reason": reason}


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


class IdempotencyKeyConflictError(ScryonError):
    """The key was used before with another request (409)."""

    code, status = ErrorCode.IDEMPOTENCY_KEY_CONFLICT, 409
    message = "This idempotency key was used with another request"


class IdempotencyInProgressError(ScryonError):
    """The first request with this key still runs (409)."""

    code, status = ErrorCode.IDEMPOTENCY_IN_PROGRESS, 409
    message = "The first request with this idempotency key still runs"
    retry_after_seconds = RETRY_AFTER_SECONDS


class CallNotReanalyzableError(ScryonError):
    """Only a completed call can be analysed again (409). `details`: `status`, and `errorReason` when it has failed."""

    code, status, message = ErrorCode.CALL_NOT_REANALYZABLE, 409, "Only a completed call can be analysed again"

    def __init__(self, call_status: str, error_reason: str | None) -> None:
        super().__init__(_call_details(call_status, error_reason))


class ReanalyzeInProgressError(ScryonError):
    """Another analysis of this call runs (409)."""

    code, status, message = ErrorCode.REANALYZE_IN_PROGRESS, 409, "This call is being analysed already"


class PayloadTooLargeError(ScryonError):
    """File, request or JSON body over its limit (413). `details.maxBytes` names the limit."""

    code, status, message = ErrorCode.PAYLOAD_TOO_LARGE, 413, "The request is too large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__({"maxBytes": max_bytes})


class VoiceSampleTooLargeError(ScryonError):
    """The voice sample is over its limit (413). `details.maxBytes` names the limit."""

    code, status, message = ErrorCode.VOICE_SAMPLE_TOO_LARGE, 413, "The voice sample is too large"

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
        super().__init__(_call_details(call_status, error_reason))


def _call_details(call_status: str, error_reason: str | None) -> dict[str, str]:
    details = {"status": str(call_status)}
    return details if error_reason is None else {**details, "errorReason": error_reason}


class _LimitError(ScryonError):
    """An upload guard (429). `details`: `limit` and what is `used`."""

    status = 429

    def __init__(self, limit: int, used: int, retry_after_seconds: int | None = None) -> None:
        super().__init__({"limit": limit, "used": used})
        self.retry_after_seconds = retry_after_seconds


class UploadRateLimitError(_LimitError):
    """Too many uploads within an hour (429)."""

    code, message = ErrorCode.UPLOAD_RATE_LIMIT, "Too many uploads within an hour"


class ConcurrentCallsLimitError(_LimitError):
    """Too many calls in flight (429)."""

    code, message = ErrorCode.CONCURRENT_CALLS_LIMIT, "Too many calls are being processed"


class UploadVolumeLimitError(_LimitError):
    """Too many bytes within 30 days (429)."""

    code, message = ErrorCode.UPLOAD_VOLUME_LIMIT, "Too much was uploaded within 30 days"


class InternalError(ScryonError):
    """Anything unexpected; logged with the request id (500)."""

    code, status, message = ErrorCode.INTERNAL_ERROR, 500, "Something went wrong on our side"


class AnalysisFailedError(ScryonError):
    """The analyst did not deliver; everything stored stays as it was (502). `details.reason` is an `errorReason`."""

    code, status, message = ErrorCode.ANALYSIS_FAILED, 502, "The conversation could not be analysed"

    def __init__(self, reason: str) -> None:
        super().__init__({"reason": reason})


class VoiceProviderProblem(StrEnum):
    """Why a voice provider did not deliver (rest.md, section 2.16)."""

    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    NOT_CONFIGURED = "not_configured"


class VoiceProviderError(ScryonError):
    """The voice provider did not deliver (502). `details.reason` is a `VoiceProviderProblem`."""

    code, status, message = ErrorCode.VOICE_PROVIDER_ERROR, 502, "The voice provider did not deliver"

    def __init__(self, reason: VoiceProviderProblem) -> None:
        super().__init__({"reason": reason})
        self.reason = reason


class ServiceUnavailableError(ScryonError):
    """The database or the identity keys are not reachable, or the service is too busy (503)."""

    code, status, message = ErrorCode.SERVICE_UNAVAILABLE, 503, "The service is not available at the moment"
    retry_after_seconds = RETRY_AFTER_SECONDS


class StorageUnavailableError(ScryonError):
    """Object storage is not reachable (503)."""

    code, status, message = ErrorCode.STORAGE_UNAVAILABLE, 503, "The object storage is not available at the moment"
    retry_after_seconds = RETRY_AFTER_SECONDS
