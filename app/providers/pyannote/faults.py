"""What can go wrong with a job at pyannoteAI, before anybody decides what that means for a call or for a voice."""

from enum import StrEnum

from app.providers.sending import FaultKind, ProviderFault

GONE_STATUSES = frozenset({404, 410})
"""What an unknown or forgotten job is answered with, as far as anybody knows (providers.md, section 2.4)."""


class Step(StrEnum):
    """Where it went wrong."""

    MEDIA = "media"
    """Asking for an address to upload to."""
    UPLOAD = "upload_io"
    """The upload itself, to a storage that is not pyannoteAI's API."""
    SUBMIT = "submit"
    POLL = "poll"
    JOB = "job"
    """The job as a whole."""


class Cause(StrEnum):
    """What went wrong. The last four happen to jobs, the others to requests, a timeout to both."""

    REFUSED = "refused"
    """A status below 500 that says no; 429 is not among them."""
    RATE_LIMITED = "rate_limited"
    OUTAGE = "outage"
    """A status of 500 or more."""
    NETWORK = "network"
    MALFORMED = "malformed"
    TIMEOUT = "timeout"
    FAILED = "failed"
    CANCELED = "canceled"
    WITHOUT_OUTPUT = "without_output"
    """Succeeded, but its output is not there, as it is after 24 hours."""


_PASSING = frozenset({Cause.RATE_LIMITED, Cause.OUTAGE, Cause.NETWORK, Cause.MALFORMED, Cause.TIMEOUT})


class JobError(Exception):
    """A job has brought nothing. Holds no word of the provider; `detail` is one of a closed list."""

    def __init__(self, step: Step, cause: Cause, status: int | None = None) -> None:
        self.step = step
        self.cause = cause
        self.status = status
        super().__init__(self.detail)

    @classmethod
    def of(cls, step: Step, fault: ProviderFault) -> "JobError":
        """The error for a request without a usable answer."""
        return cls(step, _find_cause(fault), fault.status)

    @property
    def detail(self) -> str:
        """A word such as `upload_io_http_400` or `poll_network`."""
        return f"{self.step}_{self.cause}" if self.status is None else f"{self.step}_http_{self.status}"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered a little later."""
        return self.step is not Step.JOB and self.cause in _PASSING

    @property
    def is_job_lost(self) -> bool:
        """Whether nothing is to be had of this job any more, so that another may take its place."""
        return self.step is Step.JOB or (self.step is Step.POLL and self.status in GONE_STATUSES)


def is_refusal(fault: ProviderFault) -> bool:
    """Whether a request is answered no, and repeating it is forbidden (pipeline.md, section 3.3)."""
    return fault.status is not None and fault.status < 500 and not fault.is_rate_limit


def _find_cause(fault: ProviderFault) -> Cause:
    if fault.is_rate_limit:
        return Cause.RATE_LIMITED
    if is_refusal(fault):
        return Cause.REFUSED
    match fault.kind:
        case FaultKind.STATUS:
            return Cause.OUTAGE
        case FaultKind.NETWORK:
            return Cause.NETWORK
        case FaultKind.TIMEOUT:
            return Cause.TIMEOUT
        case FaultKind.TOO_LARGE:
            return Cause.MALFORMED
