"""Google's Admin SDK, which blocks: an app of it, and threads of its own to call it in.

Slow to import and needed by few: nothing of it is loaded before somebody opens an app.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

MAX_THREADS = 8


class AdminSdk:
    """An app for one service account.

    Whoever uses the SDK has an app of their own: a service of Google's that hangs must not take the threads that the
    rest works with. `timeout_seconds` is how long the SDK waits for a connection, and for each part of an answer.
    """

    def __init__(self, project_id: str, service_account: Mapping[str, str], *, timeout_seconds: float) -> None:
        """Raises ValueError for a service account that cannot be one."""
        import firebase_admin

        self.app: Any = firebase_admin.initialize_app(
            firebase_admin.credentials.Certificate(dict(service_account)),
            {"projectId": project_id, "httpTimeout": timeout_seconds},
            name=f"scryon-{id(self)}",
        )
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="google")

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the SDK, whose last argument is the app, in a thread; raises what it raises."""
        return await asyncio.wrap_future(self.submit(function, *arguments))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The same for who has to know when the thread is done, which outlives whoever waits for it."""
        return self._threads.submit(partial(function, *arguments, self.app))

    async def close(self) -> None:
        """Forget the service account; whoever waits for a thread gets none."""
        import firebase_admin

        self._threads.shutdown(wait=False, cancel_futures=True)
        # In a thread: the SDK closes its client for messages in an event loop of its own, which none may surround.
        await asyncio.to_thread(firebase_admin.delete_app, self.app)
