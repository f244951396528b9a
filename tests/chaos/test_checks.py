"""The books are in order as a good run leaves them, and every disorder is found: in the real stores."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import redis
from sqlalchemy import delete, update
from sqlmodel import col

from app.actions.models import ActionItem
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.resources import Resources
from tests.chaos.books import count_ends, read_books
from tests.chaos.checks import Witness, check_books
from tests.chaos.doubles import item_titles, spoken_word
from tests.chaos.phones import CallStory, title
from tests.chaos.plan import FaultKind, Submission
from tests.chaos.reasons import Injected
from tests.chaos.recovery import Recovery
from tests.factories import Factory
from tests.forms import WAV

ENDED_AT = datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)
FAULT = Injected(FaultKind.LEMONFOX_DOWN, ENDED_AT - timedelta(seconds=3), ENDED_AT)
DOCUMENTS = (
    ArtifactType.RAW_TRANSCRIPT_JSON,
    ArtifactType.NORMALIZED_TRANSCRIPT_JSON,
    ArtifactType.ANALYSIS_JSON,
)


@dataclass
class Aftermath:
    """What a run has left: a call that was COMPLETED, one that FAILED by a fault, and one that was deleted."""

    resources: Resources
    factory: Factory
    owner: UUID
    completed: CallRecord
    failed: CallRecord
    witness: Witness
    extra_ends: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def deleted_id(self) -> str:
        return next(iter(self.witness.deleted))

    async def find_disorder(self) -> dict[str, tuple[str, ...]]:
        """The violations, by check."""
        root = self.resources.settings.storage_path
        objects = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        ends = await count_ends(self.resources) | self.extra_ends
        checks = check_books(await read_books(self.resources, objects, ends), self.witness)
        return {check.name: check.violations for check in checks if check.violations}

    async def change(self, call: CallRecord, **values: object) -> None:
        async with self.resources.database.transaction() as session:
            await session.execute(update(CallRecord).where(col(CallRecord.id) == call.id).values(**values))

    def put(self, key: str, content: bytes) -> Path:
        """An object that is there, whatever any row says."""
        path = self.resources.settings.storage_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def tell(number: int, call_id: UUID, *, is_deleted: bool = False) -> CallStory:
    """What the phone of a call has to tell."""
    submission = Submission(number, 0, 0, is_repeated=False, deletes_after_seconds=3 if is_deleted else None)
    return CallStory(submission, str(call_id), deleted_at=time.time() if is_deleted else None)


@pytest.fixture
async def aftermath(resources: Resources, factory: Factory, alice: UUID) -> Aftermath:
    completed = await factory.call(alice, title=title(1))
    for artifact_type in DOCUMENTS:
        await factory.document(completed, artifact_type, {"text": spoken_word(1)})
    for item in item_titles(1):
        await factory.action_item(completed, title=item)
    await factory.event(completed, "CALL_COMPLETED", "COMPLETED")
    failed = await factory.call(
        alice,
        title=title(2),
        status=CallStatus.FAILED,
        error_reason="transcription_unavailable",
        created_at=ENDED_AT - timedelta(seconds=9),
        completed_at=ENDED_AT,
    )
    await factory.event(failed, "CALL_FAILED", "FAILED")
    stories = [tell(1, completed.id), tell(2, failed.id), tell(3, uuid4(), is_deleted=True)]
    pushed = {f"{completed.id} COMPLETED": [time.time()]}
    return Aftermath(resources, factory, alice, completed, failed, Witness(stories, [FAULT], pushed=pushed))


async def test_a_good_run_leaves_the_books_in_order(aftermath: Aftermath) -> None:
    assert await aftermath.find_disorder() == {}


async def _double_an_item(left: Aftermath) -> None:
    await left.factory.action_item(left.completed, title=item_titles(1)[0])


async def _lose_an_item(left: Aftermath) -> None:
    async with left.resources.database.transaction() as session:
        await session.execute(delete(ActionItem).where(col(ActionItem.title) == item_titles(1)[0]))


async def _leave_an_item_of_a_failed_call(left: Aftermath) -> None:
    await left.factory.action_item(left.failed, title=item_titles(2)[0])


async def _leave_a_call_in_flight(left: Aftermath) -> None:
    await left.change(left.completed, status=CallStatus.ANALYZING)
    left.witness = replace(left.witness, pushed={})
    async with left.resources.database.transaction() as session:
        await session.execute(delete(ActionItem))


async def _lose_a_call(left: Aftermath) -> None:
    async with left.resources.database.transaction() as session:
        await session.execute(delete(CallRecord).where(col(CallRecord.id) == left.failed.id))


async def _double_a_call(left: Aftermath) -> None:
    await left.factory.call(left.owner, title=title(2), status=CallStatus.FAILED, error_reason="transcription_4xx")
    fault = Injected(FaultKind.LEMONFOX_REFUSES, datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    left.witness = replace(left.witness, faults=[*left.witness.faults, fault])


async def _fail_without_a_cause(left: Aftermath) -> None:
    await left.change(left.failed, error_reason="analysis_timeout")


async def _hold_a_claim(left: Aftermath) -> None:
    await left.change(left.completed, claim_token=uuid4())


async def _hold_a_lease(left: Aftermath) -> None:
    await left.change(left.failed, lease_expires_at=datetime(2100, 1, 1, tzinfo=UTC))


async def _leave_an_object(left: Aftermath) -> None:
    left.put(f"users/{left.owner}/calls/{uuid4()}/transcripts/raw.json", b"{}")


async def _leave_an_object_of_a_deleted_call(left: Aftermath) -> None:
    left.put(f"users/{left.owner}/calls/{left.deleted_id}/transcripts/raw.json", b"{}")


async def _leave_a_row_of_a_deleted_call(left: Aftermath) -> None:
    await left.change(left.completed, notes=f"as in {left.deleted_id.upper()}")


async def _leave_a_message_of_a_deleted_call(left: Aftermath) -> None:
    assert left.resources.settings.redis_url is not None
    with redis.Redis.from_url(left.resources.settings.redis_url) as client:
        client.hset("dramatiq:pipeline.msgs", "1", f'{{"args": ["{left.deleted_id}"]}}')


async def _lose_an_object(left: Aftermath) -> None:
    next((left.resources.settings.storage_path / "users").rglob("raw.json")).unlink()


async def _lose_an_artifact(left: Aftermath) -> None:
    statement = delete(CallArtifact).where(col(CallArtifact.artifact_type) == ArtifactType.ANALYSIS_JSON)
    async with left.resources.database.transaction() as session:
        await session.execute(statement)
    next((left.resources.settings.storage_path / "users").rglob("analysis.json")).unlink()


async def _mix_up_two_calls(left: Aftermath) -> None:
    await left.factory.document(left.completed, ArtifactType.ANALYSIS_JSON, {"text": spoken_word(2)})


async def _leave_a_recording(left: Aftermath) -> None:
    await left.factory.audio(left.failed, WAV)


async def _leave_a_state(left: Aftermath) -> None:
    left.put(f"users/{left.owner}/calls/{left.failed.id}/diarization/state.json", b"{}")


async def _tell_an_end_twice(left: Aftermath) -> None:
    await left.factory.event(left.completed, "CALL_COMPLETED", "COMPLETED")


async def _tell_another_end(left: Aftermath) -> None:
    left.extra_ends[str(left.completed.id), "CALL_FAILED"] = 1


async def _push_twice(left: Aftermath) -> None:
    left.witness = replace(left.witness, pushed={f"{left.completed.id} COMPLETED": [1.0, 2.0]})


async def _push_another_end(left: Aftermath) -> None:
    left.witness = replace(left.witness, pushed={f"{left.completed.id} FAILED": [1.0]})


async def _push_long_after_the_deletion(left: Aftermath) -> None:
    left.witness = replace(left.witness, pushed={f"{left.deleted_id} COMPLETED": [time.time() + 60]})


async def _ask_again(left: Aftermath) -> None:
    left.witness = replace(left.witness, transcribed={"1": [1.0, time.time() + 60]})


async def _recover_slowly(left: Aftermath) -> None:
    left.witness = replace(left.witness, recoveries=[Recovery(FaultKind.WORKER_KILLED, str(left.failed.id), 30.5)])


async def _stay_stuck(left: Aftermath) -> None:
    left.witness = replace(left.witness, stuck=[Recovery(FaultKind.REDIS_EMPTIED, str(left.failed.id), 3)])


async def _end_a_process(left: Aftermath) -> None:
    left.witness = replace(left.witness, own_ends=1)


async def _fail_a_sweep(left: Aftermath) -> None:
    left.witness = replace(left.witness, failed_sweeps=["orphans"])


async def _answer_oddly(left: Aftermath) -> None:
    left.witness.stories[0].problems.append("GET was answered 500 internal_error")


async def _never_answer(left: Aftermath) -> None:
    unheard = CallStory(Submission(4, 0, 0, is_repeated=False, deletes_after_seconds=None))
    left.witness = replace(left.witness, stories=[*left.witness.stories, unheard])


DISORDERS: list[tuple[Callable[[Aftermath], Awaitable[None]], set[str]]] = [
    (_double_an_item, {"action items missing or doubled"}),
    (_lose_an_item, {"action items missing or doubled"}),
    (_leave_an_item_of_a_failed_call, {"action items missing or doubled"}),
    (_leave_a_call_in_flight, {"accepted call lost or not ended", "end told twice or wrongly in events"}),
    (_lose_a_call, {"accepted call lost or not ended"}),
    (_double_a_call, {"call there twice, or unknown"}),
    (_fail_without_a_cause, {"failed for a reason nobody caused"}),
    (_hold_a_claim, {"lease held by the dead"}),
    (_hold_a_lease, {"lease held by the dead"}),
    (_leave_an_object, {"object of no call"}),
    (_leave_an_object_of_a_deleted_call, {"object of no call", "row, object or key of a deleted call"}),
    (_leave_a_row_of_a_deleted_call, {"row, object or key of a deleted call"}),
    (_leave_a_message_of_a_deleted_call, {"row, object or key of a deleted call"}),
    (_lose_an_object, {"artifacts missing, doubled, or not as stored", "words of another call"}),
    (_lose_an_artifact, {"artifacts missing, doubled, or not as stored"}),
    (_mix_up_two_calls, {"words of another call"}),
    (_leave_a_recording, {"audio or diarization state left"}),
    (_leave_a_state, {"audio or diarization state left"}),
    (_tell_an_end_twice, {"end told twice or wrongly in events"}),
    (_tell_another_end, {"end told twice or wrongly in events"}),
    (_push_twice, {"push doubled, wrong, or after deletion"}),
    (_push_another_end, {"push doubled, wrong, or after deletion"}),
    (_push_long_after_the_deletion, {"push doubled, wrong, or after deletion"}),
    (_ask_again, {"provider asked again for a stored answer"}),
    (_recover_slowly, {"stopped for more than 30 s"}),
    (_stay_stuck, {"stopped for more than 30 s"}),
    (_end_a_process, {"process ended by itself"}),
    (_fail_a_sweep, {"sweep failed"}),
    (_answer_oddly, {"phone saw what must not be"}),
    (_never_answer, {"upload or deletion never answered"}),
]


@pytest.mark.parametrize(("disturb", "expected"), DISORDERS, ids=lambda value: getattr(value, "__name__", ""))
async def test_disorder_is_found(
    aftermath: Aftermath, disturb: Callable[[Aftermath], Awaitable[None]], expected: set[str]
) -> None:
    await disturb(aftermath)

    assert set(await aftermath.find_disorder()) == expected
