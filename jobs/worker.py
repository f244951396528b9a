"""The worker: a Dramatiq broker with our actors, and what a worker process opens around them.

Actors take ids only and call one function in `app`; they have no retries of Dramatiq's, since a run gives its claim
back and the dispatcher sends it again (pipeline.md, section 4).
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq
import structlog
import uvloop
from dramatiq.asyncio import EventLoopThread, get_event_loop_thread, set_event_loop_thread
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, Middleware, MiddlewareError, TimeLimit

from app.calls.models import CallStatus
from app.observability.error_tracking import open_error_tracking
from app.observability.tracing import continue_trace, open_tracing
from app.observability.worker_door import open_door
from app.pipeline import orchestrator
from app.pipeline.dispatcher import run_dispatcher
from app.pipeline.heartbeat import Heartbeat
from app.providers.engines import Engines, open_engines
from app.push.sender import PushSender, open_push
from app.push.service import notify_call as notify_owner
from app.queue import ActorName, QueueName
from app.resources import Resources, open_resources
from app.settings import DEFAULT_REDIS_URL, Settings
from app.supervisor import has_lost_parent
from app.sweeps.runner import run_sweeper
from jobs.one_try import OneTry

log = structlog.get_logger()

PIPELINE_TIME_LIMIT_MS = 12 * 60 * 60 * 1000
"""The last resort against a run that never ends; normally the lease decides (pipeline.md, section 1)."""

PUSH_TIME_LIMIT_MS = 60 * 1000
"""The last resort; the sender has a deadline of its own (app/push/sender.py)."""

PUSH_PRIORITY = -1
"""Before calls, whose actor has 0: a worker holds up to twice as many of their messages as it has threads."""

DRAIN_SECONDS = 10.0
"""How long runs may go on when the worker has to stop: what is nearly done is not begun anew by somebody else."""

SHUTDOWN_TIMEOUT_MS = 10_000
"""How long the others may take after that to let go of their calls. Orchestrators kill after 30 s in all."""


FETCH_MS = 100
"""How long a call may lie in Redis while the worker is idle; Dramatiq looks every second."""

START_SECONDS = 10.0
"""How long the event loop may take to begin on a machine that is busy with other things."""

INTERRUPT_CHECK_SECONDS = 5.0
"""How often the thread of a run looks whether its time limit is over; Dramatiq's own are woken ten times a second."""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What the actors of one process share."""

    resources: Resources
    engines: Engines
    heartbeat: Heartbeat
    push: PushSender | None
    """Who tells phones of finished calls; None without a service account."""


class EventLoop(AsyncIO):
    """The event loop of the actors, whose threads sleep while they wait for it."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        thread = EventLoopThread(self.logger, interrupt_check_ival=INTERRUPT_CHECK_SECONDS)
        thread.start(timeout=START_SECONDS)
        set_event_loop_thread(thread)


class PromptConsumer(Middleware):
    """Fetches waiting calls sooner than Dramatiq does, without waking up every idle thread as often."""

    def after_consumer_thread_boot(self, broker: Any, thread: Any) -> None:
        if thread.queue_name == QueueName.PIPELINE:
            thread.worker_timeout = FETCH_MS


class WorkerLifespan(Middleware):
    """Opens the resources of the process in its event loop, and closes them when the worker has stopped."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self.context: WorkerContext | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        try:
            self.context = _in_event_loop(self._stack.enter_async_context(_open_worker(self._settings)))
        except Exception as error:
            # Dramatiq swallows all but its own, and would go on with a worker that eats messages.
            raise MiddlewareError from error

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Take no more messages; the threads end with those that they have, which Dramatiq waits for."""
        for consumer in worker.consumers.values():
            consumer.pause()
        if self.context is not None:
            _in_event_loop(self._begin_to_drain(self.context.heartbeat))

    async def _begin_to_drain(self, heartbeat: Heartbeat) -> None:
        draining = asyncio.create_task(heartbeat.drain(DRAIN_SECONDS))
        self._stack.callback(draining.cancel)

    def hurry(self) -> None:
        """Wait for no run any more."""
        thread = get_event_loop_thread()
        if self.context is not None and thread is not None:
            thread.loop.call_soon_threadsafe(self.context.heartbeat.cancel_all)

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        _in_event_loop(self._stack.aclose())


def _in_event_loop(coroutine: Any) -> Any:
    thread = get_event_loop_thread()
    assert thread is not None
    return thread.run_coroutine(coroutine)


@asynccontextmanager
async def _open_worker(settings: Settings) -> AsyncIterator[WorkerContext]:
    async with (
        open_tracing(settings, "scryon-worker"),
        open_error_tracking(settings),
        open_resources(settings) as resources,
        open_engines(settings, resources.http, resources.analyst) as engines,
        open_push(settings) as push,
        open_door(resources),
    ):
        context = WorkerContext(resources, engines, Heartbeat(resources.database), push)
        tasks = [
            asyncio.create_task(context.heartbeat.run()),
            asyncio.create_task(run_dispatcher(resources)),
            asyncio.create_task(run_sweeper(resources)),
            asyncio.create_task(_delete_leftovers(resources)),
        ]
        try:
            yield context
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _delete_leftovers(resources: Resources) -> None:
    """Once per start: what broken uploads have left in a local store (pipeline.md, section 3.1, A6)."""
    grace = timedelta(minutes=resources.settings.orphan_grace_minutes)
    try:
        deleted = await resources.storage.delete_leftovers(grace)
    except OSError as error:
        log.warning("leftovers_not_deleted", error=type(error).__name__)
    else:
        log.info("leftovers_deleted", count=deleted)


def build_broker(settings: Settings, lifespan: WorkerLifespan | None = None) -> dramatiq.Broker:
    """Make the broker with all actors on it; nothing connects before a worker starts."""
    lifespan = lifespan or WorkerLifespan(settings)
    # No Retries among them: an actor that raises is done with its message, and the dispatcher decides.
    # Boot runs through the list in order and shutdown from its end: the lifespan lives within the event loop's life.
    middleware: list[Middleware] = [
        EventLoop(),
        TimeLimit(),
        PromptConsumer(),
        lifespan,
        OneTry({QueueName.PUSH}),
    ]
    broker: dramatiq.Broker = RedisBroker(  # type: ignore[no-untyped-call]
        url=settings.redis_url or DEFAULT_REDIS_URL, middleware=middleware
    )

    async def process_call(call_id: str, req_id: str | None = None, traceparent: str | None = None) -> None:
        """Take a claimable call to COMPLETED or FAILED; a second delivery finds no claim and ends."""
        context = lifespan.context
        assert context is not None
        with structlog.contextvars.bound_contextvars(callId=call_id, reqId=req_id), continue_trace(traceparent):
            await orchestrator.process_call(context.resources, context.engines, context.heartbeat, UUID(call_id))

    dramatiq.actor(
        actor_name=ActorName.PROCESS_CALL,
        queue_name=QueueName.PIPELINE,
        broker=broker,
        time_limit=PIPELINE_TIME_LIMIT_MS,
    )(process_call)

    async def notify_call(call_id: str, status: str, req_id: str | None = None) -> None:
        """Tell the owner of a finished call; a call that is gone, or has another status by now, tells nobody."""
        context = lifespan.context
        assert context is not None
        if context.push is None:
            return
        with structlog.contextvars.bound_contextvars(callId=call_id, reqId=req_id):
            await notify_owner(context.resources.database, context.push, UUID(call_id), CallStatus(status))

    dramatiq.actor(
        actor_name=ActorName.NOTIFY_CALL,
        queue_name=QueueName.PUSH,
        broker=broker,
        priority=PUSH_PRIORITY,
        time_limit=PUSH_TIME_LIMIT_MS,
    )(notify_call)
    return broker


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; then let runs end for a while, and let go of the rest, which others go on with.

    A second signal ends the waiting, and so does the end of the supervisor. Raises SystemExit when the worker's
    resources cannot be opened.
    """
    # Before the broker makes its event loop. A worker with a hundred calls is busy with little else than its sockets.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    stopping, lifespan = threading.Event(), WorkerLifespan(settings)

    def stop(*_: object) -> None:
        if stopping.is_set() or has_lost_parent():
            lifespan.hurry()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    broker = build_broker(settings, lifespan)
    worker = dramatiq.Worker(broker, worker_threads=settings.worker_threads)
    # Starts the watch over time limits; without Dramatiq's own command line nobody else does.
    broker.emit_after("process_boot")
    try:
        worker.start()
    except MiddlewareError as error:
        log.critical("worker_not_started", exc_info=error)
        broker.emit_after("worker_shutdown", worker)
        raise SystemExit(1) from None
    log.info("worker_started", threads=settings.worker_threads)
    stopping.wait()
    log.info("worker_stopping")
    worker.stop(timeout=round(DRAIN_SECONDS * 1000) + SHUTDOWN_TIMEOUT_MS)
    broker.close()
    log.info("worker_stopped")
