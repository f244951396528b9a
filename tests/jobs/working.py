"""A worker in the process of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dramatiq

from app.settings import Settings
from jobs.worker import build_broker


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """Let a worker work; behind the block, it has done what it has begun, and exported its spans."""
    broker = build_broker(settings)
    worker = dramatiq.Worker(broker, worker_threads=2)
    await asyncio.to_thread(worker.start)
    try:
        yield
    finally:
        await asyncio.to_thread(worker.stop, 10_000)
        await asyncio.to_thread(broker.close)
