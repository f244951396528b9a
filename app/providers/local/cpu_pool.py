"""Child processes for the offline engines, one per core, shared by all calls of a worker process.

Speech recognition would hold the event loop and the interpreter lock for minutes; in here it holds neither.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import TypeVar

_NICENESS = 5  # below the process that serves requests and keeps the leases of its calls

A = TypeVar("A")
T = TypeVar("T")


class CpuPool:
    """Runs picklable functions of one argument in child processes; belongs to one event loop.

    The children are made at first use and end with `close` or with this process, however it dies. When one of them is
    killed, all are made anew and what was lost is run once more.
    """

    def __init__(self, max_processes: int | None = None) -> None:
        self.size = max_processes or len(os.sched_getaffinity(0))
        self._children: _Children | None = None

    async def run(self, function: Callable[[A], T], argument: A) -> T:
        """Run one job and answer its result; what it raises is raised here.

        Raises:
            BrokenProcessPool: its child was killed twice.
        """
        children = self._get_children()
        try:
            return await children.run(function, argument)
        except BrokenProcessPool:
            if self._children is children:
                self._children = None
                await asyncio.to_thread(children.end)
            return await self._get_children().run(function, argument)

    async def map(self, function: Callable[[A], T], arguments: Sequence[A]) -> list[T]:
        """Run a job per argument and answer the results in order; the first failure cancels the rest.

        No more jobs wait at a time than there are children, so that a short call need not wait for all of a long one.
        """
        slots = asyncio.Semaphore(self.size)

        async def run_in_slot(argument: A) -> T:
            async with slots:
                return await self.run(function, argument)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(run_in_slot(argument)) for argument in arguments]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

    async def close(self) -> None:
        """End the children at once, also in the middle of a job; idempotent."""
        children, self._children = self._children, None
        if children is not None:
            await asyncio.to_thread(children.end)

    def _get_children(self) -> "_Children":
        if self._children is None:
            self._children = _Children(self.size)
        return self._children


class _Children:
    """An executor whose processes end as soon as the other end of their pipe is closed, by us or by our death."""

    def __init__(self, count: int) -> None:
        # Spawned, not forked: a fork would copy threads' locks and open connections.
        context = multiprocessing.get_context("spawn")
        self._end_of_life, self._lifeline = context.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(
            count, mp_context=context, initializer=_begin_child, initargs=(self._end_of_life,)
        )

    async def run(self, function: Callable[[A], T], argument: A) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, argument)

    def end(self) -> None:
        """Stop the processes and wait for them."""
        self._lifeline.close()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._end_of_life.close()


def _begin_child(end_of_life: Connection) -> None:
    # Ctrl-C reaches the whole process group; the parent decides what becomes of the jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    # A process per core is enough. The voice-activity detector starts four threads that wait for each other at every
    # step, which takes ten times as long as one; its OpenMP reads this when it is loaded, and nothing else stops it.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    threading.Thread(target=_exit_at_end, args=(end_of_life,), daemon=True).start()


def _exit_at_end(end_of_life: Connection) -> None:
    """Wait until the pipe has no writer any more. A child would otherwise wait for jobs of a dead parent forever."""
    try:
        end_of_life.recv_bytes()
    except EOFError:
        os._exit(0)
