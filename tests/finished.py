"""A call as a worker has left it some time ago, by an older version of everything, and all that is stored of it."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlmodel import SQLModel, col

from app.actions.models import ActionItem, ActionSource
from app.analysis.models import CallSentimentSummary
from app.calls.models import ArtifactType, CallArtifact, CallRecord
from app.pipeline.document import to_document
from app.pipeline.models import CallProcessingEvent
from app.pipeline.transcript import Confidence, PipelineInfo, Segment, Speaker, Transcript
from app.resources import Resources
from app.storage.keys import call_prefix
from tests.engines import RAW, TURNS
from tests.factories import Factory

PAST = datetime(2026, 2, 9, 9, 14, 31, tzinfo=UTC)
OLD_ANALYSIS = orjson.dumps({"schemaVersion": 3, "oneLineSummary": "Old words.", "actionItems": [{"title": "Old"}]})
OLD_TRANSCRIPT = Transcript(
    call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
    speakers=(Speaker(1, "SPEAKER_00"), Speaker(2, "SPEAKER_01")),
    segments=(
        Segment("seg_0001", "spk_1", 0.0, 2.0, "hello this is alice", Confidence.LOW),
        Segment("seg_0002", "spk_2", 2.5, 5.0, "hi alice", Confidence.LOW),
    ),
    pipeline=PipelineInfo("lemonfox", "whisper-1", "stub", "older"),
    created_at="2026-02-09T09:14:31Z",
    language="en",
    duration_seconds=9,
)


def encode_transcript(transcript: Transcript) -> bytes:
    return orjson.dumps(to_document(transcript))


async def finished_call(
    factory: Factory,
    owner: UUID,
    *,
    raw: bytes | None = RAW,
    transcript: Transcript | bytes | None = OLD_TRANSCRIPT,
    **values: Any,
) -> CallRecord:
    """A COMPLETED call with its documents, an AI and a MANUAL action item, and a sentiment row; None leaves one out."""
    values = {
        "title": "Old title",
        "short_summary": "Old words.",
        "tags_json": ["old"],
        "created_at": PAST,
        "updated_at": PAST,
        "completed_at": PAST,
        **values,
    }
    call = await factory.call(owner, **values)
    if raw is not None:
        turns = [{"start": turn.start_seconds, "end": turn.end_seconds, "speaker": turn.speaker} for turn in TURNS]
        await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, raw)
        await factory.document(call, ArtifactType.DIARIZATION_JSON, {"provider": "stub", "turns": turns})
    if isinstance(transcript, Transcript):
        transcript = encode_transcript(replace(transcript, call_id=str(call.id)))
    if transcript is not None:
        await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, transcript, schema_version=2)
    await factory.document(call, ArtifactType.ANALYSIS_JSON, OLD_ANALYSIS, schema_version=3)
    await factory.action_item(call, title="Old", created_at=PAST)
    await factory.action_item(call, title="Mine", source=ActionSource.MANUAL, created_at=PAST + timedelta(seconds=1))
    await factory.sentiment(call, sentiment_overall="negative", tone_pace="fast")
    return call


@dataclass(frozen=True)
class Stored:
    """Everything that is stored of a call, apart from its events; `objects` by the last part of their keys."""

    call: dict[str, Any]
    artifacts: list[dict[str, Any]]
    objects: dict[str, bytes]
    items: list[dict[str, Any]]
    sentiment: list[dict[str, Any]]

    @property
    def transcript(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.objects["normalized.json"])
        return document

    @property
    def titles(self) -> list[str]:
        """The titles of the action items, oldest first."""
        return [item["title"] for item in self.items]

    def without(self, *columns: str) -> dict[str, Any]:
        """All of it but these columns of the call."""
        return {**asdict(self), "call": {name: value for name, value in self.call.items() if name not in columns}}


async def read_stored(resources: Resources, call: CallRecord) -> Stored:
    async def rows(table: type[SQLModel], *filters: Any) -> list[dict[str, Any]]:
        async with resources.database.read() as session:
            found = (await session.execute(select(table).where(*filters))).scalars()
            return sorted((row.model_dump() for row in found), key=lambda row: (row["created_at"], str(row.get("id"))))

    keys = await resources.storage.list_keys(call_prefix(call.user_id, call.id))
    calls = await rows(CallRecord, col(CallRecord.id) == call.id)
    return Stored(
        call=calls[0] if calls else {},
        artifacts=await rows(CallArtifact, col(CallArtifact.call_id) == call.id),
        objects={key.rsplit("/", 1)[1]: await resources.storage.get(key) for key in keys},
        items=await rows(ActionItem, col(ActionItem.call_record_id) == call.id),
        sentiment=await rows(CallSentimentSummary, col(CallSentimentSummary.call_record_id) == call.id),
    )


async def read_events(resources: Resources, call: CallRecord) -> list[str]:
    """`STAGE STATUS` of each event, oldest first."""
    event = CallProcessingEvent
    statement = select(col(event.stage), col(event.status)).where(col(event.call_id) == call.id)
    async with resources.database.read() as session:
        rows = await session.execute(statement.order_by(col(event.created_at), col(event.id)))
        return [f"{row.stage} {row.status}" for row in rows]
