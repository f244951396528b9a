"""A run from the first upload to the books: phones, faults and the watch, side by side."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
import redis.asyncio
from sqlalchemy import text

from app.queue import QueueName
from app.resources import Resources, open_resources
from app.sweeps.ages import Ages
from app.sweeps.runner import SWEEPS, sweep_everything
from tests.chaos.books import count_ends, read_books
from tests.chaos.checks import Check, Witness, check_books
from tests.chaos.faults import inject
from tests.chaos.phones import ANSWER_SECONDS, Phone, user_name
from tests.chaos.plan import USERS, Fault, FaultKind, Plan
from tests.chaos.reasons import Injected
from tests.chaos.recovery import RecoveryWatch
from tests.chaos.stack import Stack

PATIENCE_SECONDS = 180.0
"""How long after the last fault every call has to have ended. An upload whose answer was lost takes longest: its key is
taken over after a minute (rest.md 1.7, ID7)."""

QUIET_SECONDS = 60.0
"""How long workers may then take to be done with what nobody waits for: messages to phones, runs of deleted calls."""

LOOK_SECONDS = 0.5

_BEAT_SECONDS = 5.0
"""A broker that has asked for nothing for that long is dead; living ones ask every second."""

_END_RESTS = text("""
    UPDATE call_records SET lease_expires_at = now()
    WHERE claim_token IS NULL AND lease_expires_at > now() + interval '15 seconds'
""")
_STOPS_CALLS = (FaultKind.WORKER_KILLED, FaultKind.REDIS_EMPTIED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    `answers` counts what the phones got, `swept` what each sweep has done, `ended_rests` the back-offs that were not
    waited for.
    """

    plan: Plan
    witness: Witness
    checks: Sequence[Check]
    statuses: Counter[str]
    answers: Counter[str]
    swept: dict[str, int]
    ended_rests: int
    seconds: float
    peak_mib: dict[str, int]


async def run_plan(stack: Stack, plan: Plan) -> Outcome:
    """Carry out a plan on a running stack, sweep, and check the books."""
    started = time.monotonic()
    async with open_resources(stack.settings) as resources, _open_phones(stack, plan) as (phones, answers):
        watch = RecoveryWatch(resources.database, lambda: {phone.story.call_id for phone in phones if phone.deletes})
        async with _in_background(watch.run(), _look_after(stack)):
            using = asyncio.create_task(_use(phones, plan))
            faults = await _break(stack, plan, watch)
            ended_rests = await _end_rests(resources, until=using)
            await _wait_until_quiet(stack)
            ends = await count_ends(resources)
        swept = await sweep_everything(resources, Ages())
        books = await read_books(resources, _read_objects(stack), ends)
        witness = _collect(stack, phones, faults, watch, failed_sweeps=sorted(SWEEPS.keys() - swept.keys()))
    statuses = Counter(row.error_reason or row.status for row in books.calls)
    peaks = {process.log.stem: process.peak_kib // 1024 for process in stack.processes}
    checks = check_books(books, witness)
    seconds = time.monotonic() - started
    return Outcome(plan, witness, checks, statuses, answers, swept, ended_rests, seconds, peaks)


@asynccontextmanager
async def _open_phones(stack: Stack, plan: Plan) -> AsyncIterator[tuple[list[Phone], Counter[str]]]:
    """The phones of a plan; their users can be told of their calls."""
    limits, answers = httpx.Limits(max_connections=None), Counter[str]()
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits, trust_env=False) as client:
        for user in range(USERS):
            answer = await client.patch(
                f"{stack.urls[0]}/api/users/me",
                headers={"X-Local-User-Id": user_name(user)},
                json={"fcmToken": f"device-of-{user_name(user)}"},
            )
            answer.raise_for_status()
        yield [Phone(client, stack.urls, submission, answers) for submission in plan.submissions], answers


@asynccontextmanager
async def _in_background(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _look_after(stack: Stack) -> None:
    while True:
        for process in stack.processes:
            process.look_after()
        await asyncio.sleep(LOOK_SECONDS)


async def _break(stack: Stack, plan: Plan, watch: RecoveryWatch) -> list[Injected]:
    """Let every fault happen at its time."""

    async def happen(fault: Fault) -> Injected:
        await asyncio.sleep(fault.at_seconds)
        injected = await inject(stack, fault)
        if fault.kind in _STOPS_CALLS:
            watch.note(fault.kind)
        return injected

    return await asyncio.gather(*map(happen, plan.faults))


async def _use(phones: Sequence[Phone], plan: Plan) -> None:
    """Let every phone do its part; those that get nowhere are given up in the end."""
    last = max([fault.at_seconds for fault in plan.faults] + [phone.story.submission.at_seconds for phone in phones])
    with suppress(TimeoutError):
        async with asyncio.timeout(last + PATIENCE_SECONDS):
            await asyncio.gather(*(phone.run() for phone in phones))


async def _end_rests(resources: Resources, until: asyncio.Task[None]) -> int:
    """While the phones are at it, and nothing is broken any more: end the back-offs that take a minute, or five.

    As an operator would do; returns how many.
    """
    ended = 0
    while not until.done():
        async with resources.database.engine.begin() as connection:
            ended += (await connection.execute(_END_RESTS)).rowcount
        await asyncio.wait([until], timeout=LOOK_SECONDS)
    await until
    return ended


async def _wait_until_quiet(stack: Stack) -> None:
    """Wait until the living workers have nothing in their hands and nothing before them."""
    assert stack.settings.redis_url is not None
    deadline = time.monotonic() + QUIET_SECONDS
    async with redis.asyncio.Redis.from_url(stack.settings.redis_url, decode_responses=True) as client:
        while await _count_messages(client) and time.monotonic() < deadline:  # noqa: ASYNC110  (as above)
            await asyncio.sleep(LOOK_SECONDS)


async def _count_messages(client: "redis.asyncio.Redis") -> int:
    queues = [f"dramatiq:{name}" for name in QueueName]
    living = await client.zrangebyscore("dramatiq:__heartbeats__", (time.time() - _BEAT_SECONDS) * 1000, "+inf")
    taken = [f"dramatiq:__acks__.{broker!s}.{name}" for broker in living for name in QueueName]
    return sum([await client.llen(key) for key in queues]) + sum([await client.scard(key) for key in taken])


def _read_objects(stack: Stack) -> dict[str, bytes]:
    s3, name = stack.bucket.server.client, stack.bucket.name
    return {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in stack.bucket.list_keys()}


def _collect(
    stack: Stack,
    phones: Sequence[Phone],
    faults: Sequence[Injected],
    watch: RecoveryWatch,
    *,
    failed_sweeps: Sequence[str],
) -> Witness:
    doubles = stack.doubles
    return Witness(
        [phone.story for phone in phones],
        faults,
        transcribed=doubles.lemonfox.asked_for.read(),
        diarized=doubles.pyannote.asked_for.read(),
        analyzed=doubles.openai.asked_for.read(),
        pushed=doubles.fcm.taken.read(),
        recoveries=watch.recoveries,
        stuck=watch.stuck,
        own_ends=sum(process.own_ends for process in stack.processes),
        failed_sweeps=failed_sweeps,
    )
