"""Callback mode in the worker: submit, let go, and go on when the transcript has come.

Source: pipeline.md, section 5.
"""

import asyncio
import dataclasses
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import numpy as np
import orjson
import pytest
from sqlalchemy import text

from app.callbacks import check_callback, receive_callback
from app.calls.artifacts import JSON_TYPE, put_artifact_row, read_artifact
from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.awaited_calls import find_recipient, note_transcript
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.storage.keys import document_key
from tests.app.audio.recordings import to_wav, tone
from tests.callbacks import BASE_URL, CALLBACK_MODE, PATH
from tests.engines import RAW, Script, ScriptedCallbackTranscriber, ScriptedTranscriber
from tests.factories import Factory
from tests.finished import read_events, read_stored

OTHER = orjson.dumps({"text": "Something else.", "segments": [{"start": 0, "end": 1, "text": "Something else."}]})
PAST = datetime(2020, 1, 1, tzinfo=UTC)
HEARD = ["AUDIO_PREPROCESSED COMPLETED", "DIARIZED COMPLETED"]
THE_REST = [
    "TRANSCRIPT_ALIGNED COMPLETED",
    "TRANSCRIPT_NORMALIZED COMPLETED",
    "SPEAKER_REFINED COMPLETED",
    "ANALYZED COMPLETED",
    "ACTION_ITEMS_EXTRACTED COMPLETED",
    "CALL_COMPLETED COMPLETED",
    "TEMP_AUDIO_DELETED COMPLETED",
]


@pytest.fixture
def resources(resources: Resources) -> Resources:
    """In callback mode."""
    return dataclasses.replace(resources, settings=resources.settings.model_copy(update=CALLBACK_MODE))


@pytest.fixture
def transcriber() -> ScriptedCallbackTranscriber:
    return ScriptedCallbackTranscriber()


@pytest.fixture
def script(transcriber: ScriptedCallbackTranscriber) -> Script:
    return Script(transcriber)


async def queued(factory: Factory, owner: UUID, audio: bytes | None = None) -> CallRecord:
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.audio(call, to_wav(tone(1)) if audio is None else audio)
    return call


async def work(resources: Resources, script: Script, call: CallRecord) -> None:
    """What a worker does that has just started, which knows nothing of the ones before it."""
    await process_call(resources, script.engines(), Heartbeat(resources.database), call.id)


async def call_back(resources: Resources, url: str, content: bytes = RAW) -> None:
    call_id = check_callback(resources.settings, urlsplit(url).query.encode())
    await receive_callback(resources, call_id, content, "callback-1")


async def read_row(resources: Resources, call: CallRecord) -> dict[str, Any]:
    return (await read_stored(resources, call)).call


async def test_submitted_call_waits_and_nobody_holds_it(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    before = datetime.now(UTC)

    await work(resources, script, call)

    stored = await read_stored(resources, call)
    row = stored.call
    [url] = transcriber.urls
    [expires_at] = parse_qs(urlsplit(url).query)["exp"]
    assert url.startswith(f"{BASE_URL}{PATH}?callId={call.id}&exp=")
    assert row["status"] == CallStatus.TRANSCRIBING
    assert (row["claim_token"], row["lease_expires_at"]) == (None, None)
    assert before < row["transcription_submitted_at"] < datetime.now(UTC)
    assert row["callback_deadline_at"] == datetime.fromtimestamp(int(expires_at), UTC)
    assert timedelta(minutes=29, seconds=58) < row["callback_deadline_at"] - before <= timedelta(minutes=30, seconds=5)
    assert stored.objects.keys() == {"audio.wav", "diarization.json", "state.json"}
    assert await read_events(resources, call) == [*HEARD, "LEMONFOX_SUBMITTED STARTED"]


async def test_awaited_call_is_left_alone_by_other_workers(
    resources: Resources, factory: Factory, alice: UUID, script: Script
) -> None:
    call = await queued(factory, alice)
    await work(resources, script, call)
    before = await read_stored(resources, call)

    await work(resources, script, call)

    assert script.asked == (1, 1, 0)
    assert await read_stored(resources, call) == before


async def test_turns_are_stored_before_the_recording_is_submitted(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    seen: list[Any] = []

    async def look(_url: str) -> None:
        state = await read_artifact(resources, call.id, ArtifactType.DIARIZATION_RESULT_STATE)
        assert state is not None
        seen.append(len(orjson.loads(state[0])["turns"]))

    transcriber.on_submit = look

    await work(resources, script, call)

    assert seen == [3]


async def test_call_goes_on_after_its_callback_and_asks_nobody_twice(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    await work(resources, script, call)

    await call_back(resources, transcriber.urls[0])
    await work(resources, script, call)

    row = await read_row(resources, call)
    assert (row["status"], row["callback_deadline_at"], script.asked) == (CallStatus.COMPLETED, None, (1, 1, 1))
    assert await read_events(resources, call) == [
        *HEARD,
        "LEMONFOX_SUBMITTED STARTED",
        "TRANSCRIBED COMPLETED",
        *THE_REST,
    ]


async def test_both_modes_make_the_same_of_the_same_answers(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    awaited, waited_for = await queued(factory, alice), await queued(factory, alice)
    await work(resources, script, awaited)
    await call_back(resources, transcriber.urls[0])
    await work(resources, script, awaited)

    await work(resources, Script(ScriptedTranscriber()), waited_for)

    first, second = [await read_stored(resources, call) for call in (awaited, waited_for)]
    own = ("callId", "createdAt")
    transcripts = [
        {name: value for name, value in stored.transcript.items() if name not in own} for stored in (first, second)
    ]
    assert transcripts[0] == transcripts[1]
    assert {**first.objects, "normalized.json": b""} == {**second.objects, "normalized.json": b""}
    assert first.titles == second.titles


async def test_transcript_that_comes_at_once_is_used(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    transcriber.answer = RAW

    await work(resources, script, call)

    stored = await read_stored(resources, call)
    assert (stored.call["status"], stored.call["callback_deadline_at"]) == (CallStatus.COMPLETED, None)
    assert stored.objects["raw.json"] == RAW
    assert await read_events(resources, call) == [
        *HEARD,
        "LEMONFOX_SUBMITTED STARTED",
        "TRANSCRIBED COMPLETED",
        *THE_REST,
    ]


@pytest.mark.parametrize("answer", [None, OTHER], ids=["accepted", "transcript"])
async def test_callback_that_beats_the_answer_to_the_submission_is_used(
    resources: Resources,
    factory: Factory,
    alice: UUID,
    script: Script,
    transcriber: ScriptedCallbackTranscriber,
    answer: bytes | None,
) -> None:
    call = await queued(factory, alice)
    transcriber.answer = answer
    transcriber.on_submit = lambda url: call_back(resources, url)

    await work(resources, script, call)

    stored = await read_stored(resources, call)
    assert (stored.call["status"], stored.call["callback_deadline_at"]) == (CallStatus.COMPLETED, None)
    assert (stored.objects["raw.json"], script.asked) == (RAW, (1, 1, 1))


async def test_callback_that_is_being_stored_when_the_worker_wants_to_let_go_is_used(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    is_locked = asyncio.Event()

    async def store_slowly() -> None:
        key = document_key(alice, call.id, ArtifactType.RAW_TRANSCRIPT_JSON)
        await resources.storage.put(key, RAW)
        async with resources.database.transaction() as session:
            recipient = await find_recipient(session, call.id, locks=True)
            assert recipient is not None
            is_locked.set()
            await wait_until_somebody_waits(resources)
            await put_artifact_row(
                session,
                call.id,
                ArtifactType.RAW_TRANSCRIPT_JSON,
                storage_key=key,
                content_type=JSON_TYPE,
                byte_size=len(RAW),
            )
            await note_transcript(session, recipient)

    tasks = []

    async def begin_to_store(_url: str) -> None:
        tasks.append(asyncio.create_task(store_slowly()))
        await is_locked.wait()

    transcriber.on_submit = begin_to_store

    await work(resources, script, call)
    await asyncio.gather(*tasks)

    row = await read_row(resources, call)
    assert (row["status"], row["callback_deadline_at"]) == (CallStatus.COMPLETED, None)


async def wait_until_somebody_waits(resources: Resources) -> None:
    """Until a transaction waits for the lock of another."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        async with resources.database.read() as session:
            if await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_bad_news_that_beats_the_answer_to_the_submission_ends_the_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    transcriber.on_submit = lambda url: call_back(resources, url, b'{"error": {"message": "no"}}')

    await work(resources, script, call)

    stored = await read_stored(resources, call)
    assert (stored.call["status"], stored.call["error_reason"]) == (CallStatus.FAILED, "transcription_unavailable")
    assert stored.call["callback_deadline_at"] is None
    assert stored.objects.keys() == {"diarization.json"}


async def kill_worker_in_submission(
    resources: Resources, factory: Factory, script: Script, transcriber: ScriptedCallbackTranscriber, owner: UUID
) -> CallRecord:
    """A call whose worker was killed after the provider had taken the recording, and before it could say so."""

    class KilledError(BaseException):
        """Ends a worker without a word, as the kernel does."""

    async def kill(_url: str) -> None:
        raise KilledError

    call = await queued(factory, owner)
    transcriber.on_submit = kill
    with pytest.raises(KilledError):
        await work(resources, script, call)
    transcriber.on_submit = None
    return call


async def test_callback_after_a_kill_is_used_and_nothing_is_submitted_again(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await kill_worker_in_submission(resources, factory, script, transcriber, alice)
    killed = await read_row(resources, call)

    await call_back(resources, transcriber.urls[0])
    await work(resources, script, call)
    still_leased = await read_row(resources, call)
    await end_lease(resources, call)
    await work(resources, script, call)

    assert killed["callback_deadline_at"] is None
    assert (still_leased["status"], still_leased["claim_token"]) == (CallStatus.TRANSCRIBING, killed["claim_token"])
    assert (await read_row(resources, call))["status"] == CallStatus.COMPLETED
    assert len(transcriber.urls) == 1


async def test_call_is_submitted_again_after_a_kill_and_the_first_callback_wins(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await kill_worker_in_submission(resources, factory, script, transcriber, alice)
    await end_lease(resources, call)

    await work(resources, script, call)
    first, second = transcriber.urls
    await call_back(resources, first, OTHER)
    await call_back(resources, second, RAW)

    stored = await read_stored(resources, call)
    assert stored.objects["raw.json"] == OTHER
    assert [row["byte_size"] for row in stored.artifacts if row["artifact_type"] == "RAW_TRANSCRIPT_JSON"] == [
        len(OTHER)
    ]
    assert (stored.call["status"], stored.call["dispatch_count"]) == (CallStatus.TRANSCRIBING, 1)


async def test_worker_that_lost_its_call_in_the_submission_leaves_it_alone(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)

    async def let_somebody_else_take_it(_url: str) -> None:
        transcriber.on_submit = None
        await end_lease(resources, call)
        await work(resources, script, call)

    transcriber.on_submit = let_somebody_else_take_it

    await work(resources, script, call)

    _, second = transcriber.urls
    [expires_at] = parse_qs(urlsplit(second).query)["exp"]
    row = await read_row(resources, call)
    assert row["callback_deadline_at"] == datetime.fromtimestamp(int(expires_at), UTC)
    assert row["status"] == CallStatus.TRANSCRIBING


async def test_call_that_is_deleted_in_the_submission_leaves_nothing(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)

    async def delete(_url: str) -> None:
        await delete_call(resources, user_id=alice, call_id=call.id)

    transcriber.on_submit = delete

    await work(resources, script, call)

    assert await resources.storage.list_keys("users/") == []
    assert await read_events(resources, call) == []


async def test_refused_submission_ends_the_call(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    call = await queued(factory, alice)
    transcriber.errors = [HardFailureError(FailureReason.TRANSCRIPTION_4XX)]

    await work(resources, script, call)

    row = await read_row(resources, call)
    assert (row["status"], row["error_reason"]) == (CallStatus.FAILED, "transcription_4xx")
    assert await read_events(resources, call) == [
        *HEARD,
        "LEMONFOX_SUBMITTED FAILED",
        "CALL_FAILED FAILED",
        "TEMP_AUDIO_DELETED COMPLETED",
    ]


@pytest.mark.parametrize(
    ("is_enabled", "engine"),
    [(False, ScriptedCallbackTranscriber()), (True, ScriptedTranscriber())],
    ids=["mode off", "engine that cannot call back"],
)
async def test_transcript_is_waited_for_otherwise(
    resources: Resources, factory: Factory, alice: UUID, is_enabled: bool, engine: ScriptedTranscriber
) -> None:
    settings = resources.settings.model_copy(update={"transcription_callback_enabled": is_enabled})
    call = await queued(factory, alice)

    await work(dataclasses.replace(resources, settings=settings), Script(engine), call)

    assert (await read_row(resources, call))["status"] == CallStatus.COMPLETED
    assert "LEMONFOX_SUBMITTED STARTED" not in await read_events(resources, call)


async def test_parties_with_channels_of_their_own_are_told_apart_by_these(
    resources: Resources, factory: Factory, alice: UUID, script: Script, transcriber: ScriptedCallbackTranscriber
) -> None:
    silence = np.zeros(4 * 16_000)
    left, right = np.concatenate([tone(4), silence]), np.concatenate([silence, tone(4, hz=300)])
    call = await queued(factory, alice, to_wav(np.column_stack([left, right])))

    await work(resources, script, call)
    await call_back(resources, transcriber.urls[0])
    await work(resources, script, call)

    stored = await read_stored(resources, call)
    assert (stored.call["status"], script.asked) == (CallStatus.COMPLETED, (1, 0, 1))
    assert stored.transcript["pipeline"]["diarizationProvider"] == "dual_channel"


async def end_lease(resources: Resources, call: CallRecord) -> None:
    async with resources.database.transaction() as session:
        row = await session.get_one(CallRecord, call.id)
        row.lease_expires_at = PAST
