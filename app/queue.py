"""Messages to the workers and news of status changes, both over Redis.

Redis holds nothing that may not be lost: Postgres has the truth, a message is a hint, and the dispatcher sends again
what got lost. Messages carry ids only (pipeline.md, sections 1 and 14, P3).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any
from uuid import UUID

import dramatiq
import orjson
import redis
import redis.asyncio
import structlog
from dramatiq.brokers.redis import RedisBroker

from app.observability.tracing import current_traceparent

log = structlog.get_logger()

STATUS_CHANNEL = "scryon:call-status"
"""Pub/sub channel of `{"callId", "status"}` after each committed change; best effort."""

SOCKET_TIMEOUT_SECONDS = 5.0
_TIMEOUTS: dict[str, Any] = {
    "socket_timeout": SOCKET_TIMEOUT_SECONDS,
    "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
}

SCAN_COUNT = 1000
"""Messages that Redis is asked for at a time, so that a long backlog blocks nobody."""

QUEUE_ERRORS = (redis.RedisError, dramatiq.errors.BrokerConnectionError, OSError)


class QueueName(StrEnum):
    """The queues that workers listen on."""

    PIPELINE = "pipeline"
    PUSH = "push"


class ActorName(StrEnum):
    """The actors, by the names under which `jobs` registers them; `app` never imports `jobs`."""

    PROCESS_CALL = "process_call"
    NOTIFY_CALL = "notify_call"


class Queue:
    """Sends messages and publishes status changes; a failure is logged and reported, never raised."""

    def __init__(self, url: str, *, namespace: str = "dramatiq") -> None:
        # With a client of its own: of an address, Dramatiq makes one without these timeouts.
        self._broker = RedisBroker(  # type: ignore[no-untyped-call]
            client=redis.Redis.from_url(url, **_TIMEOUTS), namespace=namespace, middleware=[]
        )
        self._namespace = namespace
        self._redis = redis.asyncio.Redis.from_url(url, **_TIMEOUTS)

    async def send_process_call(self, call_id: UUID, request_id: str | None = None) -> bool:
        """Ask a worker to take a call; False when Redis did not take the message, which the dispatcher repairs.

        The run's span will hang below the present one.
        """
        context = {"req_id": request_id, "traceparent": current_traceparent()}
        return await self._send(QueueName.PIPELINE, ActorName.PROCESS_CALL, (str(call_id),), context)

    async def send_notify_call(self, call_id: UUID, status: str, request_id: str | None = None) -> bool:
        """Ask a worker to tell a call's owner of its end; False when Redis did not take it, which nobody repairs."""
        context = {"req_id": request_id}
        return await self._send(QueueName.PUSH, ActorName.NOTIFY_CALL, (str(call_id), str(status)), context)

    async def _send(
        self,
        queue_name: QueueName,
        actor_name: ActorName,
        arguments: tuple[str, ...],
        context: Mapping[str, str | None],
    ) -> bool:
        """Send a message; the first of the arguments is the call's id, by which `forget_calls` finds it."""
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue_name,
            actor_name=actor_name,
            args=arguments,
            kwargs={name: value for name, value in context.items() if value},
            options={},
        )
        try:
            await asyncio.to_thread(self._broker.enqueue, message)
        except QUEUE_ERRORS as error:
            log.warning("message_not_sent", actor=actor_name, callId=arguments[0], error=type(error).__name__)
            return False
        return True

    async def forget_calls(self, call_ids: Collection[UUID]) -> None:
        """Remove every message about calls that are gone; best effort, since a worker finds nothing to do for one.

        Waiting messages go, those that a worker has taken, which then cannot come back when it dies, and dead letters.
        """
        names = {str(call_id) for call_id in call_ids}
        if not names:
            return
        try:
            for queue_name in QueueName:
                await self._forget_messages(f"{self._namespace}:{queue_name}", names)
        except QUEUE_ERRORS as error:
            log.warning("messages_not_removed", count=len(names), error=type(error).__name__)

    async def _forget_messages(self, waiting: str, call_ids: AbstractSet[str]) -> None:
        dead = f"{waiting}.XQ"
        # In this order, which is the way of a message that fails meanwhile.
        for message_id in await self._find_messages(waiting, call_ids):
            async with self._redis.pipeline() as pipeline:
                pipeline.lrem(waiting, 0, message_id)
                pipeline.hdel(f"{waiting}.msgs", message_id)
                await pipeline.execute()
        for message_id in await self._find_messages(dead, call_ids):
            async with self._redis.pipeline() as pipeline:
                pipeline.zrem(dead, message_id)
                pipeline.hdel(f"{dead}.msgs", message_id)
                await pipeline.execute()

    async def _find_messages(self, queue: str, call_ids: AbstractSet[str]) -> list[str]:
        """The broker's ids of the messages of one of its queues that name one of these calls."""
        messages = self._redis.hscan_iter(f"{queue}.msgs", count=SCAN_COUNT)
        return [key.decode() async for key, content in messages if not call_ids.isdisjoint(_arguments(content))]

    async def publish_status(self, call_id: UUID, status: str) -> None:
        """Tell subscribers that a call has changed; nobody relies on it."""
        content = orjson.dumps({"callId": str(call_id), "status": status})
        try:
            await self._redis.publish(STATUS_CHANNEL, content)
        except QUEUE_ERRORS as error:
            log.warning("status_not_published", callId=str(call_id), error=type(error).__name__)

    async def count_waiting(self) -> int | None:
        """How many pipeline messages no worker has taken yet; None when Redis does not answer."""
        try:
            return int(await self._redis.llen(f"{self._namespace}:{QueueName.PIPELINE}"))
        except QUEUE_ERRORS:
            return None

    async def find_sent(self, call_ids: Collection[UUID]) -> set[UUID] | None:
        """Which of these calls have a pipeline message that is not done with, waiting or fetched by a worker process.

        None when Redis does not answer.
        """
        names = {str(call_id): call_id for call_id in call_ids}
        if not names:
            return set()
        messages = self._redis.hscan_iter(f"{self._namespace}:{QueueName.PIPELINE}.msgs", count=SCAN_COUNT)
        try:
            return {names[name] async for _, message in messages for name in _arguments(message) if name in names}
        except QUEUE_ERRORS:
            return None

    async def close(self) -> None:
        await self._redis.aclose()
        self._broker.close()


def _arguments(message: bytes) -> list[str]:
    arguments: list[str] = orjson.loads(message)["args"]
    return arguments


@asynccontextmanager
async def open_queue(url: str, *, namespace: str = "dramatiq") -> AsyncIterator[Queue]:
    """Open the queue for one process; nothing connects before the first use."""
    queue = Queue(url, namespace=namespace)
    try:
        yield queue
    finally:
        await queue.close()
