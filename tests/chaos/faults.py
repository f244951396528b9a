"""Doing to the stack what the plan says."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import redis

from app.embedded.accounts import Account, send_signal
from tests.chaos.plan import Fault, Target
from tests.chaos.reasons import Injected
from tests.chaos.stack import Stack
from tests.doubles.http_double import Answer, Cut, Failure, HttpDouble, json_answer

RETURN_SECONDS = 60.0
"""How long a server may take to be back."""

T = TypeVar("T")

_DOWN: tuple[Failure | Cut, ...] = (
    Failure.SERVER_ERROR,
    Failure.UNAVAILABLE,
    Failure.CLOSED_CONNECTION,
    Cut.RESET,
)
_REFUSED = (401, 403, 404, 422)
_GARBLED = (Failure.HTML, Failure.BROKEN_JSON)


async def inject(stack: Stack, fault: Fault) -> Injected:
    """Let a fault happen, and end it after its time; returns when whatever was struck is back."""
    started_at = datetime.now(UTC)
    match fault.kind.target:
        case Target.WORKERS:
            _pick(stack.workers, fault.choice).restart()
        case Target.APIS:
            _pick(stack.apis, fault.choice).restart()
        case Target.POSTGRES:
            await _restart_postgres(stack, _pick((signal.SIGINT, signal.SIGQUIT), fault.choice))
        case Target.REDIS:
            await _empty_redis(stack)
        case Target.STORAGE:
            stack.bucket.server.failure = 503
            await asyncio.sleep(fault.seconds)
            stack.bucket.server.failure = None
        case provider:
            double = _double(stack, provider)
            double.failure = _choose_failure(fault)
            await asyncio.sleep(fault.seconds)
            double.failure = None
    return Injected(fault.kind, started_at, datetime.now(UTC))


def _double(stack: Stack, target: Target) -> HttpDouble:
    doubles: Mapping[Target, HttpDouble] = {
        Target.LEMONFOX: stack.doubles.lemonfox,
        Target.PYANNOTE: stack.doubles.pyannote,
        Target.OPENAI: stack.doubles.openai,
        Target.FCM: stack.doubles.fcm,
    }
    return doubles[target]


def _choose_failure(fault: Fault) -> Failure | Cut | Answer:
    match fault.kind.rpartition("_")[2]:
        case "down":
            return _pick(_DOWN, fault.choice)
        case "refuses":
            document = {"error": {"message": "No.", "type": "refused", "code": None}}
            return json_answer(document, _pick(_REFUSED, fault.choice))
        case "silent":
            return Cut.DRIP
        case _:
            return _pick(_GARBLED, fault.choice)


def _pick(options: Sequence[T], choice: float) -> T:
    return options[int(choice * len(options))]


async def _restart_postgres(stack: Stack, number: signal.Signals) -> None:
    """A fast or an immediate shutdown, which is a crash; the watchdog of the embedded servers starts it again."""
    before = _postmaster(stack)
    _send(before, number)
    await _until(lambda: _is_postgres_back(stack, before))


def _postmaster(stack: Stack) -> int:
    return int((stack.servers_folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


async def _is_postgres_back(stack: Stack, before: int) -> bool:
    try:
        if _postmaster(stack) == before:
            return False
        connection = await asyncpg.connect(stack.settings.configured_database_url, timeout=5)
        await connection.close()
    except (OSError, ValueError, IndexError, asyncpg.PostgresError, TimeoutError):
        return False
    return True


async def _empty_redis(stack: Stack) -> None:
    """SIGKILL, with its file gone; the watchdog of the embedded servers starts it again."""
    before = _read_redis_pid(stack)
    (stack.servers_folder / "redis" / "appendonly.aof").unlink()
    _send(before, signal.SIGKILL)

    async def is_back() -> bool:
        try:
            return _read_redis_pid(stack) != before
        except redis.RedisError:
            return False

    await _until(is_back)


def _read_redis_pid(stack: Stack) -> int:
    assert stack.settings.redis_url is not None
    with redis.Redis.from_url(stack.settings.redis_url, socket_timeout=5) as client:
        return int(client.info("server")["process_id"])


def _send(pid: int, number: signal.Signals) -> None:
    """As the owner of the process, where root may not signal others."""
    owner = Path(f"/proc/{pid}").stat()
    send_signal(pid, number, Account(owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None)


async def _until(is_true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(RETURN_SECONDS):
        while not await is_true():  # noqa: ASYNC110  (another process tells no event)
            await asyncio.sleep(0.05)
