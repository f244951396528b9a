"""Limits on what one user may upload. Source: rest.md, sections 2.2 (Q1 to Q3, QR1, QR5) and 6 (T16)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.calls.models import CallStatus
from app.resources import Resources
from tests.factories import Factory
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.rest.serving import rest_client

BODY = encode([file(WAV)])
GUARD = {"configured_upload_guard": True}


async def upload(rest: httpx.AsyncClient, key: str | None = None) -> httpx.Response:
    headers = {"Content-Type": CONTENT_TYPE, **({"Idempotency-Key": key} if key else {})}
    return await rest.post("/api/calls/analyze", content=BODY, headers=headers)


async def make_calls(factory: Factory, owner: UUID, number: int, *, age: timedelta, **values: Any) -> None:
    for _ in range(number):
        await factory.call(owner, created_at=datetime.now(UTC) - age, **values)


@pytest.mark.parametrize(("calls", "status"), [(2, 202), (3, 429), (4, 429)])
async def test_uploads_per_hour(resources: Resources, factory: Factory, owner: UUID, calls: int, status: int) -> None:
    await make_calls(factory, owner, calls, age=timedelta(minutes=59))
    await make_calls(factory, owner, 5, age=timedelta(minutes=61))

    async with rest_client(resources, **GUARD, max_uploads_per_hour=3) as rest:
        answer = await upload(rest)

    assert answer.status_code == status
    if status == 429:
        assert answer.json()["error"]["code"] == "UPLOAD_RATE_LIMIT"
        assert answer.json()["error"]["details"] == {"limit": 3, "used": calls}
        assert 50 <= int(answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize(("calls", "status"), [(1, 202), (2, 429), (3, 429)])
@pytest.mark.parametrize("in_flight", ["QUEUED", "PROCESSING", "TRANSCRIBING", "ANALYZING"])
async def test_calls_in_flight(
    resources: Resources, factory: Factory, owner: UUID, in_flight: str, calls: int, status: int
) -> None:
    await make_calls(factory, owner, calls, age=timedelta(days=40), status=CallStatus(in_flight))
    await make_calls(factory, owner, 2, age=timedelta(days=40), status=CallStatus.COMPLETED)

    async with rest_client(resources, **GUARD, max_concurrent_active_calls=2) as rest:
        answer = await upload(rest)

    assert answer.status_code == status
    if status == 429:
        assert answer.json()["error"]["code"] == "CONCURRENT_CALLS_LIMIT"
        assert answer.json()["error"]["details"] == {"limit": 2, "used": calls}
        assert answer.headers["retry-after"] == "30"


@pytest.mark.parametrize(("left", "status"), [(0, 202), (-1, 429)])
async def test_bytes_in_thirty_days(
    resources: Resources, factory: Factory, owner: UUID, left: int, status: int
) -> None:
    used = 100_000 - len(WAV) - left
    await make_calls(factory, owner, 1, age=timedelta(days=29), byte_size=used)
    await make_calls(factory, owner, 1, age=timedelta(days=31), byte_size=100_000)

    async with rest_client(resources, **GUARD, max_monthly_upload_bytes=100_000) as rest:
        answer = await upload(rest)

    assert answer.status_code == status
    if status == 429:
        assert answer.json()["error"]["code"] == "UPLOAD_VOLUME_LIMIT"
        assert answer.json()["error"]["details"] == {"limit": 100_000, "used": used}
        assert "retry-after" not in answer.headers


async def test_parallel_uploads_do_not_share_the_last_place(
    resources: Resources, factory: Factory, owner: UUID
) -> None:
    await make_calls(factory, owner, 2, age=timedelta(minutes=1), status=CallStatus.QUEUED)

    async with rest_client(resources, **GUARD, max_concurrent_active_calls=3) as rest:
        answers = await asyncio.gather(*(upload(rest) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 9
    assert len(await resources.storage.list_keys("users/")) == 1


async def test_replay_at_the_limit_is_no_upload(resources: Resources, owner: UUID) -> None:
    async with rest_client(resources, **GUARD, max_uploads_per_hour=1) as rest:
        first = await upload(rest, "k")
        second = await upload(rest, "k")
        other = await upload(rest, "other")
        again = await upload(rest, "other")

    assert (second.status_code, second.content) == (202, first.content)
    assert [(answer.status_code, answer.headers.get("idempotency-replayed")) for answer in (other, again)] == [
        (429, None),
        (429, None),
    ]


async def test_guard_is_off_where_nobody_signs_in(resources: Resources, factory: Factory, owner: UUID) -> None:
    await make_calls(factory, owner, 25, age=timedelta(minutes=1), status=CallStatus.QUEUED)

    async with rest_client(resources) as rest:
        answer = await upload(rest)

    assert answer.status_code == 202


async def test_other_users_do_not_count(resources: Resources, factory: Factory, bob: UUID) -> None:
    await make_calls(factory, bob, 25, age=timedelta(minutes=1), status=CallStatus.QUEUED)

    async with rest_client(resources, **GUARD) as rest:
        answer = await upload(rest)

    assert answer.status_code == 202
