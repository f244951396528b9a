"""A deleted account leaves no row, no object and no message; a deleted call neither. Others keep what is theirs.

Every table, the whole object store and all of Redis are looked through.
Source: rest.md, sections 1.7 (ID9), 2.8, 2.9 and 2.14; pipeline.md, sections 8 (D5, D7) and 14 (P11).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import orjson
import pytest
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import CallRecord
from app.queue import QueueName
from app.resources import Resources
from app.storage.keys import user_prefix
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.privacy.contents import REDIS, Contents, about, is_table, read_contents
from tests.privacy.estate import Estate, make_estate
from tests.rest.serving import rest_client
from tests.stores import hold_messages

DEADLINE_SECONDS = 20
UPLOADS = 5
KEYED = {"Idempotency-Key": "delete-it"}

Estates = tuple[Estate, Estate]
Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    """A server that counts uploads, as Alice uses it."""
    async with rest_client(resources, upload_guard_enabled=True, max_concurrent_active_calls=100) as opened:
        opened.headers["X-Local-User-Id"] = "alice"
        yield opened


@pytest.fixture
async def estates(resources: Resources) -> Estates:
    """What Alice and Bob own, with messages about all of their calls: taken by a worker, dead, and waiting."""
    alice, bob = await make_estate(resources, "alice"), await make_estate(resources, "bob")
    broker = RedisBroker(url=resources.settings.redis_url, middleware=[])  # type: ignore[no-untyped-call]
    for estate in (alice, bob):
        taken, dead, *_ = estate.calls.values()
        consumer = broker.consume(QueueName.PIPELINE, prefetch=2)
        for call_id in (taken, dead):
            await resources.queue.send_process_call(call_id, estate.marker)
        _, message = next(consumer), next(consumer)
        assert message is not None
        consumer.nack(message)
    for estate in (alice, bob):
        for call_id in estate.calls.values():
            await resources.queue.send_process_call(call_id, estate.marker)
    broker.close()
    return alice, bob


async def delete_by_rest(client: httpx.AsyncClient, **options: object) -> None:
    answer = await client.delete("/api/users/me", **options)  # type: ignore[arg-type]
    assert (answer.status_code, answer.content) == (204, b"")


async def delete_by_graphql(client: httpx.AsyncClient, **options: object) -> None:
    answer = await client.post("/graphql", json={"query": "mutation { deleteMe }"}, **options)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (200, {"data": {"deleteMe": True}})


@pytest.mark.parametrize("headers", [{}, KEYED], ids=["", "with-a-key"])
@pytest.mark.parametrize("delete_me", [delete_by_rest, delete_by_graphql])
async def test_deleted_account_leaves_nothing(
    client: httpx.AsyncClient, resources: Resources, estates: Estates, delete_me: Ask, headers: dict[str, str]
) -> None:
    alice, bob = estates
    before = await read_contents(resources)

    await delete_me(client, headers=headers)

    after = await read_contents(resources)
    assert alice.find(after) == {}
    assert bob.find(after) == bob.find(before)
    assert {table: rows for table, rows in after.items() if is_table(table)} == {
        **{table: rows for table, rows in bob.find(before).items() if is_table(table)},
        "alembic_version": before["alembic_version"],
    }
    assert waiting_messages(after) == len(bob.calls)
    # A local store has folders, which are named after their users, too.
    assert not (resources.settings.storage_path / user_prefix(alice.user_id)).exists()


async def test_deleted_calls_leave_nothing_one_by_one(
    client: httpx.AsyncClient, resources: Resources, estates: Estates
) -> None:
    alice, bob = estates
    before = await read_contents(resources)

    for number, call_id in enumerate(alice.calls.values(), start=1):
        words = words_of_call(await read_contents(resources), str(call_id))
        answer = await client.delete(f"/api/calls/{call_id}", headers=KEYED)

        after = await read_contents(resources)
        assert answer.status_code == 204
        assert about(after, words) == {}
        assert waiting_messages(after) == len(alice.calls) - number + len(bob.calls)
    assert bob.find(after) == bob.find(before)


async def test_deleted_calls_leave_nothing_all_at_once(
    client: httpx.AsyncClient, resources: Resources, estates: Estates
) -> None:
    alice, bob = estates
    before = await read_contents(resources)
    ids = [str(call_id) for call_id in alice.calls.values()]
    words = set().union(*(words_of_call(before, call_id) for call_id in ids))

    answer = await client.request("DELETE", "/api/calls", json={"callIds": ids}, headers=KEYED)

    after = await read_contents(resources)
    assert answer.json() == {"deleted": len(ids), "missing": 0, "failed": []}
    assert about(after, words) == {}
    assert bob.find(after) == bob.find(before)
    assert waiting_messages(after) == len(bob.calls)


def words_of_call(contents: Contents, call_id: str) -> set[str]:
    """The ids of the call and of all rows that name it."""
    rows = [row for place, found in about(contents, [call_id]).items() if is_table(place) for row in found]
    return {call_id, *(row["id"] for row in map(orjson.loads, rows) if "id" in row)}


def waiting_messages(contents: Contents) -> int:
    """How many messages no worker has taken; each must be there."""
    prefix = f"dramatiq:{QueueName.PIPELINE}"
    entries = contents.get(REDIS, [])
    stored = [entry for entry in entries if entry.startswith(f"{prefix}.msgs: ")]
    keys = [entry.removeprefix(f"{prefix}: ") for entry in entries if entry.startswith(f"{prefix}: ")]
    assert [key for key in keys if not any(key in entry for entry in stored)] == []
    return len(keys)


class HeldUpload:
    """An upload whose last bytes come when `released` is set; `begun` is set when its user is signed in."""

    def __init__(self) -> None:
        self.begun, self.released = asyncio.Event(), asyncio.Event()

    async def _body(self) -> AsyncIterator[bytes]:
        content = encode([file(WAV)])
        yield content[:-100]
        self.begun.set()
        await self.released.wait()
        yield content[-100:]

    def send(self, client: httpx.AsyncClient, **headers: str) -> "asyncio.Task[httpx.Response]":
        headers = {"Content-Type": CONTENT_TYPE, **headers}
        return asyncio.create_task(client.post("/api/calls/analyze", content=self._body(), headers=headers))


@pytest.mark.parametrize("headers", [{}, KEYED], ids=["", "with-a-key"])
async def test_upload_under_way_is_lost_with_the_account(
    client: httpx.AsyncClient, resources: Resources, estates: Estates, headers: dict[str, str]
) -> None:
    alice, bob = estates
    before = await read_contents(resources)
    upload = HeldUpload()
    running = upload.send(client, **headers)
    await upload.begun.wait()

    await delete_by_rest(client)
    upload.released.set()
    answer = await running

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
    after = await read_contents(resources)
    assert alice.find(after) == {}
    assert bob.find(after) == bob.find(before)
    assert waiting_messages(after) == len(bob.calls)


async def test_uploads_at_the_same_time_leave_nothing(
    client: httpx.AsyncClient, resources: Resources, estates: Estates
) -> None:
    alice, bob = estates
    before = await read_contents(resources)
    uploads = [HeldUpload() for _ in range(UPLOADS)]
    running = [upload.send(client, **{"Idempotency-Key": f"key-{number}"}) for number, upload in enumerate(uploads)]
    for upload in uploads:
        await upload.begun.wait()

    deleting = asyncio.create_task(delete_by_rest(client))
    for upload in uploads:
        upload.released.set()
    answers = await asyncio.gather(*running)
    await deleting

    assert {answer.status_code for answer in answers} <= {202, 503}
    after = await read_contents(resources)
    assert alice.find(after) == {}
    assert bob.find(after) == bob.find(before)
    assert waiting_messages(after) == len(bob.calls)


async def test_message_of_an_upload_that_comes_after_the_deletion_does_not_stay(
    client: httpx.AsyncClient, resources: Resources
) -> None:
    upload = HeldUpload()
    upload.released.set()

    with hold_messages(resources):
        running = upload.send(client)
        await wait_for_a_call(resources)
        await delete_by_rest(client)
    answer = await running

    assert answer.status_code == 202
    after = await read_contents(resources)
    assert about(after, [answer.json()["id"]]) == {}
    assert waiting_messages(after) == 0


async def wait_for_a_call(resources: Resources) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        async with resources.database.read() as session:
            if (await session.scalars(select(col(CallRecord.id)))).first() is not None:
                return
    raise AssertionError("no upload has become a call in time")
