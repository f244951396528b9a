"""Factories: one valid thing each, with defaults."""

from typing import Any
from uuid import UUID, uuid4

import orjson

from app.actions.models import ActionItem, ActionSource
from app.analysis.models import CallSentimentSummary
from app.calls.artifacts import put_artifact_row
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.contacts.models import Contact
from app.pipeline.models import CallProcessingEvent
from app.resources import Resources
from app.storage.keys import audio_key, document_key
from app.users.models import User


class Factory:
    """Writes rows and objects straight into the stores."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    async def user(self, external_user_id: str | None = None, **values: Any) -> UUID:
        """A user; returns its id."""
        user = User(external_user_id=external_user_id or f"user-{uuid4()}", **values)
        async with self._resources.database.transaction() as session:
            session.add(user)
        return user.id

    async def call(self, owner: UUID, *, status: CallStatus = CallStatus.COMPLETED, **values: Any) -> CallRecord:
        """A call without artifacts."""
        call = CallRecord(user_id=owner, status=status, **values)
        async with self._resources.database.transaction() as session:
            session.add(call)
        return call

    async def contact(self, owner: UUID, *, name: str = "Tobias Lind", **values: Any) -> Contact:
        """An entry of a user's address book."""
        contact = Contact(user_id=owner, name=name, **values)
        async with self._resources.database.transaction() as session:
            session.add(contact)
        return contact

    async def action_item(self, call: CallRecord, *, title: str = "Call the plumber", **values: Any) -> ActionItem:
        """An action item of a call, written by the analysis unless said otherwise."""
        values = {"source": ActionSource.AI, **values}
        item = ActionItem(call_record_id=call.id, user_id=call.user_id, title=title, **values)
        async with self._resources.database.transaction() as session:
            session.add(item)
        return item

    async def sentiment(self, call: CallRecord, **values: Any) -> None:
        """The sentiment row of a call."""
        recorded_at = call.recorded_at or call.created_at
        row = CallSentimentSummary(call_record_id=call.id, user_id=call.user_id, recorded_at=recorded_at, **values)
        async with self._resources.database.transaction() as session:
            session.add(row)

    async def event(self, call: CallRecord, stage: str, status: str, **values: Any) -> None:
        """A line of a call's history."""
        row = CallProcessingEvent(call_id=call.id, user_id=call.user_id, stage=stage, status=status, **values)
        async with self._resources.database.transaction() as session:
            session.add(row)

    async def document(
        self, call: CallRecord, artifact_type: ArtifactType, content: Any, *, schema_version: int | None = None
    ) -> str:
        """A stored JSON artifact; `content` is bytes, or what becomes JSON. Returns its key."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        key = document_key(call.user_id, call.id, artifact_type)
        await self._put(call, artifact_type, key, body, "application/json", schema_version)
        return key

    async def audio(self, call: CallRecord, content: bytes, *, extension: str = "wav") -> str:
        """The recording of a call that waits; returns its key."""
        key = audio_key(call.user_id, call.id, extension)
        await self._put(call, ArtifactType.TEMP_AUDIO, key, content, f"audio/{extension}", None)
        return key

    async def _put(
        self,
        call: CallRecord,
        artifact_type: ArtifactType,
        key: str,
        content: bytes,
        content_type: str,
        schema_version: int | None,
    ) -> None:
        await self._resources.storage.put(key, content)
        async with self._resources.database.transaction() as session:
            await put_artifact_row(
                session,
                call.id,
                artifact_type,
                storage_key=key,
                content_type=content_type,
                byte_size=len(content),
                schema_version=schema_version,
            )
