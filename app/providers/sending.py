"""Requests to providers: a deadline for the whole answer, a bound on its size, repeats that honour Retry-After.

A fault holds a status and nothing else of an answer: bodies of providers are neither kept nor logged, and addresses
may be signed. Source: pipeline.md, sections 3.3, 3.4 and 11.2 (L4, L5).
"""

import asyncio
import functools
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, TypeVar

import httpx

from app.observability.clients import watch_request
from app.observability.metrics import Metrics
from app.observability.tracing import client_span

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

CONNECT_SECONDS = 10
MAX_ANSWER_BYTES = 64 * 1024**2
"""Far beyond the transcript of the longest recording."""

MAX_RETRY_AFTER_SECONDS = 30.0
_WAITABLE_STATUSES = frozenset({408, 425})
_WIRE_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class FaultKind(StrEnum):
    """What became of a request instead of an answer."""

    NETWORK = "network"
    """No connection, or one that broke."""
    TIMEOUT = "timeout"
    """The deadline passed."""
    STATUS = "status"
    """Another status than 2xx."""
    TOO_LARGE = "too_large"


class ProviderFault(Exception):
    """A request without a usable answer. `status` and `retry_after_seconds` only where the provider has told them."""

    def __init__(self, kind: FaultKind, status: int | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(kind if status is None else f"{kind} {status}")
        self.kind = kind
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_rate_limit(self) -> bool:
        return self.status == 429

    @property
    def is_outage(self) -> bool:
        """Whether the same request may go well a little later."""
        if self.kind is FaultKind.STATUS:
            return self.status is not None and (self.status >= 500 or self.status in _WAITABLE_STATUSES)
        return self.kind is FaultKind.NETWORK


@functools.cache
def tls_context() -> ssl.SSLContext:
    """What every client of this process trusts; reading the certificates takes 25 ms, so it is done once."""
    return httpx.create_ssl_context()


class WatchedClient(httpx.AsyncClient):
    """A client whose requests are counted and logged, where there is something to count them with."""

    def __init__(self, metrics: Metrics | None, **options: Any) -> None:
        super().__init__(**options)
        self._metrics = metrics

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request as any client does."""
        with watch_request(self._metrics, request.url.host, request.url.path) as answered:
            response = await super().send(request, **options)
            answered.status = response.status_code
        return response


@asynccontextmanager
async def open_http_client(metrics: Metrics | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """The client of a process for its providers; a deadline is set per request, by `send`."""
    timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
    # As many connections as there are runs: waiting for a free one would look like an outage of the provider.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with WatchedClient(metrics, timeout=timeout, limits=limits, verify=tls_context()) as client:
        yield client


async def send(client: httpx.AsyncClient, request: httpx.Request, *, timeout_seconds: float) -> httpx.Response:
    """Send a request and read its whole answer; redirects are not followed.

    Raises:
        ProviderFault: no answer in time, none at all, too large a one, or another status than 2xx.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            with client_span(request.method, request.url.host, _path(request)) as opened:
                response = await client.send(request, stream=True, follow_redirects=False)
                opened.note_status(response.status_code)
            try:
                if not response.is_success:
                    retry_after = parse_retry_after(response.headers.get("Retry-After"))
                    raise ProviderFault(FaultKind.STATUS, response.status_code, retry_after)
                content = await _read(response)
            finally:
                await response.aclose()
                # It holds the response, which holds the request: an upload would stay in memory until that circle is
                # found, which may be much later.
                response.stream = httpx.ByteStream(b"")
    except TimeoutError as error:
        raise ProviderFault(FaultKind.TIMEOUT) from error
    except httpx.HTTPError as error:
        raise ProviderFault(FaultKind.NETWORK) from error
    return httpx.Response(response.status_code, headers=_decoded(response.headers), content=content)


def _path(request: httpx.Request) -> str:
    """As it was sent, without the query, which may sign it."""
    return request.url.raw_path.partition(b"?")[0].decode("ascii")


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ProviderFault(FaultKind.TOO_LARGE)
    return bytes(content)


def _decoded(headers: httpx.Headers) -> list[tuple[str, str]]:
    """The headers without those that describe the content as it was on the wire."""
    return [(name, value) for name, value in headers.multi_items() if name not in _WIRE_HEADERS]


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header, which holds a number or a date; None for anything else."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is repeated, and after which pauses when the provider names none.

    `outage_delays_seconds` has one entry per repeat after an outage; jitter shortens or lengthens each by up to a
    quarter. After 429 there are `rate_limit_repeats`, with the first of the pauses.
    """

    outage_delays_seconds: Sequence[float]
    rate_limit_repeats: int = 2
    rate_limit_delay_seconds: float = 2.0


async def with_patience(ask: Callable[[], Awaitable[T]], patience: Patience, *, sleep: Sleep = asyncio.sleep) -> T:
    """Call `ask` until it succeeds, fails for good, or has been repeated often enough.

    A Retry-After of the provider is honoured up to 30 s.

    Raises:
        ProviderFault: the last one of `ask`.
    """
    outages = rate_limits = 0
    while True:
        try:
            return await ask()
        except ProviderFault as fault:
            if fault.is_rate_limit and rate_limits < patience.rate_limit_repeats:
                rate_limits += 1
                pause = patience.rate_limit_delay_seconds
            elif fault.is_outage and outages < len(patience.outage_delays_seconds):
                pause = patience.outage_delays_seconds[outages]
                outages += 1
            else:
                raise
            await sleep(choose_pause(fault.retry_after_seconds, pause))


def choose_pause(told_seconds: float | None, usual_seconds: float) -> float:
    """How long to wait for another try: as the provider says, up to 30 s, else as usual, give or take a quarter."""
    if told_seconds is not None:
        return min(told_seconds, MAX_RETRY_AFTER_SECONDS)
    return usual_seconds * random.uniform(0.75, 1.25)  # noqa: S311  (jitter, not a secret)
