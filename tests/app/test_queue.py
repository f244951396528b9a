"""Messages go when their calls do. Dramatiq's own broker and consumer are at the other end."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import orjson
import pytest
import redis
from dramatiq.broker import Consumer
from dramatiq.brokers.redis import RedisBroker

from app.queue import QueueName, open_queue
from app.resources import Resources

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def client(resources: Resources) -> Iterator["redis.Redis"]:
    assert resources.settings.redis_url is not None
    with redis.Redis.from_url(resources.settings.redis_url) as opened:
        yield opened


@pytest.fixture
def broker(resources: Resources) -> Iterator[RedisBroker]:
    opened = RedisBroker(url=resources.settings.redis_url, middleware=[])  # type: ignore[no-untyped-call]
    yield opened
    opened.close()


def consume(broker: RedisBroker) -> Consumer:
    """A worker that takes one message at a time, and does not wait for one."""
    return broker.consume(QueueName.PIPELINE, prefetch=1, timeout=1)


def stored(client: "redis.Redis") -> list[str]:
    """The call ids of all messages, waiting, taken and dead, sorted."""
    contents = [content for key in client.keys("*.msgs") for content in client.hvals(key)]
    return sorted(orjson.loads(content)["args"][0] for content in contents)


async def test_messages_of_other_calls_stay_in_their_order(resources: Resources, broker: RedisBroker) -> None:
    gone, first, second = uuid4(), uuid4(), uuid4()
    for call_id in (gone, first, gone, second):
        await resources.queue.send_process_call(call_id)

    await resources.queue.forget_calls([gone, uuid4()])

    consumer = consume(broker)
    assert await resources.queue.count_waiting() == 2
    for call_id in (first, second):
        message = next(consumer)
        assert message is not None
        assert message.args == (str(call_id),)
        consumer.ack(message)
    assert next(consumer) is None


async def test_calls_with_a_message_under_way_are_told(resources: Resources, broker: RedisBroker) -> None:
    waiting, fetched, done, unknown = (uuid4() for _ in range(4))
    for call_id in (done, fetched, waiting):
        await resources.queue.send_process_call(call_id)
    consumer = consume(broker)
    message = next(consumer)
    assert message is not None
    consumer.ack(message)
    assert next(consumer) is not None

    found = await resources.queue.find_sent([waiting, fetched, done, unknown])

    assert found == {waiting, fetched}
    async with open_queue(NOWHERE) as queue:
        assert await queue.find_sent([waiting]) is None


async def test_messages_are_found_in_a_long_backlog(resources: Resources, client: "redis.Redis") -> None:
    gone = [uuid4(), uuid4()]
    with client.pipeline() as pipeline:
        for number in range(5000):
            pipeline.hset("dramatiq:pipeline.msgs", str(number), orjson.dumps({"args": [str(UUID(int=number))]}))
        pipeline.execute()
    for call_id in gone:
        await resources.queue.send_process_call(call_id)

    await resources.queue.forget_calls(gone)

    assert client.hlen("dramatiq:pipeline.msgs") == 5000
    assert await resources.queue.count_waiting() == 0


@pytest.mark.parametrize("end", ["ack", "nack", "requeue"])
async def test_message_that_a_worker_has_taken_does_not_come_back(
    resources: Resources, client: "redis.Redis", broker: RedisBroker, end: str
) -> None:
    call_id = uuid4()
    await resources.queue.send_process_call(call_id)
    consumer = consume(broker)
    message = next(consumer)

    await resources.queue.forget_calls([call_id])
    at_once = stored(client)
    getattr(consumer, end)([message] if end == "requeue" else message)

    assert at_once == stored(client) == []
    assert next(consumer) is None
    assert [key for key in client.scan_iter() if b"heartbeats" not in key] == []


async def test_dead_letters_go_too(resources: Resources, client: "redis.Redis", broker: RedisBroker) -> None:
    gone, other = uuid4(), uuid4()
    consumer = consume(broker)
    for call_id in (gone, other):
        await resources.queue.send_process_call(call_id)
        message = next(consumer)
        assert message is not None
        consumer.nack(message)

    await resources.queue.forget_calls([gone])

    assert stored(client) == [str(other)]
    assert client.zcard("dramatiq:pipeline.XQ") == 1


async def test_pushes_of_calls_that_are_gone_go_too(resources: Resources, client: "redis.Redis") -> None:
    gone, other = uuid4(), uuid4()
    for call_id in (gone, other):
        await resources.queue.send_process_call(call_id)
        await resources.queue.send_notify_call(call_id, "COMPLETED", "request-1")

    await resources.queue.forget_calls([gone])

    [push] = [orjson.loads(content) for content in client.hvals("dramatiq:push.msgs")]
    assert (push["actor_name"], push["args"]) == ("notify_call", [str(other), "COMPLETED"])
    assert push["kwargs"] == {"req_id": "request-1"}
    assert client.llen("dramatiq:push") == 1
    assert await resources.queue.count_waiting() == 1


async def test_redis_that_does_not_answer_is_no_error() -> None:
    async with open_queue(NOWHERE) as queue:
        await queue.forget_calls([uuid4()])
        assert await queue.send_notify_call(uuid4(), "FAILED") is False
