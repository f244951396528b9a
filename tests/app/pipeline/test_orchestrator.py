"""A call's way from QUEUED to its end, with scripted engines over the real database, storage and queue."""

import asyncio
import io
import math
import struct
import threading
import wave
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select, update
from sqlmodel import col

from app.actions.models import ActionItem, ActionSource
from app.analysis.models import CallSentimentSummary
from app.calls.artifacts import read_artifact
from app.calls.deletion import delete_call
from app.calls.editing import CallEdit, update_call
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.observability.logging import configure_logging
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.models import CallProcessingEvent
from app.pipeline.orchestrator import process_call
from app.pipeline.speech import RawTranscript
from app.resources import Resources
from app.settings import load_settings
from app.storage.keys import call_prefix, document_key
from app.storage.store import ObjectStore
from tests.engines import ANALYSIS, MARKER, RAW, Script, ScriptedTranscriber
from tests.factories import Factory

PAST = datetime(2020, 1, 1, tzinfo=UTC)
LASTING = ["ANALYSIS_JSON", "DIARIZATION_JSON", "NORMALIZED_TRANSCRIPT_JSON", "RAW_TRANSCRIPT_JSON"]


def tone(seconds: float = 8.0) -> bytes:
    """A mono WAV that any decoder takes."""
    samples = (int(8000 * math.sin(index * 0.17)) for index in range(int(seconds * 16000)))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16000)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


class BeatingStore(ObjectStore):
    """A store that deletes so slowly that the heartbeat beats meanwhile."""

    def __init__(self, store: ObjectStore, heartbeat: Heartbeat) -> None:
        super().__init__(store._store, store._root)
        self._heartbeat = heartbeat

    async def delete(self, key: str) -> None:
        await self._heartbeat.beat()
        await super().delete(key)

    async def delete_prefix(self, prefix: str) -> None:
        await self._heartbeat.beat()
        await super().delete_prefix(prefix)


@pytest.fixture
def script() -> Script:
    return Script()


async def queued(factory: Factory, owner: UUID, **values: object) -> CallRecord:
    call = await factory.call(owner, status=CallStatus.QUEUED, **values)
    await factory.audio(call, tone())
    return call


async def work(resources: Resources, script: Script, call_id: UUID) -> None:
    await process_call(resources, script.engines(), Heartbeat(resources.database), call_id)


async def rest_is_over(resources: Resources, call_id: UUID) -> None:
    """Let the back-off of a call end now."""
    async with resources.database.transaction() as session:
        await session.execute(update(CallRecord).where(col(CallRecord.id) == call_id).values(lease_expires_at=PAST))


async def read_call(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        return (await session.execute(select(CallRecord).where(col(CallRecord.id) == call_id))).scalar_one()


async def artifact_types(resources: Resources, call_id: UUID) -> list[str]:
    async with resources.database.read() as session:
        statement = select(col(CallArtifact.artifact_type)).where(col(CallArtifact.call_id) == call_id)
        return sorted((await session.execute(statement)).scalars())


async def items_of(resources: Resources, call_id: UUID) -> list[ActionItem]:
    async with resources.database.read() as session:
        statement = select(ActionItem).where(col(ActionItem.call_record_id) == call_id)
        return list((await session.execute(statement.order_by(col(ActionItem.created_at)))).scalars())


async def events_of(resources: Resources, call_id: UUID) -> list[str]:
    async with resources.database.read() as session:
        event = CallProcessingEvent
        statement = select(col(event.stage), col(event.status)).where(col(event.call_id) == call_id)
        rows = await session.execute(statement.order_by(col(event.created_at), col(event.id)))
        return [f"{row.stage} {row.status}" for row in rows]


@dataclass
class WatchfulTranscriber(ScriptedTranscriber):
    """Notes in which threads its answers are parsed."""

    threads: list[threading.Thread] = field(default_factory=list)

    def parse(self, content: bytes) -> RawTranscript:
        self.threads.append(threading.current_thread())
        return super().parse(content)


async def test_long_answer_that_is_parsed_keeps_no_lease_waiting(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    transcriber = WatchfulTranscriber()
    call = await queued(factory, alice)

    await work(resources, Script(transcriber), call.id)

    assert transcriber.threads
    assert threading.current_thread() not in transcriber.threads


async def test_completed_call_has_everything_and_no_audio(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason, row.attempts) == (CallStatus.COMPLETED, None, 0)
    assert (row.claim_token, row.lease_expires_at) == (None, None)
    assert (row.title, row.short_summary) == ("Revised price", "A revised price is to be sent by Friday.")
    assert (row.tags_json, row.duration_seconds) == (["price", "offer"], 8)
    assert row.completed_at is not None
    assert await artifact_types(resources, call.id) == LASTING
    keys = await resources.storage.list_keys("users/")
    assert sorted(key.rsplit("/", 1)[1] for key in keys) == [
        "analysis.json",
        "diarization.json",
        "normalized.json",
        "raw.json",
    ]


async def test_stored_documents_are_the_engines_bytes_and_our_transcript(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)

    await work(resources, script, call.id)

    raw = await read_artifact(resources, call.id, ArtifactType.RAW_TRANSCRIPT_JSON)
    analysis = await read_artifact(resources, call.id, ArtifactType.ANALYSIS_JSON)
    transcript = await read_artifact(resources, call.id, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert raw == (RAW, None)
    assert analysis == (orjson.dumps(ANALYSIS), 3)
    assert transcript is not None
    document = orjson.loads(transcript[0])
    assert transcript[1] == 2
    assert [speaker["displayName"] for speaker in document["speakers"]] == ["Alice", "Robert"]
    assert document["pipeline"]["diarizationProvider"] == "stub"
    assert document["callId"] == str(call.id)


async def test_action_items_and_sentiment_are_written_with_the_status(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    manual = await factory.action_item(call, title="Mine", source=ActionSource.MANUAL)

    await work(resources, script, call.id)

    first, second, third = await items_of(resources, call.id)
    assert first.id == manual.id
    assert (second.title, second.due_date, second.priority) == ("Send the revised price", date(2026, 2, 13), "HIGH")
    assert (second.owner_speaker_id, second.owner_display_name, second.intent) == ("spk_1", "Alice", "email")
    assert (third.title, third.owner_speaker_id, third.intent) == ("Call the warehouse", None, "none")
    assert third.created_at > second.created_at
    async with resources.database.read() as session:
        sentiment = (await session.execute(select(CallSentimentSummary))).scalar_one()
    assert (sentiment.sentiment_overall, sentiment.user_sentiment, sentiment.contact_sentiment) == (
        "positive",
        "neutral",
        None,
    )


async def test_every_stage_leaves_its_event(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)

    await work(resources, script, call.id)

    events = await events_of(resources, call.id)
    assert sorted(events[1:3]) == ["DIARIZED COMPLETED", "TRANSCRIBED COMPLETED"]
    assert [events[0], *events[3:]] == [
        "AUDIO_PREPROCESSED COMPLETED",
        "TRANSCRIPT_ALIGNED COMPLETED",
        "TRANSCRIPT_NORMALIZED COMPLETED",
        "SPEAKER_REFINED COMPLETED",
        "ANALYZED COMPLETED",
        "ACTION_ITEMS_EXTRACTED COMPLETED",
        "CALL_COMPLETED COMPLETED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]


async def test_second_delivery_of_a_finished_call_changes_nothing(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    await work(resources, script, call.id)
    before = await read_call(resources, call.id)

    await work(resources, script, call.id)

    assert script.asked == (1, 1, 1)
    assert (await read_call(resources, call.id)).model_dump() == before.model_dump()


async def test_what_the_user_and_the_upload_have_set_stays(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(
        factory, alice, title="Mine", short_summary="My words", summary_edited_at=PAST, duration_seconds=99
    )
    cleared = await queued(factory, alice, title=None, title_edited_at=PAST)

    await work(resources, script, call.id)
    await work(resources, script, cleared.id)

    row = await read_call(resources, call.id)
    assert (row.title, row.short_summary, row.duration_seconds) == ("Mine", "My words", 99)
    assert (await read_call(resources, cleared.id)).title is None


async def test_edits_of_a_waiting_call_stay(
    factory: Factory, alice: UUID, resources: Resources, script: Script
) -> None:
    call = await queued(factory, alice, title="Uploaded")
    async with resources.database.transaction() as session:
        await update_call(session, alice, call.id, CallEdit(title="", summary="My words", notes="Call back."))

    await work(resources, script, call.id)

    stored = await read_call(resources, call.id)
    assert (stored.status, stored.title, stored.short_summary) == (CallStatus.COMPLETED, None, "My words")
    assert stored.notes == "Call back."


@pytest.mark.parametrize("stage", ["transcriber", "diarizer", "analyst"])
async def test_run_that_broke_in_a_stage_resumes_and_asks_nobody_twice(
    resources: Resources, factory: Factory, alice: UUID, script: Script, stage: str
) -> None:
    call = await queued(factory, alice)
    broken = getattr(script, stage)
    others = [engine for engine in (script.transcriber, script.diarizer, script.analyst) if engine is not broken]
    # What does not fail softly: the engine's process is shot, the worker with it.
    broken.gate = asyncio.Event()
    heartbeat = Heartbeat(resources.database)
    run = asyncio.create_task(process_call(resources, script.engines(), heartbeat, call.id))
    await asyncio.wait_for(broken.entered.wait(), 30)
    for _ in range(500):
        if len(await artifact_types(resources, call.id)) >= {"transcriber": 3, "diarizer": 2, "analyst": 4}[stage]:
            break
        await asyncio.sleep(0.01)
    heartbeat.cancel_all()
    await run
    stopped = await read_call(resources, call.id)

    broken.gate.set()
    await work(resources, script, call.id)

    assert stopped.status == (CallStatus.ANALYZING if stage == "analyst" else CallStatus.TRANSCRIBING)
    assert stopped.claim_token is None
    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    assert broken.asked == 2
    assert [engine.asked for engine in others] == [1, 1]
    assert await artifact_types(resources, call.id) == LASTING
    assert len(await items_of(resources, call.id)) == 2


async def test_unexpected_error_makes_the_call_rest_and_the_next_run_goes_on(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.analyst.errors = [RuntimeError("out of luck")]

    await work(resources, script, call.id)
    resting = await read_call(resources, call.id)
    await work(resources, script, call.id)
    await rest_is_over(resources, call.id)
    await work(resources, script, call.id)

    assert (resting.status, resting.error_reason, resting.claim_token) == (CallStatus.ANALYZING, None, None)
    assert resting.lease_expires_at is not None
    assert 5 < (resting.lease_expires_at - datetime.now(UTC)).total_seconds() <= 15
    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    assert script.asked == (1, 1, 2)


async def test_progress_gives_a_call_all_its_attempts_again(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice, attempts=4)
    script.analyst.errors = [RuntimeError("out of luck")]

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason, row.attempts) == (CallStatus.ANALYZING, None, 0)


@pytest.mark.parametrize("content", [RAW, b"<html>"], ids=["completed", "failed"])
async def test_beat_after_the_end_of_a_call_does_not_keep_its_audio(
    resources: Resources, factory: Factory, alice: UUID, script: Script, content: bytes
) -> None:
    call = await queued(factory, alice)
    script.transcriber.content = content
    heartbeat = Heartbeat(resources.database)
    beating = replace(resources, storage=BeatingStore(resources.storage, heartbeat))

    await process_call(beating, script.engines(), heartbeat, call.id)

    assert (await read_call(resources, call.id)).completed_at is not None
    assert await resources.storage.list_keys(f"users/{alice}/calls/{call.id}/temp/") == []
    assert "TEMP_AUDIO" not in await artifact_types(resources, call.id)


async def test_call_taken_during_a_shutdown_is_let_go_at_once(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    heartbeat = Heartbeat(resources.database)
    heartbeat.cancel_all()

    await asyncio.create_task(process_call(resources, script.engines(), heartbeat, call.id))

    row = await read_call(resources, call.id)
    assert (row.claim_token, row.attempts, script.asked) == (None, 0, (0, 0, 0))


async def test_call_that_never_gets_on_fails_at_its_last_attempt(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.transcriber.errors = [RuntimeError("out of luck")] * 15

    # Five attempts without progress; the diarization beside it may get on twice in between.
    for _ in range(15):
        await work(resources, script, call.id)
        await rest_is_over(resources, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason) == (CallStatus.FAILED, "internal_error")
    assert await resources.storage.list_keys(f"users/{alice}/calls/{call.id}/temp/") == []


async def test_call_whose_workers_all_died_is_given_up(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice, attempts=5)

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason, script.asked) == (CallStatus.FAILED, "attempts_exhausted", (0, 0, 0))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"text": "", "segments": []}', "transcription_empty"),
        (b'{"text": "...", "segments": [{"start": 0, "end": 1, "text": "[music]"}]}', "transcription_empty"),
        (b"<html>", "transcription_invalid_response"),
    ],
    ids=["nothing", "no speech", "no JSON"],
)
async def test_unusable_transcript_fails_the_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script, content: bytes, reason: str
) -> None:
    call = await queued(factory, alice)
    script.transcriber.content = content

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason) == (CallStatus.FAILED, reason)
    assert row.completed_at is not None
    assert "TEMP_AUDIO" not in await artifact_types(resources, call.id)
    assert (await events_of(resources, call.id))[-2:] == ["CALL_FAILED FAILED", "TEMP_AUDIO_DELETED COMPLETED"]


async def test_documented_failure_of_an_engine_is_final_at_once(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.analyst.errors = [HardFailureError(FailureReason.ANALYSIS_REFUSED)]

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason) == (CallStatus.FAILED, "analysis_refused")
    assert await items_of(resources, call.id) == []


async def test_state_of_a_run_that_was_cut_off_before_its_row_goes_with_the_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    await resources.storage.put(document_key(alice, call.id, ArtifactType.DIARIZATION_RESULT_STATE), b"{}")
    script.diarizer.gate = asyncio.Event()
    script.transcriber.errors = [HardFailureError(FailureReason.TRANSCRIPTION_TIMEOUT)]

    await work(resources, script, call.id)

    assert await resources.storage.list_keys(call_prefix(alice, call.id)) == []


@pytest.mark.parametrize("content", [b"no", b"[1]", b'{"a": NaN}'], ids=["text", "list", "NaN"])
async def test_analysis_that_is_no_object_fails_the_call_and_is_not_stored(
    resources: Resources, factory: Factory, alice: UUID, script: Script, content: bytes
) -> None:
    call = await queued(factory, alice)
    script.analyst.content = content

    await work(resources, script, call.id)

    row = await read_call(resources, call.id)
    assert (row.status, row.error_reason) == (CallStatus.FAILED, "analysis_invalid_response")
    assert "ANALYSIS_JSON" not in await artifact_types(resources, call.id)


async def test_malformed_action_items_do_not_fail_the_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.analyst.content = b'{"oneLineSummary": "A.", "actionItems": "call the plumber"}'

    await work(resources, script, call.id)

    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    assert await items_of(resources, call.id) == []
    assert "ACTION_ITEMS_EXTRACTED FAILED" in await events_of(resources, call.id)


async def test_failed_diarization_falls_back_to_the_transcripts_labels(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.diarizer.errors = [RuntimeError("no voices today")]

    await work(resources, script, call.id)

    transcript = await read_artifact(resources, call.id, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert transcript is not None
    document = orjson.loads(transcript[0])
    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    assert document["pipeline"]["diarizationProvider"] == "stub"
    assert [segment["speakerId"] for segment in document["segments"]] == ["spk_1", "spk_2", "spk_1"]
    assert "DIARIZED FAILED" in await events_of(resources, call.id)


async def test_missing_and_undecodable_recordings_have_their_reasons(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    missing = await factory.call(alice, status=CallStatus.QUEUED)
    broken = await factory.call(alice, status=CallStatus.QUEUED)
    await factory.audio(broken, b"RIFF\x00\x00\x00\x00WAVEnot really")

    await work(resources, script, missing.id)
    await work(resources, script, broken.id)

    assert (await read_call(resources, missing.id)).error_reason == "audio_missing"
    assert (await read_call(resources, broken.id)).error_reason == "audio_undecodable"
    assert await resources.storage.list_keys("users/") == []


async def test_storage_outage_makes_the_call_rest(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    root = resources.settings.storage_path
    hidden = Path(f"{root}.hidden")
    root.rename(hidden)
    root.write_bytes(b"a file where the folder was")

    await work(resources, script, call.id)
    resting = await read_call(resources, call.id)
    root.unlink()
    hidden.rename(root)
    await rest_is_over(resources, call.id)
    await work(resources, script, call.id)

    assert (resting.status, resting.claim_token) == (CallStatus.TRANSCRIBING, None)
    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED


@pytest.mark.parametrize("stage", ["transcriber", "analyst"])
async def test_call_deleted_under_a_worker_leaves_nothing(
    resources: Resources, factory: Factory, alice: UUID, script: Script, stage: str
) -> None:
    call = await queued(factory, alice)
    engine = getattr(script, stage)
    engine.gate = asyncio.Event()
    run = asyncio.create_task(work(resources, script, call.id))
    await asyncio.wait_for(engine.entered.wait(), 30)

    await delete_call(resources, user_id=alice, call_id=call.id)
    engine.gate.set()
    await run

    assert await resources.storage.list_keys("users/") == []
    async with resources.database.read() as session:
        assert (await session.execute(select(CallProcessingEvent))).all() == []
        assert (await session.execute(select(CallArtifact))).all() == []


async def test_worker_that_wakes_up_after_another_has_finished_changes_no_document(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    """Objects have no guard of their own: a run that was paused must not put its answer over a later one's."""
    call = await queued(factory, alice)
    late = Script()
    late.analyst.content, late.analyst.gate = orjson.dumps({**ANALYSIS, "tags": ["late"]}), asyncio.Event()
    paused = asyncio.create_task(work(resources, late, call.id))
    await asyncio.wait_for(late.analyst.entered.wait(), 30)
    await rest_is_over(resources, call.id)
    await work(resources, script, call.id)

    late.analyst.gate.set()
    await paused

    assert (await read_call(resources, call.id)).status == CallStatus.COMPLETED
    assert await read_artifact(resources, call.id, ArtifactType.ANALYSIS_JSON) == (script.analyst.content, 3)


async def test_beat_while_a_deleted_call_is_cleaned_up_keeps_nothing_of_it(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    script.analyst.gate = asyncio.Event()
    heartbeat = Heartbeat(resources.database)
    beating = replace(resources, storage=BeatingStore(resources.storage, heartbeat))
    run = asyncio.create_task(process_call(beating, script.engines(), heartbeat, call.id))
    await asyncio.wait_for(script.analyst.entered.wait(), 30)

    await delete_call(resources, user_id=alice, call_id=call.id)
    script.analyst.gate.set()
    await run

    assert await resources.storage.list_keys("users/") == []


async def test_no_log_line_holds_what_was_said_or_who_said_it(
    resources: Resources, factory: Factory, alice: UUID, script: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(load_settings(log_level="INFO"))
    values = {"contact_name": "Quagmire", "phone_number": "+4915112345", "title": "Xylophone", "notes": "Wombat"}
    good = await queued(factory, alice, original_file_name="Umbrella.wav", **values)
    bad = await queued(factory, alice, original_file_name="Umbrella.wav", **values)

    await work(resources, script, good.id)
    script.analyst.errors = [RuntimeError(f"could not digest {MARKER} of +4915112345")]
    await work(resources, script, bad.id)

    told = capsys.readouterr().err
    secrets = (MARKER, "Alice", "Robert", "Quagmire", "15112345", "Xylophone", "Wombat", "Umbrella", "revised price")
    assert [secret for secret in secrets if secret.lower() in told.lower()] == []
    assert told.count("event=PIPELINE") > 15
    assert "event=run_failed" in told
    assert "error=RuntimeError" in told
