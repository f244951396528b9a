"""Places at which a run stops until a test lets it go on, so that something else can happen in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from app.audio.recording import PreparedAudio
from app.providers.protocols import VoiceInterval
from app.queue import Queue
from app.storage.store import ObjectStore
from tests.engines import ScriptedEngine
from tests.voices import ScriptedVoices

P = ParamSpec("P")
T = TypeVar("T")
DEADLINE_SECONDS = 30


@dataclass
class Hold:
    """Whoever comes by says so, and waits until it is let go; nobody waits after that."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, *_: object) -> None:
        self.entered.set()
        await self.released.wait()

    async def wait_for(self, running: "asyncio.Task[Any]") -> None:
        """Until a task is held; what it raises before is raised."""
        entering = asyncio.create_task(self.entered.wait())
        done, _ = await asyncio.wait({entering, running}, timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if running in done:
            running.result()
        assert entering in done, "nobody has come by"

    def release(self) -> None:
        self.released.set()

    def stop(self, engine: ScriptedEngine) -> None:
        """Stop an engine as soon as it is asked."""
        engine.entered, engine.gate = self.entered, self.released


class HeldStore(ObjectStore):
    """Stops before or after it has done something with an object, by the end of whose key it is told from others."""

    def __init__(self, store: ObjectStore, hold: Hold, operation: str, key_end: str, *, after: bool) -> None:
        super().__init__(store._store, store._root)
        self._hold = hold
        self._place = (operation, key_end, after)

    async def _stop(self, operation: str, key: str, *, after: bool) -> None:
        wanted, key_end, is_after = self._place
        if (operation, after) == (wanted, is_after) and key.endswith(key_end):
            await self._hold()

    async def put(self, key: str, content: bytes) -> None:
        await self._stop("put", key, after=False)
        await super().put(key, content)
        await self._stop("put", key, after=True)

    async def put_first(self, key: str, content: bytes) -> bytes:
        await self._stop("put_first", key, after=False)
        there = await super().put_first(key, content)
        await self._stop("put_first", key, after=True)
        return there

    async def iter_chunks(self, key: str) -> AsyncIterator[bytes]:
        await self._stop("iter_chunks", key, after=False)
        async for chunk in super().iter_chunks(key):
            yield chunk

    async def delete(self, key: str) -> None:
        await self._stop("delete", key, after=False)
        await super().delete(key)

    async def delete_prefix(self, prefix: str) -> None:
        await self._stop("delete_prefix", prefix, after=False)
        await super().delete_prefix(prefix)


class HeldQueue(Queue):
    """Stops before it sends something."""

    def __init__(self, url: str, hold: Hold, operation: str) -> None:
        super().__init__(url)
        self._hold = hold
        self._operation = operation

    async def send_process_call(self, call_id: UUID, request_id: str | None = None) -> bool:
        await self._stop("send_process_call")
        return await super().send_process_call(call_id, request_id)

    async def send_notify_call(self, call_id: UUID, status: str, request_id: str | None = None) -> bool:
        await self._stop("send_notify_call")
        return await super().send_notify_call(call_id, status, request_id)

    async def _stop(self, operation: str) -> None:
        if operation == self._operation:
            await self._hold()


@dataclass
class HeldVoices(ScriptedVoices):
    """Stops when it is asked who speaks, before it asks back whether that is still wanted."""

    hold: Hold = field(default_factory=Hold)

    async def identify(
        self, audio: PreparedAudio, voiceprint: Mapping[str, Any], ensure_wanted: Callable[[], Awaitable[None]]
    ) -> tuple[VoiceInterval, ...]:
        await self.hold()
        return await super().identify(audio, voiceprint, ensure_wanted)


class _HoldingExecutor(ThreadPoolExecutor):
    """Stops before a function of that name is run."""

    def __init__(self, hold: Hold, name: str) -> None:
        super().__init__()
        self._hold = hold
        self._name = name
        self._loop = asyncio.get_running_loop()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        # What `asyncio.to_thread` makes of a function: a partial of `Context.run` with it.
        inner = getattr(function, "args", [None])[0]
        if getattr(inner, "__name__", None) != self._name:
            return super().submit(function, *args, **kwargs)

        def held(*args: P.args, **kwargs: P.kwargs) -> T:
            asyncio.run_coroutine_threadsafe(self._hold(), self._loop).result(DEADLINE_SECONDS)
            return function(*args, **kwargs)

        return super().submit(held, *args, **kwargs)


@contextmanager
def stopped_function(hold: Hold, name: str) -> Iterator[None]:
    """While the block runs, a function of that name that is sent to a thread stops before it begins."""
    loop = asyncio.get_running_loop()
    with _HoldingExecutor(hold, name) as executor:
        loop.set_default_executor(executor)
        yield
        loop.set_default_executor(ThreadPoolExecutor())
