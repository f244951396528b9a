"""Requests to a real server that is slow, broken or busy."""

import gc
import gzip
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from app.providers.sending import (
    MAX_ANSWER_BYTES,
    FaultKind,
    Patience,
    ProviderFault,
    open_http_client,
    parse_retry_after,
    send,
    with_patience,
)
from tests.doubles.http_double import Answer, Cut, Failure, HttpDouble, Request, json_answer

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
NETWORK = ProviderFault(FaultKind.NETWORK)
RATE_LIMIT = ProviderFault(FaultKind.STATUS, 429)


class Service(HttpDouble):
    """Says hello."""

    def answer(self, request: Request) -> Answer:
        return json_answer({"hello": "there"})


class Asked:
    """Raises what it is told, in order, then answers; records the pauses that were asked for."""

    def __init__(self, *faults: ProviderFault) -> None:
        self._faults = list(faults)
        self.count = 0
        self.pauses: list[float] = []

    async def ask(self) -> str:
        self.count += 1
        if self._faults:
            raise self._faults.pop(0)
        return "answer"

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as double:
        yield double


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http_client() as opened:
        yield opened


async def ask(client: httpx.AsyncClient, service: Service, *, seconds: float = 10) -> httpx.Response:
    request = client.build_request("POST", f"http://{service.host}/hello?sig=zebracrossing", content=b"zebracrossing")
    return await send(client, request, timeout_seconds=seconds)


async def fault_of(client: httpx.AsyncClient, service: Service, *, seconds: float = 10) -> ProviderFault:
    with pytest.raises(ProviderFault) as raised:
        await ask(client, service, seconds=seconds)
    return raised.value


async def test_answer_comes_whole(client: httpx.AsyncClient, service: Service) -> None:
    response = await ask(client, service)

    assert (response.status_code, response.json()) == (200, {"hello": "there"})
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"


@pytest.mark.parametrize("failure", [None, Failure.UNAVAILABLE], ids=["answer", "fault"])
async def test_upload_is_kept_no_longer_than_its_request(
    client: httpx.AsyncClient, service: Service, failure: Failure | None
) -> None:
    service.failure = failure
    gc.disable()
    try:
        request = client.build_request("POST", f"http://{service.host}/hello", content=b"a large recording")
        is_there = weakref.ref(request)
        with suppress(ProviderFault):
            await send(client, request, timeout_seconds=10)
        del request

        assert is_there() is None
    finally:
        gc.enable()


async def test_compressed_answer_comes_decoded(client: httpx.AsyncClient, service: Service) -> None:
    packed = gzip.compress(b'{"hello": "you"}')
    service.failure = Answer(200, packed, headers={"Content-Encoding": "gzip", "Retry-After": "1"})

    response = await ask(client, service)

    assert response.content == b'{"hello": "you"}'
    assert response.headers["Content-Length"] == "16"
    assert response.headers["Retry-After"] == "1"
    assert "Content-Encoding" not in response.headers


async def test_answer_that_cannot_be_decoded_is_a_broken_connection(
    client: httpx.AsyncClient, service: Service
) -> None:
    service.failure = Answer(200, b"plain", headers={"Content-Encoding": "gzip"})

    fault = await fault_of(client, service)

    assert fault.kind is FaultKind.NETWORK


@pytest.mark.parametrize("failure", [None, Cut.DRIP], ids=["no answer", "an answer that never ends"])
async def test_deadline_holds_for_the_whole_answer(
    client: httpx.AsyncClient, service: Service, failure: Cut | None
) -> None:
    service.failure = failure
    if failure is None:
        service.hold()

    fault = await fault_of(client, service, seconds=0.3)

    assert (fault.kind, fault.status, fault.is_outage, str(fault)) == (FaultKind.TIMEOUT, None, False, "timeout")


@pytest.mark.parametrize("failure", [Failure.CLOSED_CONNECTION, Cut.RESET])
async def test_broken_connection_is_an_outage(
    client: httpx.AsyncClient, service: Service, failure: Failure | Cut
) -> None:
    service.failure = failure

    fault = await fault_of(client, service)

    assert (fault.kind, fault.status, fault.is_outage, str(fault)) == (FaultKind.NETWORK, None, True, "network")


async def test_refused_connection_is_an_outage(client: httpx.AsyncClient, service: Service) -> None:
    service.close()

    fault = await fault_of(client, service)

    assert (fault.kind, fault.is_outage) == (FaultKind.NETWORK, True)


async def test_too_large_an_answer_is_not_read_to_its_end(client: httpx.AsyncClient, service: Service) -> None:
    service.failure = Answer(200, gzip.compress(bytes(MAX_ANSWER_BYTES + 1), 1), headers={"Content-Encoding": "gzip"})

    fault = await fault_of(client, service)

    assert (fault.kind, fault.is_outage, fault.is_rate_limit) == (FaultKind.TOO_LARGE, False, False)


async def test_largest_answer_is_read(client: httpx.AsyncClient, service: Service) -> None:
    service.failure = Answer(200, gzip.compress(bytes(MAX_ANSWER_BYTES), 1), headers={"Content-Encoding": "gzip"})

    response = await ask(client, service)

    assert len(response.content) == MAX_ANSWER_BYTES


async def test_redirect_is_not_followed(client: httpx.AsyncClient, service: Service) -> None:
    service.failure = Answer(307, b"", headers={"Location": f"http://{service.host}/elsewhere"})

    fault = await fault_of(client, service)

    assert (fault.kind, fault.status, fault.is_outage) == (FaultKind.STATUS, 307, False)
    assert [request.path for request in service.requests] == ["/hello?sig=zebracrossing"]


@pytest.mark.parametrize(
    ("status", "is_outage", "is_rate_limit"),
    [
        (400, False, False),
        (404, False, False),
        (408, True, False),
        (425, True, False),
        (429, False, True),
        (500, True, False),
        (503, True, False),
    ],
)
async def test_status_decides_what_may_be_repeated(
    client: httpx.AsyncClient, service: Service, status: int, is_outage: bool, is_rate_limit: bool
) -> None:
    service.failure = Answer(status, b"zebracrossing", headers={"Retry-After": "7"})

    fault = await fault_of(client, service)

    assert (fault.status, fault.is_outage, fault.is_rate_limit) == (status, is_outage, is_rate_limit)
    assert (fault.retry_after_seconds, str(fault)) == (7.0, f"status {status}")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, float("inf")),
        ("Wed, 25 Nov 2026 12:01:30 GMT", 90.0),
        ("Wednesday, 25-Nov-26 12:01:30 GMT", 90.0),
        ("Wed Nov 25 12:01:30 2026", 90.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("1_000", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Wed, 99 Nov 2026 12:01:30 GMT", None),
        ("Wed, 25 Nov 2026 12:01:30 +" + "9" * 20, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


async def test_success_needs_no_patience() -> None:
    asked = Asked()

    assert await with_patience(asked.ask, Patience((1.0, 2.0)), sleep=asked.sleep) == "answer"
    assert (asked.count, asked.pauses) == (1, [])


async def test_each_outage_has_its_pause_until_there_are_none_left() -> None:
    asked = Asked(*[NETWORK] * 3)

    with pytest.raises(ProviderFault):
        await with_patience(asked.ask, Patience((1.0, 20.0)), sleep=asked.sleep)

    assert asked.count == 3
    assert [0.75 <= asked.pauses[0] <= 1.25, 15 <= asked.pauses[1] <= 25] == [True, True]


async def test_outages_and_rate_limits_are_counted_apart() -> None:
    asked = Asked(RATE_LIMIT, NETWORK, RATE_LIMIT)

    answer = await with_patience(asked.ask, Patience((1.0,), rate_limit_repeats=2), sleep=asked.sleep)

    assert (answer, asked.count) == ("answer", 4)


@pytest.mark.parametrize(
    "fault",
    [ProviderFault(FaultKind.TIMEOUT), ProviderFault(FaultKind.TOO_LARGE), ProviderFault(FaultKind.STATUS, 400)],
    ids=str,
)
async def test_what_cannot_get_better_is_not_repeated(fault: ProviderFault) -> None:
    asked = Asked(fault)

    with pytest.raises(ProviderFault) as raised:
        await with_patience(asked.ask, Patience((1.0,)), sleep=asked.sleep)

    assert (raised.value, asked.count, asked.pauses) == (fault, 1, [])


@pytest.mark.parametrize(("told", "pause"), [(0.0, 0.0), (7.0, 7.0), (3600.0, 30.0), (float("inf"), 30.0)])
@pytest.mark.parametrize("status", [429, 503])
async def test_told_pause_is_kept_up_to_a_limit(status: int, told: float, pause: float) -> None:
    asked = Asked(ProviderFault(FaultKind.STATUS, status, told))

    await with_patience(asked.ask, Patience((1.0,)), sleep=asked.sleep)

    assert asked.pauses == [pause]
