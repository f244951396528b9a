"""What must not be left half done, although the request that began it may be given up meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def bring_to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end; a cancellation, or several, take effect after it, unless it raises by itself."""
    task, cancellation = asyncio.create_task(work), None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    result = task.result()
    if cancellation is not None:
        raise cancellation
    return result


async def let_end(work: Coroutine[Any, Any, T], *, seconds: float) -> T:
    """Do something that goes on when it is cancelled; a cancellation takes effect at its end, or so much later.

    What it raises after the cancellation is dropped.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=seconds)
        raise
