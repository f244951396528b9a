"""Messages that get one try: they leave Redis before their work begins, and not when it has ended.

Dramatiq keeps a message until its actor is done, and hands it to another worker when the first one has died, or has
lost Redis meanwhile. That is right for a call, whose claim tells a second delivery from the first; a message to a phone
has nothing of the kind, and would be sent twice. Source: pipeline.md, section 1, "push: best effort, one try".
"""

from collections.abc import Collection
from typing import Any

import structlog
from dramatiq.middleware import Middleware, SkipMessage

from app.queue import QUEUE_ERRORS

log = structlog.get_logger()


class OneTry(Middleware):
    """For the queues named at construction; where Redis does not take the message back, there is no try at all."""

    def __init__(self, queue_names: Collection[str]) -> None:
        self._queue_names = frozenset(queue_names)

    def before_process_message(self, broker: Any, message: Any) -> None:
        """Remove its content, which one worker alone can do; Dramatiq gives nobody an id without content.

        A message waits here while all threads are busy. Meanwhile this worker may have counted as dead, so that
        another one has it, too.

        Raises:
            SkipMessage: somebody else has removed it, or Redis does not answer, so that the message may come again.
        """
        if message.queue_name not in self._queue_names:
            return
        contents, message_id = f"{broker.namespace}:{message.queue_name}.msgs", message.options["redis_message_id"]
        try:
            is_ours = bool(broker.client.hdel(contents, message_id))
            broker.do_ack(message.queue_name, message_id)
        except QUEUE_ERRORS as error:
            log.warning("message_not_taken", actor=message.actor_name, error=type(error).__name__)
            raise SkipMessage from error
        if not is_ours:
            raise SkipMessage
