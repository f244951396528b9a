"""Doing a request once, whatever happens to its attempts. Source: rest.md, section 1.7."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update
from sqlmodel import col

from app.calls.deletion import delete_call
from app.db import Database
from app.errors import (
    IdempotencyInProgressError,
    IdempotencyKeyConflictError,
    ServiceUnavailableError,
    ValidationFailedError,
)
from app.idempotency import service
from app.idempotency.answers import Answer
from app.idempotency.keyed import KeyedRequest
from app.idempotency.models import IdempotencyRecord, IdempotencyState
from app.idempotency.service import Attempt, Outcome, Work, do_once, make_scope, read_key
from app.resources import Resources
from app.users import queries
from tests.factories import Factory

MADE = Answer(201, b'{"id":1}', {"Location": "/api/things/1"})


def attempt(user_id: UUID, *, path: str = "/api/things", key: str = "k", request_hash: str = "h") -> Attempt:
    return Attempt(make_scope(user_id, "POST", path, key), request_hash)


async def run(resources: Resources, wanted: Attempt, work: Work) -> Outcome:
    return await do_once(resources.database, wanted, work)


async def make(_: KeyedRequest) -> Answer:
    return MADE


async def fail(_: KeyedRequest) -> Answer:
    raise RuntimeError


async def count_records(resources: Resources) -> int:
    async with resources.database.read() as session:
        return (await session.execute(select(func.count()).select_from(IdempotencyRecord))).scalar_one()


async def let_die(resources: Resources) -> None:
    """Make every running attempt look like one whose process was killed a minute ago."""
    async with resources.database.transaction() as session:
        await session.execute(update(IdempotencyRecord).values(alive_at=func.now() - timedelta(seconds=61)))


@pytest.mark.parametrize("key", ["a", "!~", "x" * 255])
def test_visible_ascii_is_a_key(key: str) -> None:
    assert read_key(key) == key


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256, "a\n", "\x7f"])
def test_anything_else_is_refused(key: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read_key(key)

    assert refused.value.details["fields"][0]["field"] == "Idempotency-Key"


async def test_repetition_is_answered_without_work(resources: Resources, alice: UUID) -> None:
    first = await run(resources, attempt(alice), make)

    second = await run(resources, attempt(alice), fail)

    assert first == Outcome(MADE, is_replayed=False)
    assert second == Outcome(MADE, is_replayed=True)


async def test_other_request_with_the_same_key_is_a_conflict(resources: Resources, alice: UUID) -> None:
    await run(resources, attempt(alice), make)

    with pytest.raises(IdempotencyKeyConflictError):
        await run(resources, attempt(alice, request_hash="other"), make)


async def test_key_counts_per_user_method_and_path(resources: Resources, alice: UUID, bob: UUID) -> None:
    await run(resources, attempt(alice), make)

    others = [
        await run(resources, attempt(bob), make),
        await run(resources, attempt(alice, path="/api/others"), make),
        await run(resources, Attempt(make_scope(alice, "PUT", "/api/things", "k"), "h"), make),
    ]

    assert [other.is_replayed for other in others] == [False, False, False]


async def test_path_is_kept_as_a_digest_only(resources: Resources, alice: UUID) -> None:
    call_id = str(uuid4())

    await run(resources, attempt(alice, path=f"/api/calls/{call_id}"), make)

    async with resources.database.read() as session:
        row = (await session.execute(text("SELECT idempotency_records::text FROM idempotency_records"))).scalar_one()
    assert call_id not in row


async def test_failed_attempt_leaves_nothing(resources: Resources, alice: UUID) -> None:
    with pytest.raises(RuntimeError):
        await run(resources, attempt(alice), fail)

    assert await count_records(resources) == 0
    assert (await run(resources, attempt(alice), make)).is_replayed is False


async def test_answer_that_is_not_final_is_not_kept(resources: Resources, alice: UUID) -> None:
    async def half(request: KeyedRequest) -> Answer:
        request.is_final = False
        return Answer(200, b"half")

    first = await run(resources, attempt(alice), half)

    assert first.answer == Answer(200, b"half")
    assert await run(resources, attempt(alice), make) == Outcome(MADE, is_replayed=False)


async def test_duplicates_wait_for_the_answer(resources: Resources, alice: UUID) -> None:
    runs = 0
    entered, gate = asyncio.Event(), asyncio.Event()

    async def slow(_: KeyedRequest) -> Answer:
        nonlocal runs
        runs += 1
        entered.set()
        await gate.wait()
        return MADE

    first = asyncio.create_task(run(resources, attempt(alice), slow))
    await entered.wait()
    others = [asyncio.create_task(run(resources, attempt(alice), slow)) for _ in range(10)]
    await asyncio.wait(others, timeout=0.2)
    gate.set()

    assert await first == Outcome(MADE, is_replayed=False)
    assert await asyncio.gather(*others) == [Outcome(MADE, is_replayed=True)] * 10
    assert runs == 1


async def test_duplicate_does_not_wait_forever(
    resources: Resources, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "WAIT_SECONDS", 0.1)
    entered, gate = asyncio.Event(), asyncio.Event()

    async def slow(_: KeyedRequest) -> Answer:
        entered.set()
        await gate.wait()
        return MADE

    first = asyncio.create_task(run(resources, attempt(alice), slow))
    await entered.wait()
    with pytest.raises(IdempotencyInProgressError) as refused:
        await run(resources, attempt(alice), make)
    gate.set()

    assert refused.value.headers == {"Retry-After": "5"}
    assert (await first).is_replayed is False


async def test_dead_attempt_is_taken_over(resources: Resources, alice: UUID) -> None:
    entered, gate = asyncio.Event(), asyncio.Event()

    async def stuck(request: KeyedRequest) -> Answer:
        entered.set()
        await gate.wait()
        async with resources.database.transaction() as session:
            await request.name_resource(session, uuid4())
        return Answer(201, b"late")

    first = asyncio.create_task(run(resources, attempt(alice), stuck))
    await entered.wait()
    await let_die(resources)
    second = await run(resources, attempt(alice), make)
    gate.set()

    assert second == Outcome(MADE, is_replayed=False)
    # The one that was taken for dead cannot commit its effect any more.
    with pytest.raises(IdempotencyInProgressError):
        await first
    assert await run(resources, attempt(alice), fail) == Outcome(MADE, is_replayed=True)


async def test_effect_that_was_committed_is_handed_to_the_next_attempt(resources: Resources, alice: UUID) -> None:
    made = uuid4()
    seen: list[UUID | None] = []

    async def commit_and_fail(request: KeyedRequest) -> Answer:
        async with resources.database.transaction() as session:
            await request.name_resource(session, made)
        raise RuntimeError

    async def look(request: KeyedRequest) -> Answer:
        seen.append(request.resource_id)
        return MADE

    with pytest.raises(RuntimeError):
        await run(resources, attempt(alice), commit_and_fail)
    second = await run(resources, attempt(alice), look)

    assert seen == [made]
    assert second == Outcome(MADE, is_replayed=False)


async def test_deletion_is_answered_although_nothing_is_left(resources: Resources, alice: UUID) -> None:
    async def commit_and_fail(request: KeyedRequest) -> Answer:
        async with resources.database.transaction() as session:
            await request.finish_deletion(session)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await run(resources, attempt(alice), commit_and_fail)

    assert await run(resources, attempt(alice), fail) == Outcome(Answer(204), is_replayed=True)


async def test_answers_are_kept_for_a_day(resources: Resources, alice: UUID) -> None:
    await run(resources, attempt(alice), make)
    async with resources.database.transaction() as session:
        await session.execute(update(IdempotencyRecord).values(created_at=func.now() - timedelta(hours=24, seconds=1)))

    again = await run(resources, attempt(alice), make)

    assert again.is_replayed is False
    assert await count_records(resources) == 1


async def test_signs_of_life_keep_others_from_taking_over(
    resources: Resources, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BEAT_SECONDS", 0.01)
    gate = asyncio.Event()

    async def slow(_: KeyedRequest) -> Answer:
        await let_die(resources)
        await gate.wait()
        return MADE

    async def is_alive() -> bool:
        alive = col(IdempotencyRecord.alive_at) > func.now() - timedelta(seconds=5)
        async with resources.database.read() as session:
            return (await session.execute(select(alive))).scalar_one_or_none() is True

    first = asyncio.create_task(run(resources, attempt(alice), slow))
    async with asyncio.timeout(10):
        while not await is_alive():
            pass
    gate.set()

    assert (await first).answer == MADE
    async with resources.database.read() as session:
        state = (await session.execute(select(col(IdempotencyRecord.state)))).scalar_one()
    assert state == IdempotencyState.DONE


async def test_deletion_waits_for_whoever_names_the_thing(resources: Resources, alice: UUID, factory: Factory) -> None:
    call = await factory.call(alice)
    entered, gate = asyncio.Event(), asyncio.Event()

    async def change(request: KeyedRequest) -> Answer:
        async with resources.database.transaction() as session:
            await request.name_resource(session, call.id)
            entered.set()
            await gate.wait()
        return Answer(200, b"what the user wrote")

    changing = asyncio.create_task(run(resources, attempt(alice), change))
    await entered.wait()
    deleting = asyncio.create_task(delete_call(resources, user_id=alice, call_id=call.id))
    await asyncio.wait([deleting], timeout=0.2)
    assert not deleting.done()
    gate.set()

    assert await deleting is True
    assert (await changing).answer == Answer(200, b"what the user wrote")
    assert await count_records(resources) == 0


async def test_database_that_is_down_is_an_outage(alice: UUID) -> None:
    down = Database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(ServiceUnavailableError):
        await do_once(down, attempt(alice), make)


async def test_expired_answers_do_not_stand_in_the_way_of_a_deletion(resources: Resources, alice: UUID) -> None:
    await run(resources, attempt(alice, key="old"), make)
    async with resources.database.transaction() as session:
        await session.execute(update(IdempotencyRecord).values(created_at=func.now() - timedelta(hours=25)))

    async with resources.database.transaction() as session:
        await queries.find_user(session, alice, lock=True)
        waiting = asyncio.create_task(run(resources, attempt(alice), make))
        await asyncio.wait([waiting], timeout=0.2)
        await queries.delete_user(session, alice)

    with pytest.raises(ServiceUnavailableError):
        await waiting
