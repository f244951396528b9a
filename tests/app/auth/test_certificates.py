"""How seldom keys are fetched, and how long they are good. Source: rest.md, 1.3 (AU3); providers.md, 4.1."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.auth.certificates import GRACE_SECONDS, PAUSE_SECONDS, CertificateCache, UnknownKeyError
from app.errors import ServiceUnavailableError
from tests.app.auth.conftest import Clock
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.http_double import Failure


@pytest.fixture
async def cache(google_keys: GoogleKeys, clock: Clock) -> AsyncIterator[CertificateCache]:
    async with httpx.AsyncClient(trust_env=False) as client:
        opened = CertificateCache(client, google_keys.url, clock=clock)
        yield opened
        await opened.close()


async def is_known(cache: CertificateCache, key_id: str) -> bool:
    try:
        await cache.find(key_id)
    except UnknownKeyError:
        return False
    return True


async def test_keys_are_fetched_once(cache: CertificateCache, google_keys: GoogleKeys) -> None:
    found = [await cache.find(key.kid) for key in google_keys.keys for _ in range(3)]

    assert found[0].public_numbers() == google_keys.keys[0].private_key.public_key().public_numbers()
    assert len(google_keys.requests) == 1


async def test_requests_at_the_same_time_share_a_fetch(cache: CertificateCache, google_keys: GoogleKeys) -> None:
    await asyncio.gather(*(cache.find(google_keys.key.kid) for _ in range(20)))

    assert len(google_keys.requests) == 1


async def test_stale_keys_are_renewed_while_they_serve(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock
) -> None:
    google_keys.max_age_seconds = 600
    await cache.find(google_keys.key.kid)
    clock.now += 601
    google_keys.hold()

    await cache.find(google_keys.key.kid)

    await asyncio.to_thread(google_keys.wait_for_requests, 2)
    await cache.find(google_keys.key.kid)
    google_keys.release()
    assert len(google_keys.requests) == 2


async def test_fresh_keys_are_left_alone(cache: CertificateCache, google_keys: GoogleKeys, clock: Clock) -> None:
    google_keys.max_age_seconds = 600
    await cache.find(google_keys.key.kid)
    clock.now += 600

    await cache.find(google_keys.key.kid)

    assert len(google_keys.requests) == 1


async def test_rotation_is_noticed(cache: CertificateCache, google_keys: GoogleKeys, clock: Clock) -> None:
    await cache.find(google_keys.key.kid)
    google_keys.rotate()
    clock.now += PAUSE_SECONDS

    await cache.find(google_keys.key.kid)

    assert len(google_keys.requests) == 2


async def test_withdrawn_key_is_not_good_any_more(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock
) -> None:
    withdrawn = google_keys.keys[0].kid
    await cache.find(withdrawn)
    google_keys.rotate()
    clock.now += PAUSE_SECONDS
    await cache.find(google_keys.key.kid)

    assert await is_known(cache, withdrawn) is False


async def test_unknown_keys_do_not_make_us_ask_all_the_time(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock
) -> None:
    await cache.find(google_keys.key.kid)
    clock.now += PAUSE_SECONDS

    assert [await is_known(cache, f"forged-{n}") for n in range(50)] == [False] * 50
    assert len(google_keys.requests) == 2


@pytest.mark.parametrize("failure", list(Failure))
async def test_known_keys_outlive_an_outage_by_a_day(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock, failure: Failure
) -> None:
    google_keys.max_age_seconds = 600
    await cache.find(google_keys.key.kid)
    google_keys.failure = failure

    clock.now += 600 + GRACE_SECONDS
    await cache.find(google_keys.key.kid)
    clock.now += 1
    with pytest.raises(ServiceUnavailableError):
        await cache.find(google_keys.key.kid)


@pytest.mark.parametrize("failure", list(Failure))
async def test_without_any_key_nobody_can_tell(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock, failure: Failure
) -> None:
    google_keys.failure = failure
    with pytest.raises(ServiceUnavailableError):
        await cache.find(google_keys.key.kid)

    # Not at once again, whoever asks.
    with pytest.raises(ServiceUnavailableError):
        await cache.find(google_keys.key.kid)
    assert len(google_keys.requests) == 1

    google_keys.failure = None
    clock.now += PAUSE_SECONDS
    await cache.find(google_keys.key.kid)


async def test_unknown_key_during_an_outage_may_be_a_new_one(
    cache: CertificateCache, google_keys: GoogleKeys, clock: Clock
) -> None:
    await cache.find(google_keys.key.kid)
    google_keys.failure = Failure.SERVER_ERROR
    clock.now += PAUSE_SECONDS

    with pytest.raises(ServiceUnavailableError):
        await cache.find(google_keys.unpublished_key.kid)
    await cache.find(google_keys.key.kid)


async def test_missing_max_age_is_an_hour(cache: CertificateCache, google_keys: GoogleKeys, clock: Clock) -> None:
    google_keys.max_age_seconds = None
    await cache.find(google_keys.key.kid)
    clock.now += 3600
    await cache.find(google_keys.key.kid)
    assert len(google_keys.requests) == 1

    clock.now += 1
    await cache.find(google_keys.key.kid)

    await asyncio.to_thread(google_keys.wait_for_requests, 2)


async def test_warming_up_fetches_before_anybody_asks(cache: CertificateCache, google_keys: GoogleKeys) -> None:
    cache.warm_up()

    await asyncio.to_thread(google_keys.wait_for_requests, 1)
    await cache.find(google_keys.key.kid)
    assert len(google_keys.requests) == 1
