"""Messages to phones through Firebase Cloud Messaging: data only, of high priority, for an hour.

Sent once each, as a message leaves the queue before it is sent (`jobs/one_try.py`). What Google repeats, no
`collapse_key` prevents, since an offline phone has at most four of them, and the fifth finished call would push out the
news of another: apps know a repeat by `callId` and `status`. Source: providers.md, section 4.4.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import structlog
from pydantic import BaseModel, Field, ValidationError

from app.admin_sdk import MAX_THREADS, AdminSdk
from app.settings import Settings

log = structlog.get_logger()

TIME_TO_LIVE = timedelta(hours=1)
"""How long Google keeps a message for a phone that it cannot reach (providers.md, section 4.4)."""

TIMEOUT_SECONDS = 5.0
DEADLINE_SECONDS = 9.0
"""How long a message may wait for a thread, and how long it may take then, the bearer that it may need included: both
together less than a worker has to stop (20 s, jobs/worker.py)."""

REPEATS = 2
"""How often the SDK asks again after a 500 or a 503; four times by itself."""

BACK_OFF_SECONDS = 0.5
"""The unit of the pauses between these: the first repeat comes at once, the second after two of them."""


class PushOutcome(StrEnum):
    """What became of a message. `TOKEN_DEAD`: nobody listens on this token any more, and nobody ever will."""

    SENT = "sent"
    TOKEN_DEAD = "token_dead"  # noqa: S105  (an outcome)
    FAILED = "failed"


Send = Callable[[str, Mapping[str, str]], Awaitable[PushOutcome]]
"""Sends one message: the token of the phone and the data."""


class PushSender:
    """Sends for one Firebase project, in threads, since the SDK blocks; loads the SDK, so only a worker makes one."""

    def __init__(
        self,
        project_id: str,
        service_account: Mapping[str, str],
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
        back_off_seconds: float = BACK_OFF_SECONDS,
    ) -> None:
        """Raises ValueError for a service account that cannot be one."""
        from firebase_admin import exceptions, messaging

        self._messaging = messaging
        self._exceptions = exceptions
        self._deadline_seconds = deadline_seconds
        self._sdk = AdminSdk(project_id, service_account, timeout_seconds=timeout_seconds)
        self._free_threads = asyncio.Semaphore(MAX_THREADS)
        _bound_repeats(messaging._get_messaging_service(self._sdk.app), back_off_seconds)

    async def close(self) -> None:
        """Forget the service account."""
        await self._sdk.close()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Send]:
        """Wait for a free thread, and give the block what sends one message by it, at once.

        Whoever checks first and waits then, behind a Google that hangs, tells of a call that is deleted meanwhile.
        What sends never raises, and whatever goes wrong is logged by its type alone.

        Raises:
            TimeoutError: no thread became free in time.
        """
        async with asyncio.timeout(self._deadline_seconds):
            await self._free_threads.acquire()
        jobs: list[Future[Any]] = []
        try:
            yield partial(self._send, jobs)
        finally:
            loop = asyncio.get_running_loop()
            # A thread may go on after its message was given up.
            for job in jobs:
                job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free_threads.release))
            if not jobs:
                self._free_threads.release()

    async def _send(self, jobs: list[Future[Any]], token: str, data: Mapping[str, str]) -> PushOutcome:
        try:
            job = self._sdk.submit(self._messaging.send, self._build(token, data), False)
            jobs.append(job)
            async with asyncio.timeout(self._deadline_seconds):
                await asyncio.wrap_future(job)
        except Exception as error:
            outcome = PushOutcome.TOKEN_DEAD if self._means_dead_token(error) else PushOutcome.FAILED
            log.warning("push_not_sent", outcome=outcome, error=type(error).__name__)
            return outcome
        log.info("push_sent")
        return PushOutcome.SENT

    def _build(self, token: str, data: Mapping[str, str]) -> Any:
        android = self._messaging.AndroidConfig(priority="high", ttl=TIME_TO_LIVE)
        message = self._messaging.Message(data=dict(data), android=android)
        # Not as an argument, which warns that `fid` is to come: that is the id of an installation, and what apps give
        # us are registration tokens, which FCM takes here only.
        message.token = token
        return message

    def _means_dead_token(self, error: Exception) -> bool:
        if isinstance(error, self._messaging.UnregisteredError | self._messaging.SenderIdMismatchError):
            return True
        return isinstance(error, self._exceptions.InvalidArgumentError) and _blames_token(error)


@asynccontextmanager
async def open_push(settings: Settings) -> AsyncIterator[PushSender | None]:
    """Open what a worker sends with; None without a service account. Nothing connects before the first message."""
    project_id, service_account = settings.firebase_project_id, settings.service_account
    if project_id is None or service_account is None:
        yield None
        return
    sender = PushSender(project_id, service_account)
    try:
        yield sender
    finally:
        await sender.close()


def _bound_repeats(service: Any, back_off_seconds: float) -> None:
    """Let the SDK repeat only what Google has answered with 500 or 503, and never rest for long.

    By itself it also repeats when no answer came, so that a phone might be told twice, and sleeps for up to six hours
    when the `Retry-After` of a 429 or 503 says so, which would hold the thread and the end of the process. It has no
    option for this.
    """
    for adapter in service._client.session.adapters.values():
        adapter.max_retries = adapter.max_retries.new(
            status=REPEATS, read=False, respect_retry_after_header=False, backoff_factor=back_off_seconds
        )


class _Violation(BaseModel):
    field: str = ""


class _Detail(BaseModel):
    violations: list[_Violation] = Field([], alias="fieldViolations")


class _Error(BaseModel):
    message: str = ""
    details: list[_Detail] = []


class _ErrorAnswer(BaseModel):
    """Google's shape of an error, as far as it says which part of a request was wrong."""

    error: _Error


def _blames_token(error: Any) -> bool:
    """Whether a 400 speaks of the token; if not, the mistake is ours, and the token is as good as before."""
    if error.http_response is None:
        return False
    try:
        answer = _ErrorAnswer.model_validate_json(error.http_response.content).error
    except ValidationError:
        return False
    fields = [violation.field for detail in answer.details for violation in detail.violations]
    return "message.token" in fields or "registration token" in answer.message.lower()
