"""Why calls fail: the closed list of `errorReason` codes and the sentence that a person reads for each.

Source: pipeline.md, section 3.5; rest.md, section 4.
"""

from enum import StrEnum


class FailureReason(StrEnum):
    """Code stored in `call_records.error_reason`; never a provider's own words."""

    TRANSCRIPTION_4XX = "transcription_4xx"
    TRANSCRIPTION_UNAVAILABLE = "transcription_unavailable"
    TRANSCRIPTION_TIMEOUT = "transcription_timeout"
    TRANSCRIPTION_EMPTY = "transcription_empty"
    TRANSCRIPTION_INVALID_RESPONSE = "transcription_invalid_response"
    TRANSCRIPTION_NOT_CONFIGURED = "transcription_not_configured"
    TRANSCRIPTION_CALLBACK_TIMEOUT = "transcription_callback_timeout"
    ALIGNMENT_FAILED = "alignment_failed"
    NORMALIZATION_FAILED = "normalization_failed"
    ANALYSIS_4XX = "analysis_4xx"
    ANALYSIS_UNAVAILABLE = "analysis_unavailable"
    ANALYSIS_TIMEOUT = "analysis_timeout"
    ANALYSIS_INVALID_RESPONSE = "analysis_invalid_response"
    ANALYSIS_REFUSED = "analysis_refused"
    ANALYSIS_TRUNCATED = "analysis_truncated"
    ANALYSIS_NOT_CONFIGURED = "analysis_not_configured"
    AUDIO_MISSING = "audio_missing"
    AUDIO_UNDECODABLE = "audio_undecodable"
    AUDIO_TOO_LONG = "audio_too_long"
    STORAGE_ERROR = "storage_error"
    STALE_TIMEOUT = "stale_timeout"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    INTERNAL_ERROR = "internal_error"
    MANUAL_SWEEP = "manual_sweep"


_NOT_FINISHED = "Processing did not finish."
_MESSAGES: dict[str, str] = {
    FailureReason.TRANSCRIPTION_TIMEOUT: "Transcription took too long.",
    FailureReason.TRANSCRIPTION_EMPTY: "No speech was found in the recording.",
    **dict.fromkeys(
        (
            FailureReason.TRANSCRIPTION_4XX,
            FailureReason.TRANSCRIPTION_UNAVAILABLE,
            FailureReason.TRANSCRIPTION_INVALID_RESPONSE,
            FailureReason.TRANSCRIPTION_NOT_CONFIGURED,
            FailureReason.TRANSCRIPTION_CALLBACK_TIMEOUT,
        ),
        "The recording could not be transcribed.",
    ),
    **dict.fromkeys(
        (FailureReason.ALIGNMENT_FAILED, FailureReason.NORMALIZATION_FAILED), "The transcript could not be built."
    ),
    **dict.fromkeys(
        (reason for reason in FailureReason if reason.startswith("analysis_")),
        "The conversation could not be analysed.",
    ),
    **dict.fromkeys(
        (
            FailureReason.AUDIO_MISSING,
            FailureReason.AUDIO_UNDECODABLE,
            FailureReason.AUDIO_TOO_LONG,
            FailureReason.STORAGE_ERROR,
        ),
        "The recording could not be read.",
    ),
}


def failure_message(reason: str | None) -> str | None:
    """The fixed English sentence for a failure code; None for None."""
    return None if reason is None else _MESSAGES.get(reason, _NOT_FINISHED)


class HardFailureError(Exception):
    """A call cannot be recovered: it becomes FAILED with this reason, at once and for good."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class DiarizationFallback(StrEnum):
    """Why a call goes on without the turns of the diarization provider (pipeline.md, section 3.3)."""

    TOO_LONG = "too_long"
    UPLOAD_FAILED = "upload_failed"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    NETWORK = "network"
    TIMEOUT = "timeout"
    JOB_FAILED = "job_failed"
    EMPTY_RESULT = "empty_result"
    NOT_CONFIGURED = "not_configured"


class DiarizationFailedError(Exception):
    """A provider has given no turns. `detail` is a word for the event, more exact than the reason."""

    def __init__(self, reason: DiarizationFallback, detail: str | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.detail = detail
