"""What was begun is brought to its end, however often it is given up."""

import asyncio

import pytest

from app.cancellation import bring_to_its_end


async def test_cancellations_wait_for_the_end() -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("work")

    task = asyncio.create_task(bring_to_its_end(work()))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["work"]


async def test_result_and_error_are_passed_on() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise ValueError

    assert await bring_to_its_end(answer()) == 42
    with pytest.raises(ValueError):  # noqa: PT011  (it has no message)
        await bring_to_its_end(fail())
