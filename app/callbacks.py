"""Takes transcripts in that a provider brings: the other half of callback mode.

Whoever comes has no account, only an address that we have signed. The first transcript of a call wins; whatever comes
after it, too late, or for a call that is gone is answered like a good one, so that the provider stops trying.
Source: pipeline.md, section 5; rest.md, section 3.13.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog

from app.calls.artifacts import JSON_TYPE, put_artifact_row
from app.calls.deletion import delete_late_objects, forget_deleted_calls
from app.calls.models import ArtifactType
from app.db import is_unreachable
from app.deadline import deadline
from app.errors import ServiceUnavailableError, ValidationFailedError
from app.pipeline.aftermath import tell_failure
from app.pipeline.awaited_calls import Recipient, fail_recipient, find_recipient, note_transcript
from app.pipeline.callback_urls import read_callback_query
from app.pipeline.events import EventWriter
from app.pipeline.failures import FailureReason
from app.pipeline.models import Stage, StageStatus
from app.resources import Resources
from app.settings import Settings
from app.storage.keys import document_key

log = structlog.get_logger()

MAX_CALLBACK_BYTES = 32 * 1024**2
"""The body of a callback (rest.md, section 5)."""

_PROVIDER = "lemonfox"
_TRANSCRIPT_MEMBERS = ("text", "segments", "words")


def check_callback(settings: Settings, query: bytes) -> UUID:
    """The call that a callback is for, by its raw query string.

    Raises:
        WebhookSignatureInvalidError: we have not made that address, or it is not good any more.
    """
    return read_callback_query(settings.webhook_secret, query, datetime.now(UTC))


async def receive_callback(resources: Resources, call_id: UUID, content: bytes, request_id: str) -> None:
    """Take in what was sent for a call: its transcript, or the news that there will be none.

    Raises:
        ValidationFailedError: it is no JSON object.
        StorageUnavailableError, ServiceUnavailableError: it could not be stored; nothing has changed.
    """
    is_error = _is_error(_read_object(content))
    structlog.contextvars.bind_contextvars(callId=str(call_id))
    try:
        async with deadline():
            async with resources.database.read() as session:
                recipient = await find_recipient(session, call_id)
            if recipient is not None:
                structlog.contextvars.bind_contextvars(userId=str(recipient.user_id))
            if recipient is None or not recipient.wants_transcript:
                log.info("callback_ignored", callId=str(call_id))
            elif is_error:
                await _fail(resources, recipient)
            else:
                await _keep(resources, recipient, content, request_id)
    except Exception as error:
        if is_unreachable(error):
            log.warning("database_unavailable", error=type(error).__name__)
            raise ServiceUnavailableError from error
        raise


def _read_object(content: bytes) -> dict[str, Any]:
    """Parse as the pipeline will: what it could not read is refused here."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise ValidationFailedError.of("body", "must be a JSON object")
    return document


def _is_error(document: dict[str, Any]) -> bool:
    """Whether it says what went wrong instead of what was said."""
    return bool(document.get("error")) and not any(document.get(member) for member in _TRANSCRIPT_MEMBERS)


async def _keep(resources: Resources, recipient: Recipient, content: bytes, request_id: str) -> None:
    """Store a transcript and send its call on.

    No lock is held while the object is written: the store itself takes only the first of several. An object without
    row, of one who died or failed in between, is the first one, too, and gets its row here.
    """
    call_id, user_id = recipient.call_id, recipient.user_id
    key = document_key(user_id, call_id, ArtifactType.RAW_TRANSCRIPT_JSON)
    stored = await resources.storage.put_first(key, content)
    async with resources.database.transaction() as session:
        now = await find_recipient(session, call_id, locks=True)
        if now is not None and now.wants_transcript:
            await put_artifact_row(
                session,
                call_id,
                ArtifactType.RAW_TRANSCRIPT_JSON,
                storage_key=key,
                content_type=JSON_TYPE,
                byte_size=len(stored),
            )
            await note_transcript(session, now)
    if now is None:
        await delete_late_objects(resources, user_id, call_id)
    elif now.wants_transcript:
        await _send_on(resources, now, request_id)
    elif not now.has_transcript:
        # It has failed meanwhile.
        await resources.storage.delete(key)


async def _send_on(resources: Resources, recipient: Recipient, request_id: str) -> None:
    """Tell of a stored transcript. Where nobody has said yet that it is awaited, a worker is at it, and goes on."""
    submitted_at, seconds = recipient.submitted_at, None
    if submitted_at is not None:
        seconds = (datetime.now(UTC) - submitted_at).total_seconds()
        resources.metrics.observe_stage(Stage.TRANSCRIBED, _PROVIDER, seconds)
    await EventWriter(resources, recipient.call_id, recipient.user_id).write(
        Stage.TRANSCRIBED,
        StageStatus.COMPLETED,
        provider=_PROVIDER,
        duration_ms=None if seconds is None else round(seconds * 1000),
    )
    if recipient.is_awaited:
        await resources.queue.send_process_call(recipient.call_id, request_id)
        await forget_deleted_calls(resources, [recipient.call_id])


async def _fail(resources: Resources, recipient: Recipient) -> None:
    reason = FailureReason.TRANSCRIPTION_UNAVAILABLE
    async with resources.database.transaction() as session:
        now = await find_recipient(session, recipient.call_id, locks=True)
        if now is None or not now.wants_transcript:
            return
        await fail_recipient(session, now, reason)
    events = EventWriter(resources, now.call_id, now.user_id)
    await events.write(Stage.TRANSCRIBED, StageStatus.FAILED, provider=_PROVIDER, error_code=reason)
    await tell_failure(events, reason)
