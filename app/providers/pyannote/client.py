"""Single requests to pyannoteAI: uploads, submissions, polls. What a job is made of them is in `jobs.py`.

Documented at https://docs.pyannote.ai/openapi.json (August 2026). Source: providers.md, section 2.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import orjson
import structlog

from app.providers.pyannote.faults import Cause, JobError, Step, is_refusal
from app.providers.pyannote.presigned import make_upload
from app.providers.sending import Patience, ProviderFault, Sleep, send, with_patience
from app.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")
EnsureWanted = Callable[[], Awaitable[None]]

_PAYMENT_REQUIRED = 402
_MAX_JITTER = 1.2
"""A pause between polls is up to so many times as long as it should be, and never shorter."""


class Endpoint(StrEnum):
    """Where jobs are submitted."""

    DIARIZE = "/v1/diarize"
    VOICEPRINT = "/v1/voiceprint"
    IDENTIFY = "/v1/identify"


@dataclass(frozen=True, slots=True)
class PyannoteSettings:
    """Where pyannoteAI is, and how long it is waited for.

    `timeout_seconds` is for a whole job with its upload, `request_seconds` for a request with a short answer;
    `max_retries` is how often a request is repeated after an outage.
    """

    base_url: str
    api_key: str
    timeout_seconds: float
    poll_interval_seconds: float
    max_retries: int
    request_seconds: float = 30


class PyannoteClient:
    """Asks pyannoteAI. Before each request, repeats included, `ensure_wanted` is called; what it raises passes."""

    def __init__(self, http: httpx.AsyncClient, settings: PyannoteSettings, *, sleep: Sleep = asyncio.sleep) -> None:
        self._http = http
        self._base_url = settings.base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {settings.api_key}"}
        self._settings = settings
        self._patience = Patience([2.0**repeat for repeat in range(settings.max_retries)])
        self._sleep = sleep

    @property
    def timeout_seconds(self) -> float:
        """How long a whole job may take."""
        return self._settings.timeout_seconds

    async def upload(self, media_key: str, content: bytes, ensure_wanted: EnsureWanted) -> None:
        """Put audio, a file of any format, where jobs find it as `media_key` for a day or two.

        Raises:
            JobError: it did not get there.
        """

        async def ask_for_address() -> str:
            answer = await self._post("/v1/media/input", {"url": media_key}, ensure_wanted)
            return _read_text(answer, "url", Step.MEDIA)

        address = await self.patiently(Step.MEDIA, ask_for_address)
        try:
            request = make_upload(address, content)
        except ValueError as error:
            raise JobError(Step.MEDIA, Cause.MALFORMED) from error

        async def put() -> None:
            await ensure_wanted()
            await send(self._http, request, timeout_seconds=self._settings.timeout_seconds)

        await self.patiently(Step.UPLOAD, put)

    async def submit(self, endpoint: Endpoint, body: Mapping[str, Any], ensure_wanted: EnsureWanted) -> str:
        """Order a job, which is paid for, and answer its id; never repeated here.

        Raises:
            ProviderFault: it was refused, or nobody knows.
            JobError: the answer names no job.
        """
        return _read_text(await self._post(endpoint, body, ensure_wanted), "jobId", Step.SUBMIT)

    async def poll(self, job_id: str, ensure_wanted: EnsureWanted) -> bytes:
        """Ask for a job; answers what pyannoteAI says of it, as it came.

        Raises:
            JobError: it did not say anything.
        """

        async def ask() -> bytes:
            url = f"{self._base_url}/v1/jobs/{quote(job_id, safe='')}"
            return await self._send(self._http.build_request("GET", url, headers=self._headers), ensure_wanted)

        return await self.patiently(Step.POLL, ask)

    async def pause(self) -> None:
        """Wait until the next poll."""
        await self._sleep(self._settings.poll_interval_seconds * random.uniform(1, _MAX_JITTER))  # noqa: S311  (jitter)

    async def patiently(self, step: Step, ask: Callable[[], Awaitable[T]]) -> T:
        """Repeat `ask` after outages and where it came too often, each as many times as is allowed.

        Raises:
            JobError: it went wrong for good.
        """

        async def ask_once() -> T:
            try:
                return await ask()
            except ProviderFault as fault:
                if fault.status == _PAYMENT_REQUIRED:
                    log.error("pyannote_payment_required", cure="check subscription, credit and budget at pyannoteAI")
                if is_refusal(fault):
                    raise JobError.of(step, fault) from fault
                raise

        try:
            return await with_patience(ask_once, self._patience, sleep=self._sleep)
        except ProviderFault as fault:
            raise JobError.of(step, fault) from fault

    async def _post(self, path: str, body: Mapping[str, Any], ensure_wanted: EnsureWanted) -> bytes:
        request = self._http.build_request("POST", f"{self._base_url}{path}", headers=self._headers, json=body)
        return await self._send(request, ensure_wanted)

    async def _send(self, request: httpx.Request, ensure_wanted: EnsureWanted) -> bytes:
        await ensure_wanted()
        response = await send(self._http, request, timeout_seconds=self._settings.request_seconds)
        return response.content


def open_client(settings: Settings, http: httpx.AsyncClient) -> PyannoteClient | None:
    """The client for the configured account; None without a key."""
    if settings.pyannote_api_key is None:
        return None
    chosen = PyannoteSettings(
        base_url=settings.pyannote_base_url,
        api_key=settings.pyannote_api_key,
        timeout_seconds=settings.diarization_timeout_seconds,
        poll_interval_seconds=settings.diarization_poll_interval_seconds,
        max_retries=settings.diarization_max_retries,
    )
    return PyannoteClient(http, chosen)


def _read_text(answer: bytes, name: str, step: Step) -> str:
    try:
        document = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise JobError(step, Cause.MALFORMED) from error
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise JobError(step, Cause.MALFORMED)
    return value
