"""The `openai` library, one bounded request at a time.

Importing this module takes two thirds of a second and 37 MiB, so `chat` does it when a model is first asked.
The library's retries are off, redirects are not followed, its environment variables do not count, and its exceptions,
which hold prompts and bodies, end here: what is raised has no cause and no context.

Source: providers.md, sections 3.1 and 3.5; https://developers.openai.com/api/reference, November 2026.
"""

import asyncio
import logging
from typing import Any

import httpx2

from app.observability.clients import watch_request
from app.observability.metrics import Metrics
from app.observability.tracing import client_span
from app.providers.sending import CONNECT_SECONDS, FaultKind, ProviderFault, parse_retry_after, tls_context

_logger = logging.getLogger("openai")
_level = _logger.level
import openai  # noqa: E402

# With OPENAI_LOG in the environment the import turns on the library's lines.
_logger.setLevel(_level)

MAX_ANSWER_BYTES = 4 * 1024**2
"""Far beyond what a model writes before it reaches the limit of its tokens."""

_QUOTA_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted"})


class FormatRefusedFault(ProviderFault):
    """The server cannot do the `response_format` of the request (400)."""


class QuotaFault(ProviderFault):
    """There is no money left (429): waiting does not help."""

    @property
    def is_rate_limit(self) -> bool:
        return False


class _BoundedClient(httpx2.AsyncClient):
    """Reads answers as they come in, and no further than `MAX_ANSWER_BYTES`."""

    def __init__(self, metrics: Metrics | None, **options: Any) -> None:
        super().__init__(**options)
        self._metrics = metrics

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request and read its whole answer, whatever its status.

        Raises:
            ProviderFault: the answer is too large.
        """
        url = request.url
        with (
            watch_request(self._metrics, url.host, url.path) as answered,
            client_span(request.method, url.host, url.path) as opened,
        ):
            response = await super().send(request, **(options | {"stream": True}))
            answered.status = response.status_code
            opened.note_status(response.status_code)
        try:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    raise ProviderFault(FaultKind.TOO_LARGE)
        finally:
            await response.aclose()
        # The content is decoded already.
        headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
        return httpx2.Response(response.status_code, headers=headers, content=bytes(content), request=request)


def open_sdk(api_key: str, base_url: str, metrics: Metrics | None = None) -> openai.AsyncOpenAI:
    """Make the client of a process; connections are made on first use."""
    http = _BoundedClient(
        metrics,
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        verify=tls_context(),
        # As many connections as there are runs, see `open_http_client`.
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
    )
    sdk = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, timeout=http.timeout, http_client=http)
    # From OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_ADMIN_KEY and OPENAI_CUSTOM_HEADERS, meant for other programs.
    sdk.organization = sdk.project = sdk.admin_api_key = None
    sdk._custom_headers = {}
    return sdk


async def post_chat(sdk: openai.AsyncOpenAI, body: dict[str, Any], *, timeout_seconds: float) -> bytes:
    """Ask for a chat completion and read the whole answer.

    Raises:
        ProviderFault: no answer in time, none at all, too large a one, or another status than 2xx.
    """
    # Raised below and not in the handlers: they would hang the library's exception on it, with the prompt in it.
    fault: ProviderFault
    try:
        async with asyncio.timeout(timeout_seconds):
            # Raw, since the library gives anything that is not what it expects as something else without a word.
            answer = await sdk.chat.completions.with_raw_response.create(**body)
        content: bytes = answer.http_response.content
    except (TimeoutError, openai.APITimeoutError):
        fault = ProviderFault(FaultKind.TIMEOUT)
    except openai.APIConnectionError:
        fault = ProviderFault(FaultKind.NETWORK)
    except openai.APIStatusError as error:
        fault = _read_status(error)
    else:
        return content
    raise fault


def _read_status(error: openai.APIStatusError) -> ProviderFault:
    status = error.status_code
    retry_after = parse_retry_after(error.response.headers.get("Retry-After"))
    if status == 429 and not _QUOTA_CODES.isdisjoint({error.code, error.type}):
        return QuotaFault(FaultKind.STATUS, status, retry_after)
    # In `error.param` or in a text, of which there are as many shapes as servers.
    if status == 400 and b"response_format" in error.response.content:
        return FormatRefusedFault(FaultKind.STATUS, status)
    return ProviderFault(FaultKind.STATUS, status, retry_after)
