"""Analysing a finished call again: what is made anew, what stays, and that it is all or nothing (pipeline.md 10)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.calls.reanalysis import reanalyze_call
from app.errors import (
    AnalysisFailedError,
    CallNotFoundError,
    CallNotReanalyzableError,
    FeatureNotAvailableError,
    IdempotencyInProgressError,
    InternalError,
    ReanalyzeInProgressError,
    ServiceUnavailableError,
    StorageUnavailableError,
    TranscriptNotFoundError,
)
from app.idempotency.answers import Answer
from app.idempotency.keyed import KeyedRequest
from app.idempotency.models import IdempotencyRecord
from app.observability.logging import configure_logging
from app.pipeline import heartbeat
from app.pipeline.claims import claim_call
from app.pipeline.dispatcher import dispatch
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.pipeline.transcript import Confidence, LabelSource, SpeakerResolution, SpeakerRole
from app.resources import Resources
from app.settings import Profile, load_settings
from app.storage.store import ObjectStore
from tests.app.audio.recordings import read
from tests.engines import ANALYSIS, MARKER, RAW, Script, ScriptedAnalyst
from tests.factories import Factory
from tests.finished import (
    OLD_TRANSCRIPT,
    PAST,
    Stored,
    finished_call,
    read_events,
    read_stored,
)

FAR = datetime(2100, 1, 1, tzinfo=UTC)


class InterruptedStore(ObjectStore):
    """A store with something that happens in between its puts: `before_put` is told how many there were."""

    def __init__(self, store: ObjectStore, before_put: Callable[[int], Awaitable[None]]) -> None:
        super().__init__(store._store, store._root)
        self._before_put = before_put
        self._puts = 0

    async def put(self, key: str, content: bytes) -> None:
        await self._before_put(self._puts)
        self._puts += 1
        await super().put(key, content)


@pytest.fixture
def analyst() -> ScriptedAnalyst:
    return ScriptedAnalyst()


@pytest.fixture
def process(resources: Resources, analyst: ScriptedAnalyst) -> Resources:
    """What an API process with that analyst has."""
    return replace(resources, analyst=analyst)


async def reanalyze(process: Resources, call: CallRecord, keyed: KeyedRequest | None = None) -> None:
    await reanalyze_call(process, user_id=call.user_id, call_id=call.id, keyed=keyed)


async def change(resources: Resources, call: CallRecord, **values: object) -> None:
    async with resources.database.transaction() as session:
        await session.execute(update(CallRecord).where(col(CallRecord.id) == call.id).values(**values))


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  (nobody tells when a row changes)
            await asyncio.sleep(0.01)


async def test_everything_is_made_anew(process: Resources, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)

    await reanalyze(process, call)

    after = await read_stored(process, call)
    assert [speaker["displayName"] for speaker in after.transcript["speakers"]] == ["Alice", "Robert"]
    assert [segment["speakerId"] for segment in after.transcript["segments"]] == ["spk_1", "spk_2", "spk_1"]
    assert after.objects["analysis.json"] == orjson.dumps(ANALYSIS)
    assert after.objects["raw.json"] == RAW
    assert after.titles == ["Mine", "Send the revised price", "Call the warehouse"]
    assert (after.items[1]["due_date"], after.items[1]["owner_display_name"]) == (date(2026, 2, 13), "Alice")
    assert after.items[0] == before.items[1]
    assert (after.call["short_summary"], after.call["tags_json"]) == (
        "A revised price is to be sent by Friday.",
        ["price", "offer"],
    )
    [sentiment] = after.sentiment
    assert (sentiment["sentiment_overall"], sentiment["user_sentiment"], sentiment["tone_pace"]) == (
        "positive",
        "neutral",
        None,
    )


async def test_rows_of_the_artifacts_follow_their_objects(process: Resources, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)

    await reanalyze(process, call)

    after = await read_stored(process, call)
    rows = {row["artifact_type"]: row for row in after.artifacts}
    assert [row["id"] for row in after.artifacts] == [row["id"] for row in before.artifacts]
    assert sorted(after.objects) == ["analysis.json", "diarization.json", "normalized.json", "raw.json"]
    for name, kind, version in (
        ("normalized.json", ArtifactType.NORMALIZED_TRANSCRIPT_JSON, 2),
        ("analysis.json", ArtifactType.ANALYSIS_JSON, 3),
    ):
        row = rows[kind]
        assert (row["byte_size"], row["schema_version"]) == (len(after.objects[name]), version)


async def test_call_stays_completed_and_is_nobodys_afterwards(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)
    during = await read_stored(process, call)

    analyst.gate.set()
    await running

    after = await read_stored(process, call)
    assert during.without("claim_token", "lease_expires_at") == before.without("claim_token", "lease_expires_at")
    assert during.call["claim_token"] is not None
    changed = {name for name, value in after.call.items() if value != before.call[name]}
    assert changed == {"short_summary", "tags_json", "updated_at"}
    assert after.call["updated_at"] > before.call["updated_at"]


async def test_stages_leave_their_events(process: Resources, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice)

    await reanalyze(process, call)

    assert await read_events(process, call) == [
        "REANALYZE_STARTED STARTED",
        "TRANSCRIPT_ALIGNED COMPLETED",
        "TRANSCRIPT_NORMALIZED COMPLETED",
        "SPEAKER_REFINED COMPLETED",
        "ANALYZED COMPLETED",
        "ACTION_ITEMS_EXTRACTED COMPLETED",
    ]


async def test_what_the_user_has_edited_stays(process: Resources, factory: Factory, alice: UUID) -> None:
    edited = await finished_call(
        factory, alice, title="Mine", title_edited_at=PAST, short_summary="My words", summary_edited_at=PAST
    )
    cleared = await finished_call(
        factory, alice, title=None, title_edited_at=PAST, short_summary=None, summary_edited_at=PAST
    )
    untitled = await finished_call(factory, alice, title=None)

    for call in (edited, cleared, untitled):
        await reanalyze(process, call)

    stored = [(await read_stored(process, call)).call for call in (edited, cleared, untitled)]
    assert [(call["title"], call["short_summary"]) for call in stored] == [
        ("Mine", "My words"),
        (None, None),
        ("Revised price", "A revised price is to be sent by Friday."),
    ]


async def test_running_again_gives_the_same_with_new_items(process: Resources, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice)

    stored = []
    for _ in range(3):
        await reanalyze(process, call)
        stored.append(await read_stored(process, call))

    assert [found.titles for found in stored] == [["Mine", "Send the revised price", "Call the warehouse"]] * 3
    assert len({found.items[0]["id"] for found in stored}) == 1
    assert len({found.items[1]["id"] for found in stored}) == 3
    assert [len(found.artifacts) for found in stored] == [4, 4, 4]


async def test_same_code_builds_the_same_transcript_again(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED, contact_name="Robert Lind", direction="OUTGOING")
    await factory.audio(call, read("voicemail.mono.flac"), extension="flac")
    await process_call(process, Script().engines(), Heartbeat(process.database), call.id)
    before = (await read_stored(process, call)).transcript

    await reanalyze(process, call)

    after = (await read_stored(process, call)).transcript
    assert after["speakers"][1]["displayName"] == "Robert Lind"
    assert {**after, "createdAt": None} == {**before, "createdAt": None}


async def test_analyst_is_asked_about_the_new_transcript(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    recorded_at = datetime(2026, 2, 9, 8, 0, tzinfo=UTC)
    call = await finished_call(factory, alice, recorded_at=recorded_at, recorded_at_offset_minutes=60)

    await reanalyze(process, call)

    [(transcript, request)] = analyst.requests
    assert [segment.text for segment in transcript.segments][2] == "I will send you the revised price by Friday."
    assert (request.call_id, request.title, request.recorded_at) == (call.id, "Old title", recorded_at)
    assert request.recorded_at.utcoffset() == timedelta(hours=1)


async def test_engines_and_length_stay_those_of_the_recording(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice)

    await reanalyze(process, call)

    transcript = (await read_stored(process, call)).transcript
    assert transcript["durationSeconds"] == 9
    assert transcript["pipeline"] == {
        "transcriptionProvider": "lemonfox",
        "transcriptionModel": "whisper-1",
        "diarizationProvider": "stub",
        "diarizationModel": "older",
        "alignmentVersion": "1.0",
        "normalizationVersion": 3,
        "status": "COMPLETED",
    }


@pytest.mark.parametrize("stored", [None, b"[1]", b"{}"], ids=["none", "list", "empty"])
@pytest.mark.parametrize(
    ("engine", "provider", "model"), [(None, "unknown", "unknown"), ("pocketsphinx", "local", "pocketsphinx")]
)
async def test_transcript_is_built_where_the_earlier_one_is_lost(
    process: Resources,
    factory: Factory,
    alice: UUID,
    stored: bytes | None,
    engine: str | None,
    provider: str,
    model: str,
) -> None:
    raw = orjson.dumps({**orjson.loads(RAW), "engine": engine})
    call = await finished_call(factory, alice, raw=raw, transcript=stored)

    await reanalyze(process, call)

    transcript = (await read_stored(process, call)).transcript
    assert len(transcript["segments"]) == 3
    assert transcript["durationSeconds"] == 8
    assert transcript["pipeline"]["transcriptionProvider"] == provider
    assert transcript["pipeline"]["transcriptionModel"] == model
    assert transcript["pipeline"]["diarizationProvider"] == "stub"


async def test_labels_of_the_transcription_count_without_turns(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice, raw=None)
    await factory.document(call, ArtifactType.RAW_TRANSCRIPT_JSON, RAW)

    await reanalyze(process, call)

    transcript = (await read_stored(process, call)).transcript
    assert [segment["sourceSpeakerId"] for segment in transcript["segments"]] == [
        "SPEAKER_00",
        "SPEAKER_01",
        "SPEAKER_00",
    ]


async def test_transcript_alone_is_analysed_as_it_is(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice, raw=None)
    before = await read_stored(process, call)

    await reanalyze(process, call)

    after = await read_stored(process, call)
    assert analyst.requests[0][0] == replace(OLD_TRANSCRIPT, call_id=str(call.id))
    assert after.objects == {**before.objects, "analysis.json": orjson.dumps(ANALYSIS)}
    assert after.titles == ["Mine", "Send the revised price", "Call the warehouse"]
    assert await read_events(process, call) == [
        "REANALYZE_STARTED STARTED",
        "ANALYZED COMPLETED",
        "ACTION_ITEMS_EXTRACTED COMPLETED",
    ]


async def test_label_of_the_voice_is_carried_over(process: Resources, factory: Factory, alice: UUID) -> None:
    first, second = OLD_TRANSCRIPT.speakers
    recognised = replace(
        second,
        role=SpeakerRole.USER,
        confidence=Confidence.MEDIUM,
        label_source=LabelSource.VOICE_EMBEDDING,
        voice_match_score=0.8,
        voice_profile_matched=True,
    )
    facts = SpeakerResolution(voice_embedding_enabled=True, voice_profile_used=True, voice_match_status="MATCHED")
    earlier = replace(OLD_TRANSCRIPT, speakers=(first, recognised), resolution=facts)
    call = await finished_call(factory, alice, transcript=earlier)

    await reanalyze(process, call)

    transcript = (await read_stored(process, call)).transcript
    assert transcript["speakers"][1] == {
        "speakerId": "spk_2",
        "sourceSpeakerId": "SPEAKER_01",
        "label": "Speaker 2",
        "displayName": "Robert",
        "role": "USER",
        "confidence": "MEDIUM",
        "labelSource": "VOICE_EMBEDDING",
        "voiceMatchScore": 0.8,
        "voiceProfileMatched": True,
    }
    assert transcript["speakers"][0]["role"] == "CONTACT"
    assert transcript["speakerResolution"]["voiceMatchStatus"] == "MATCHED"


async def test_malformed_action_items_leave_the_old_ones(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.content = b'{"oneLineSummary": "A.", "actionItems": "call the plumber"}'

    await reanalyze(process, call)

    after = await read_stored(process, call)
    assert (after.items, after.sentiment) == (before.items, before.sentiment)
    assert (after.call["short_summary"], after.objects["analysis.json"]) == ("A.", analyst.content)
    assert (await read_events(process, call))[-1] == "ACTION_ITEMS_EXTRACTED FAILED"


async def test_kept_answers_about_replaced_items_are_forgotten(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice)
    items = (await read_stored(process, call)).items
    for item in items:
        await add_record(process, call, resource_id=item["id"])

    await reanalyze(process, call)

    async with process.database.read() as session:
        kept = (await session.scalars(select(col(IdempotencyRecord.resource_id)))).all()
    assert kept == [items[1]["id"]]


@pytest.mark.parametrize(
    ("error", "content", "reason"),
    [
        (HardFailureError(FailureReason.ANALYSIS_REFUSED), b"", "analysis_refused"),
        (HardFailureError(FailureReason.ANALYSIS_TIMEOUT), b"", "analysis_timeout"),
        (TimeoutError(), b"", "analysis_timeout"),
        (RuntimeError("out of luck"), b"", "analysis_unavailable"),
        (None, b"no", "analysis_invalid_response"),
        (None, b"[1]", "analysis_invalid_response"),
    ],
    ids=["refused", "timeout", "late", "unexpected", "text", "list"],
)
async def test_failure_of_the_analyst_leaves_everything_as_it_was(
    process: Resources,
    factory: Factory,
    alice: UUID,
    analyst: ScriptedAnalyst,
    error: Exception | None,
    content: bytes,
    reason: str,
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.errors, analyst.content = [error] if error else [], content

    with pytest.raises(AnalysisFailedError) as raised:
        await reanalyze(process, call)

    assert raised.value.details == {"reason": reason}
    assert await read_stored(process, call) == before
    assert (await read_events(process, call))[-1] == "ANALYZED FAILED"


async def test_another_try_works_after_a_failure(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.errors = [RuntimeError("out of luck")]
    with pytest.raises(AnalysisFailedError):
        await reanalyze(process, call)

    await reanalyze(process, call)

    assert (await read_stored(process, call)).objects["analysis.json"] == orjson.dumps(ANALYSIS)


@pytest.mark.parametrize("raw", [b"<html>", b'{"text": ""}'], ids=["no JSON", "nothing said"])
async def test_raw_transcript_that_gives_none_is_our_fault_and_changes_nothing(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst, raw: bytes
) -> None:
    call = await finished_call(factory, alice, raw=raw)
    before = await read_stored(process, call)

    with pytest.raises(InternalError):
        await reanalyze(process, call)

    assert await read_stored(process, call) == before
    assert analyst.asked == 0


async def test_call_without_any_transcript_cannot_be_analysed(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice, raw=None, transcript=None)
    before = await read_stored(process, call)

    with pytest.raises(TranscriptNotFoundError):
        await reanalyze(process, call)

    assert await read_stored(process, call) == before
    assert await read_events(process, call) == []


@pytest.mark.parametrize("status", [status for status in CallStatus if status is not CallStatus.COMPLETED])
async def test_unfinished_calls_cannot_be_analysed_again(
    process: Resources, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    reason = {"error_reason": "audio_missing"} if status is CallStatus.FAILED else {}
    call = await finished_call(factory, alice, status=status, **reason)
    before = await read_stored(process, call)

    with pytest.raises(CallNotReanalyzableError) as raised:
        await reanalyze(process, call)

    failed = {"errorReason": "audio_missing"} if reason else {}
    assert raised.value.details == {"status": str(status), **failed}
    assert await read_stored(process, call) == before


async def test_foreign_and_unknown_calls_are_missing(
    process: Resources, factory: Factory, alice: UUID, bob: UUID
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)

    with pytest.raises(CallNotFoundError):
        await reanalyze_call(process, user_id=bob, call_id=call.id)
    with pytest.raises(CallNotFoundError):
        await reanalyze_call(process, user_id=alice, call_id=uuid4())

    assert await read_stored(process, call) == before


async def test_nothing_is_analysed_again_in_production(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    settings = process.settings.model_copy(update={"configured_profile": Profile.PROD})

    with pytest.raises(FeatureNotAvailableError):
        await reanalyze(replace(process, settings=settings), call)

    assert analyst.asked == 0


async def test_second_one_at_the_same_time_is_refused(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    with pytest.raises(ReanalyzeInProgressError):
        await reanalyze(process, call)
    analyst.gate.set()
    await running

    assert analyst.asked == 1


async def test_of_many_at_once_one_runs(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    runs = [asyncio.create_task(reanalyze(process, call)) for _ in range(8)]

    async def all_but_one_are_refused() -> bool:
        return sum(run.done() for run in runs) == 7

    await wait_until(all_but_one_are_refused)
    analyst.gate.set()
    outcomes = await asyncio.gather(*runs, return_exceptions=True)

    assert [outcome for outcome in outcomes if not isinstance(outcome, ReanalyzeInProgressError)] == [None]
    assert analyst.asked == 1


async def test_process_that_died_blocks_only_as_long_as_its_lease_lives(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice, claim_token=uuid4(), lease_expires_at=FAR)

    with pytest.raises(ReanalyzeInProgressError):
        await reanalyze(process, call)
    await change(process, call, lease_expires_at=PAST)
    await reanalyze(process, call)

    stored = await read_stored(process, call)
    assert (stored.call["claim_token"], stored.call["lease_expires_at"], analyst.asked) == (None, None, 1)


async def test_no_worker_takes_the_call_of_a_process_that_died(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice, claim_token=uuid4(), lease_expires_at=PAST)

    sent = await dispatch(process)
    async with process.database.transaction() as session:
        claim = await claim_call(session, call.id)

    assert (sent, claim) == (0, None)


async def test_lease_is_extended_while_the_analyst_thinks(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.02)
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)
    await change(process, call, lease_expires_at=PAST)

    async def is_extended() -> bool:
        stored = await read_stored(process, call)
        return bool(stored.call["lease_expires_at"] > datetime.now(UTC))

    await wait_until(is_extended)
    with pytest.raises(ReanalyzeInProgressError):
        await reanalyze(process, call)
    analyst.gate.set()
    await running


async def assert_nothing_is_left(resources: Resources, call: CallRecord) -> None:
    assert await read_stored(resources, call) == Stored({}, [], {}, [], [])
    assert await read_events(resources, call) == []


async def test_call_deleted_while_the_analyst_thinks_leaves_nothing(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    await delete_call(process, user_id=alice, call_id=call.id)
    analyst.gate.set()

    with pytest.raises(CallNotFoundError):
        await running
    await assert_nothing_is_left(process, call)


async def test_call_deleted_before_the_analyst_fails_is_missing(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate, analyst.errors = asyncio.Event(), [RuntimeError("out of luck")]
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    await delete_call(process, user_id=alice, call_id=call.id)
    analyst.gate.set()

    with pytest.raises(CallNotFoundError):
        await running
    await assert_nothing_is_left(process, call)


async def test_run_does_not_wait_for_the_analyst_of_a_deleted_call(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.02)
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    # In one step, or a beat in between would find a call that is somebody else's but still there.
    async with process.database.transaction() as session:
        await session.execute(delete(CallRecord).where(col(CallRecord.id) == call.id))

    with pytest.raises(CallNotFoundError):
        await asyncio.wait_for(running, 30)
    await assert_nothing_is_left(process, call)


@pytest.mark.parametrize("puts", [0, 1])
async def test_call_deleted_between_the_writes_leaves_nothing(
    process: Resources, factory: Factory, alice: UUID, puts: int
) -> None:
    call = await finished_call(factory, alice)

    async def intervene(done: int) -> None:
        if done == puts:
            await delete_call(process, user_id=alice, call_id=call.id)

    interrupted = replace(process, storage=InterruptedStore(process.storage, intervene))

    with pytest.raises(CallNotFoundError):
        await reanalyze(interrupted, call)
    await assert_nothing_is_left(process, call)


async def test_run_whose_call_is_taken_away_writes_nothing(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)
    token = uuid4()
    await change(process, call, claim_token=token)

    analyst.gate.set()
    with pytest.raises(ServiceUnavailableError):
        await running

    after = await read_stored(process, call)
    assert after.without("claim_token", "lease_expires_at") == before.without("claim_token", "lease_expires_at")
    assert after.call["claim_token"] == token


async def test_call_that_was_set_back_meanwhile_is_left_to_the_workers(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)
    await change(process, call, status=CallStatus.QUEUED)

    analyst.gate.set()
    with pytest.raises(ServiceUnavailableError):
        await running

    stored = await read_stored(process, call)
    assert (stored.call["status"], stored.call["claim_token"], stored.titles) == ("QUEUED", None, ["Old", "Mine"])


@pytest.mark.parametrize("failing_put", [0, 1])
async def test_store_that_fails_halfway_is_put_right(
    process: Resources, factory: Factory, alice: UUID, failing_put: int
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)

    async def fail(done: int) -> None:
        nonlocal failing_put
        if done == failing_put:
            failing_put = -1
            raise StorageUnavailableError

    interrupted = replace(process, storage=InterruptedStore(process.storage, fail))

    with pytest.raises(StorageUnavailableError):
        await reanalyze(interrupted, call)

    assert await read_stored(process, call) == before


async def test_documents_that_were_not_there_are_not_there_after_a_failure(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice, transcript=None)
    before = await read_stored(process, call)

    async def fail(done: int) -> None:
        if done == 1:
            raise StorageUnavailableError

    interrupted = replace(process, storage=InterruptedStore(process.storage, fail))

    with pytest.raises(StorageUnavailableError):
        await reanalyze(interrupted, call)

    assert await read_stored(process, call) == before


async def add_record(resources: Resources, call: CallRecord, *, resource_id: UUID | None = None) -> KeyedRequest:
    """The record of a running request with a key."""
    record = IdempotencyRecord(
        user_id=call.user_id,
        method="POST",
        path_digest=str(uuid4()),
        key="k",
        request_hash="h",
        owner_token=uuid4(),
        alive_at=datetime.now(UTC),
        resource_id=resource_id,
    )
    async with resources.database.transaction() as session:
        session.add(record)
    return KeyedRequest(record.id, record.owner_token, resource_id, lambda _: Answer(204))


async def test_keyed_request_names_the_call_with_the_effect(process: Resources, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice)
    keyed = await add_record(process, call)

    await reanalyze(process, call, keyed)

    async with process.database.read() as session:
        named = (await session.scalars(select(col(IdempotencyRecord.resource_id)))).all()
    assert named == [call.id]


async def test_request_whose_key_was_taken_over_changes_nothing(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice)
    keyed = replace(await add_record(process, call), owner_token=uuid4())
    before = await read_stored(process, call)

    with pytest.raises(IdempotencyInProgressError):
        await reanalyze(process, call, keyed)

    assert await read_stored(process, call) == before


async def test_deadline_during_the_analysis_leaves_everything_as_it_was(
    process: Resources, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(reanalyze(process, call))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await read_stored(process, call) == before


async def test_deadline_during_the_replacement_does_not_leave_it_halfway(
    process: Resources, factory: Factory, alice: UUID
) -> None:
    call = await finished_call(factory, alice)
    entered, gate = asyncio.Event(), asyncio.Event()

    async def wait(done: int) -> None:
        if done == 1:
            entered.set()
            await gate.wait()

    running = asyncio.create_task(reanalyze(replace(process, storage=InterruptedStore(process.storage, wait)), call))
    await asyncio.wait_for(entered.wait(), 30)

    running.cancel()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    stored = await read_stored(process, call)
    assert (len(stored.transcript["segments"]), stored.objects["analysis.json"]) == (3, orjson.dumps(ANALYSIS))
    assert stored.titles == ["Mine", "Send the revised price", "Call the warehouse"]
    assert (stored.call["claim_token"], stored.call["lease_expires_at"]) == (None, None)


async def test_no_log_line_holds_what_was_said_or_who_said_it(
    process: Resources,
    factory: Factory,
    alice: UUID,
    analyst: ScriptedAnalyst,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(load_settings(log_level="INFO"))
    call = await finished_call(factory, alice, contact_name="Quagmire", title="Xylophone", notes="Wombat")

    await reanalyze(process, call)
    analyst.errors = [RuntimeError(f"could not digest {MARKER} of Quagmire")]
    with pytest.raises(AnalysisFailedError):
        await reanalyze(process, call)

    told = capsys.readouterr().err
    secrets = (MARKER, "Alice", "Robert", "Quagmire", "Xylophone", "Wombat", "revised price")
    assert [secret for secret in secrets if secret.lower() in told.lower()] == []
    assert told.count("event=PIPELINE") == 11
    assert f"event=analyst_failed callId={call.id}" in told
