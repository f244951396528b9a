"""Tells the owner of a finished call, as well as it goes. Source: pipeline.md, sections 2 (S1), 3.5 and 6 (T3)."""

from uuid import UUID

import structlog

from app.calls.models import CallStatus
from app.db import Database
from app.push import queries
from app.push.messages import build_data
from app.push.sender import PushOutcome, PushSender

log = structlog.get_logger()


async def notify_call(database: Database, sender: PushSender, call_id: UUID, status: CallStatus) -> None:
    """Send one message about a call that still has this terminal status; nothing goes wrong beyond a log line."""
    try:
        await _notify(database, sender, call_id, status)
    except Exception as error:
        # An outage of the database, too: a push is worth nobody's retry.
        log.warning("push_not_sent", error=type(error).__name__)


async def _notify(database: Database, sender: PushSender, call_id: UUID, status: CallStatus) -> None:
    async with sender.turn() as send:
        async with database.read() as session:
            recipient = await queries.find_recipient(session, call_id, status)
        if recipient is None:
            return
        structlog.contextvars.bind_contextvars(userId=str(recipient.user_id))
        outcome = await send(recipient.token, build_data(call_id, status))
    if outcome is PushOutcome.TOKEN_DEAD:
        async with database.transaction() as session:
            await queries.forget_token(session, recipient)
