"""`analyzeCall`. Source: rest.md, section 2.2."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import redis.asyncio
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from app.calls.models import CallArtifact, CallRecord
from app.pipeline.models import CallProcessingEvent
from app.queue import STATUS_CHANNEL, open_queue
from app.resources import Resources
from app.storage.keys import audio_key
from app.uploads.stored import StoredUpload
from tests.scryon_graphql.conftest import Client

ANALYZE = """
mutation AnalyzeCall($file: Upload!, $input: AnalyzeCallInput) {
  analyzeCall(file: $file, input: $input) { id status title originalFileName direction durationSeconds recordedAt }
}
"""
CLOSED_PORT = "redis://127.0.0.1:1/0"


async def store_upload(resources: Resources, owner: UUID, *, file_name: str | None = None) -> StoredUpload:
    call_id = uuid4()
    key = audio_key(owner, call_id, "wav")
    await resources.storage.put(key, b"RIFF....WAVE")
    return StoredUpload(call_id, key, "audio/wav", 12, file_name, "0" * 64)


async def load(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        call = await session.get(CallRecord, call_id)
    assert call is not None
    return call


async def count(resources: Resources, entity: type[SQLModel]) -> int:
    async with resources.database.read() as session:
        return await session.scalar(select(func.count()).select_from(entity)) or 0


async def test_upload_becomes_a_queued_call(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice, file_name="part.wav")

    data = await client.get(
        ANALYZE,
        file=upload,
        input={
            "title": " Thursday appointment ",
            "fileName": "C:\\calls\\REC_1012.wav",
            "contactName": "Tobias Lind",
            "contactId": "contacts:118",
            "phoneNumber": "+49 30 5550 4471",
            "organization": "Lind Woodworks",
            "direction": "OUTGOING",
            "recordedAt": "2026-02-10T08:51:12+01:00",
            "durationSeconds": 31,
        },
    )

    assert data["analyzeCall"] == {
        "id": str(upload.call_id),
        "status": "QUEUED",
        "title": "Thursday appointment",
        "originalFileName": "REC_1012.wav",
        "direction": "OUTGOING",
        "durationSeconds": 31,
        "recordedAt": "2026-02-10T07:51:12Z",
    }
    call = await load(resources, upload.call_id)
    assert (call.user_id, call.contact_name, call.contact_id) == (alice, "Tobias Lind", "contacts:118")
    assert (call.phone_number, call.organization) == ("+49 30 5550 4471", "Lind Woodworks")
    assert (call.recorded_at_offset_minutes, call.byte_size, call.dispatch_count) == (60, 12, 1)
    assert call.dispatched_at is not None


async def test_upload_without_input_has_defaults(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice, file_name="part.wav")
    before = datetime.now(UTC)

    data = await client.get(ANALYZE, file=upload)

    assert data["analyzeCall"]["direction"] == "UNKNOWN"
    assert data["analyzeCall"]["originalFileName"] == "part.wav"
    call = await load(resources, upload.call_id)
    assert call.recorded_at is not None
    assert timedelta(0) <= call.recorded_at - before < timedelta(minutes=1)
    assert (call.recorded_at_offset_minutes, call.title, call.duration_seconds) == (None, None, None)


async def test_unknown_duration_and_utc_offset_are_kept_as_such(
    client: Client, resources: Resources, alice: UUID
) -> None:
    upload = await store_upload(resources, alice)

    await client.get(ANALYZE, file=upload, input={"durationSeconds": 0, "recordedAt": "2026-02-10T08:51:12-03:30"})

    call = await load(resources, upload.call_id)
    assert (call.duration_seconds, call.recorded_at_offset_minutes) == (None, -210)


async def test_audio_and_first_event_are_written_down(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice)

    await client.get(ANALYZE, file=upload)

    async with resources.database.read() as session:
        artifact = (await session.scalars(select(CallArtifact))).one()
        event = (await session.scalars(select(CallProcessingEvent))).one()
    assert (
        artifact.call_id,
        artifact.artifact_type,
        artifact.storage_key,
        artifact.content_type,
        artifact.byte_size,
    ) == (
        upload.call_id,
        "TEMP_AUDIO",
        upload.storage_key,
        "audio/wav",
        12,
    )
    assert (event.call_id, event.user_id, event.stage, event.status) == (
        upload.call_id,
        alice,
        "CALL_QUEUED",
        "COMPLETED",
    )


async def test_workers_and_subscribers_are_told(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice)
    assert resources.settings.redis_url is not None
    async with redis.asyncio.Redis.from_url(resources.settings.redis_url) as listener, listener.pubsub() as news:
        await news.subscribe(STATUS_CHANNEL)
        await news.get_message(timeout=5)

        await client.get(ANALYZE, file=upload)

        message = await news.get_message(ignore_subscribe_messages=True, timeout=5)
    assert await resources.queue.count_waiting() == 1
    assert message is not None
    assert orjson.loads(message["data"]) == {"callId": str(upload.call_id), "status": "QUEUED"}


async def test_silent_broker_does_not_change_the_answer(resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice)
    async with open_queue(CLOSED_PORT) as silent:
        client = Client(dataclasses.replace(resources, queue=silent), alice)

        data = await client.get(ANALYZE, file=upload)

    assert data["analyzeCall"]["status"] == "QUEUED"
    assert (await load(resources, upload.call_id)).status == "QUEUED"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "x" * 301}, "input.title"),
        ({"contactName": "a\x00b"}, "input.contactName"),
        ({"durationSeconds": 86_401}, "input.durationSeconds"),
        ({"durationSeconds": -1}, "input.durationSeconds"),
    ],
)
async def test_bad_input_leaves_no_row_and_no_message(
    client: Client, resources: Resources, alice: UUID, given: dict[str, Any], field: str
) -> None:
    upload = await store_upload(resources, alice)

    refused = await client.refused(ANALYZE, file=upload, input=given)

    assert (refused["code"], refused["status"]) == ("validation_failed", 400)
    assert [problem["field"] for problem in refused["details"]["fields"]] == [field]
    assert await count(resources, CallRecord) == 0
    assert await resources.queue.count_waiting() == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"file": "x.wav"},
        {},
        {"input": {"recordedAt": "2026-02-10T08:51:12"}},
        {"input": {"recordedAt": 7}},
        {"input": {"direction": "SIDEWAYS"}},
        {"input": {"durationSeconds": 3.5}},
    ],
    ids=["text-as-file", "no-file", "no-offset", "number-as-time", "direction", "fraction"],
)
async def test_values_of_the_wrong_type_are_refused(
    client: Client, resources: Resources, alice: UUID, variables: dict[str, Any]
) -> None:
    if "input" in variables:
        variables = {**variables, "file": await store_upload(resources, alice)}

    refused = await client.refused(ANALYZE, **variables)

    assert (refused["code"], refused["status"]) == ("validation_failed", 400)
    assert await count(resources, CallRecord) == 0


async def test_upload_of_an_account_deleted_meanwhile_leaves_nothing(resources: Resources) -> None:
    gone = uuid4()
    upload = await store_upload(resources, gone)

    refused = await Client(resources, gone).refused(ANALYZE, file=upload)

    assert (refused["code"], refused["status"]) == ("service_unavailable", 503)
    assert await count(resources, CallRecord) == 0
    assert await resources.queue.count_waiting() == 0


async def test_recording_becomes_one_call_only(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice)
    await client.get(ANALYZE, file=upload)

    refused = await client.refused(ANALYZE, file=upload)

    assert (refused["code"], refused["status"]) == ("validation_failed", 400)
    assert refused["details"] == {"fields": [{"field": "file", "message": "must not be used twice"}]}
    assert await count(resources, CallRecord) == 1


async def test_call_of_an_upload_is_owned_by_who_uploads(client: Client, resources: Resources, alice: UUID) -> None:
    upload = await store_upload(resources, alice)

    await client.get(ANALYZE, file=upload)

    async with resources.database.read() as session:
        assert (await session.scalars(select(col(CallRecord.user_id)))).all() == [alice]
