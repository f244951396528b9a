"""What a user owns: a row of every kind, every object of a call, and a word in all of it that nobody else has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLOutputType, get_nullable_type, is_list_type
from sqlmodel import AutoString, SQLModel

from app.actions.models import ActionItem, ActionPriority, ActionSource
from app.analysis.models import CallSentimentSummary
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.contacts.models import Contact
from app.cursor import Cursor
from app.entities import MutableEntity
from app.idempotency.models import IdempotencyRecord, IdempotencyState
from app.idempotency.service import make_scope
from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.resources import Resources
from app.storage.keys import audio_key, document_key
from app.users.models import User
from app.voice.models import VoiceProfile
from tests.forms import WAV
from tests.privacy.contents import Contents, about, find_ids, is_table, read_contents, row_ids
from tests.privacy.schema import SCHEMA

COMMON_WORD = "greenhouse"
"""Is in everybody's texts, so that a search for it that forgets whose it is finds too much."""


@dataclass(frozen=True)
class Estate:
    """A user and all that is theirs. `name` is what they sign in with, `calls` has one call in each of its states."""

    name: str
    marker: str
    user_id: UUID
    contact_id: UUID
    calls: dict[CallStatus, UUID]
    items: tuple[UUID, UUID]
    """Of the finished call: the one of the analysis, and the one that was written by hand a minute later."""
    cursors: tuple[Cursor, Cursor]
    """Of the newest call and of the newest action item."""
    ids: dict[str, list[str]]
    """Keys of rows by table."""
    words: frozenset[str]
    """Whatever gives a row, an object, a message or an answer away as theirs: ids and the marker."""

    @property
    def kinds(self) -> list[str]:
        """The id of one row of each table, always in the same order: the finished call first."""
        likely = {
            "call_records": str(self.calls[CallStatus.COMPLETED]),
            "contacts": str(self.contact_id),
            "action_items": str(self.items[0]),
        }
        return [*likely.values(), *(ids[0] for table, ids in self.ids.items() if table not in likely)]

    @property
    def samples(self) -> list[str]:
        """As `kinds`, with the calls of every status and the action items of every source."""
        return list(dict.fromkeys([*self.kinds, *map(str, self.calls.values()), *map(str, self.items)]))

    def find(self, contents: Contents) -> Contents:
        """What is theirs, or names something that is."""
        return about(contents, self.words)


async def make_estate(resources: Resources, name: str, statuses: Iterable[CallStatus] = tuple(CallStatus)) -> Estate:
    """Write an estate straight into the stores; COMPLETED is among the statuses. Nobody else may have `name`."""
    builder = _Builder(resources, f"{name}marker".lower())
    user, contact = builder.user(name), builder.contact()
    calls = {status: builder.call(contact, status) for status in statuses}
    completed = calls[CallStatus.COMPLETED]
    items = builder.action_items(completed)
    builder.around(completed)
    builder.answers([completed.id, contact.id, *(item.id for item in items)])
    await builder.save()
    contents = await read_contents(resources)
    ids = find_ids(contents, [str(user.id)])
    theirs = about(contents, ids)
    return Estate(
        name,
        builder.marker,
        user.id,
        contact.id,
        {status: call.id for status, call in calls.items()},
        (items[0].id, items[1].id),
        (_cursor(next(iter(calls.values()))), _cursor(items[1])),
        {table: found for table in theirs if is_table(table) and (found := row_ids(theirs, table))},
        ids | {builder.marker},
    )


async def keep_answer(resources: Resources, estate: Estate, method: str, path: str) -> str:
    """Let the user have sent a request with a key there, and have got an answer; returns the key."""
    key = uuid4().hex
    scope = make_scope(estate.user_id, method, path, key)
    record = _mark(
        IdempotencyRecord,
        estate.marker,
        **scope._asdict(),
        state=IdempotencyState.DONE,
        owner_token=uuid4(),
        alive_at=datetime.now(UTC),
        response_status=200,
    )
    async with resources.database.transaction() as session:
        session.add(record)
    return key


def _cursor(row: MutableEntity) -> Cursor:
    return Cursor(row.created_at, row.id)


class _Builder:
    """Collects rows and objects of one user, and saves them at once."""

    def __init__(self, resources: Resources, marker: str) -> None:
        self.marker = marker
        self._resources = resources
        self._user_id = uuid4()
        self._now = datetime.now(UTC)
        self._rows: list[SQLModel] = []
        self._objects: dict[str, bytes] = {}

    def _add(self, entity: type[SQLModel], **values: Any) -> Any:
        row = _mark(entity, self.marker, **values)
        self._rows.append(row)
        return row

    def user(self, name: str) -> User:
        row: User = self._add(User, id=self._user_id, external_user_id=name)
        return row

    def contact(self) -> Contact:
        row: Contact = self._add(Contact, id=uuid4(), user_id=self._user_id)
        return row

    def call(self, contact: Contact, status: CallStatus) -> CallRecord:
        """A call with its recording, which waits for a worker or is about to be tidied away."""
        row: CallRecord = self._add(
            CallRecord,
            id=uuid4(),
            user_id=self._user_id,
            status=status,
            error_reason="internal_error" if status is CallStatus.FAILED else None,
            tags_json=[self.marker],
            scryon_contact_id=contact.id,
            recorded_at=self._now,
            created_at=self._now - timedelta(hours=list(CallStatus).index(status)),
            duration_seconds=31,
            byte_size=len(WAV),
        )
        self._artifact(row, ArtifactType.TEMP_AUDIO, WAV + self.marker.encode())
        self._add(
            CallProcessingEvent,
            call_id=row.id,
            user_id=self._user_id,
            stage=Stage.CALL_QUEUED,
            status=StageStatus.COMPLETED,
        )
        return row

    def action_items(self, call: CallRecord) -> list[ActionItem]:
        return [
            self._add(
                ActionItem,
                id=uuid4(),
                call_record_id=call.id,
                user_id=self._user_id,
                contact_id=call.scryon_contact_id,
                source=source,
                created_at=self._now - age,
                priority=ActionPriority.HIGH,
                due_date=date(2026, 2, 12),
                owner_role="CONTACT",
                intent="meeting",
                source_segment_ids_json=[self.marker],
                intent_metadata_json=_example("IntentMetadata", self.marker),
            )
            for source, age in ((ActionSource.AI, timedelta(minutes=1)), (ActionSource.MANUAL, timedelta(0)))
        ]

    def around(self, call: CallRecord) -> None:
        """What else a finished call has, and the user's voice."""
        for artifact_type, document in _documents(self.marker).items():
            self._artifact(call, artifact_type, orjson.dumps(document))
        self._add(
            CallSentimentSummary,
            call_record_id=call.id,
            user_id=self._user_id,
            recorded_at=self._now,
            sentiment_overall="positive",
            user_sentiment="positive",
            contact_sentiment="negative",
        )
        self._add(
            VoiceProfile, user_id=self._user_id, embedding_json={"voice": self.marker}, sample_duration_seconds=20
        )

    def answers(self, resource_ids: Iterable[UUID]) -> None:
        """Records of keys: one answered for each of these, one on its way."""
        for resource_id in resource_ids:
            self._record(IdempotencyState.DONE, resource_id=resource_id, response_status=200)
        self._record(IdempotencyState.IN_PROGRESS, response_body=None)

    def _record(self, state: IdempotencyState, **values: Any) -> None:
        self._add(
            IdempotencyRecord,
            user_id=self._user_id,
            key=f"{self.marker}-{len(self._rows)}",
            state=state,
            owner_token=uuid4(),
            alive_at=self._now,
            response_headers={"Location": self.marker},
            **values,
        )

    def _artifact(self, call: CallRecord, artifact_type: ArtifactType, content: bytes) -> None:
        is_audio = artifact_type is ArtifactType.TEMP_AUDIO
        key = audio_key if is_audio else document_key
        storage_key = key(self._user_id, call.id, "wav" if is_audio else artifact_type)  # type: ignore[arg-type]
        self._objects[storage_key] = content
        self._add(
            CallArtifact,
            call_id=call.id,
            artifact_type=artifact_type,
            storage_key=storage_key,
            byte_size=len(content),
            schema_version=_VERSIONS.get(artifact_type),
        )

    async def save(self) -> None:
        async with self._resources.database.transaction() as session:
            for table in SQLModel.metadata.sorted_tables:
                # Parents first: entities do not tell SQLAlchemy how they hang together.
                session.add_all([row for row in self._rows if row.__tablename__ == table.name])
                await session.flush()
        for key, content in self._objects.items():
            # Not through the store, which waits for the disk.
            path = self._resources.settings.storage_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


_VERSIONS = {ArtifactType.NORMALIZED_TRANSCRIPT_JSON: 2, ArtifactType.ANALYSIS_JSON: 3}


def _mark(entity: type[SQLModel], marker: str, **values: Any) -> Any:
    """A row of the entity with the marker in every text that has neither a value nor a default."""
    for name, field in entity.model_fields.items():
        column = entity.__table__.columns[name]  # type: ignore[attr-defined]
        has_default = not field.is_required() and field.default is not None
        if name not in values and isinstance(column.type, AutoString) and not has_default:
            values[name] = f"{marker} {COMMON_WORD}"
    return entity(**values)


def _documents(marker: str) -> dict[ArtifactType, Any]:
    """The stored documents of a call; transcript and analysis have every member that the schema knows."""
    said = f"{marker} {COMMON_WORD}"
    segment = {"id": 0, "start": 0.3, "end": 2.1, "text": said, "speaker": "SPEAKER_00"}
    turns = [{"start": 0.3, "end": 2.1, "speaker": "SPEAKER_00"}]
    return {
        ArtifactType.RAW_TRANSCRIPT_JSON: {"language": "en", "duration": 2.5, "text": said, "segments": [segment]},
        ArtifactType.DIARIZATION_JSON: {"provider": marker, "turns": turns},
        ArtifactType.DIARIZATION_RESULT_STATE: {"provider": marker},
        ArtifactType.NORMALIZED_TRANSCRIPT_JSON: _example("Transcript", marker),
        ArtifactType.ANALYSIS_JSON: _example("Analysis", marker),
    }


_SCALARS: dict[str, Any] = {
    "Boolean": True,
    "DateTime": "2026-02-09T09:14:07Z",
    "Float": 0.5,
    "Int": 2,
    "UUID": "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
}


def _example(type_name: str, marker: str) -> dict[str, Any]:
    """An object with every field of that type of the schema, the marker in every text."""
    found = SCHEMA.get_type(type_name)
    assert isinstance(found, GraphQLObjectType)
    value: dict[str, Any] = _example_of(found, f"{marker} {COMMON_WORD}")
    return value


def _example_of(graphql_type: GraphQLOutputType, said: str) -> Any:
    nullable = get_nullable_type(graphql_type)
    if is_list_type(nullable):
        return [_example_of(nullable.of_type, said)]
    if isinstance(nullable, GraphQLObjectType):
        # `document` is the whole, as it is stored.
        fields = {name: field for name, field in nullable.fields.items() if name != "document"}
        return {name: _example_of(field.type, said) for name, field in fields.items()}
    if isinstance(nullable, GraphQLEnumType):
        return next(iter(nullable.values))
    name = str(nullable)
    return said if name == "String" else _SCALARS[name]
