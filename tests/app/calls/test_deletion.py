"""Deleted means gone: in every state, also while a worker is on the call."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from app.actions.models import ActionSource
from app.analysis.models import CallSentimentSummary
from app.calls.deletion import delete_call
from app.calls.models import ArtifactType, CallStatus
from app.errors import StorageUnavailableError
from app.idempotency.models import IdempotencyRecord
from app.pipeline.claims import ClaimLostError, claim_call, update_claimed
from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.resources import Resources
from tests.factories import Factory
from tests.holding import HeldStore, Hold

NOW = datetime(2026, 2, 9, tzinfo=UTC)
ROW_TABLES = (
    "call_records",
    "call_artifacts",
    "action_items",
    "call_processing_events",
    "call_sentiment_summary",
    "idempotency_records",
)


async def count_rows(resources: Resources) -> dict[str, int]:
    async with resources.database.read() as session:
        return {
            name: (await session.execute(select(func.count()).select_from(SQLModel.metadata.tables[name]))).scalar_one()
            for name in ROW_TABLES
        }


async def full_call(resources: Resources, factory: Factory, owner: UUID, status: CallStatus) -> UUID:
    """A call with something in every table and every place of its prefix."""
    reason = "internal_error" if status is CallStatus.FAILED else None
    call = await factory.call(owner, status=status, error_reason=reason)
    await factory.audio(call, b"RIFF")
    for kind in ArtifactType:
        if kind is not ArtifactType.TEMP_AUDIO:
            await factory.document(call, kind, {})
    item = await factory.action_item(call)
    await factory.action_item(call, source=ActionSource.MANUAL)
    async with resources.database.transaction() as session:
        session.add(
            CallProcessingEvent(call_id=call.id, user_id=owner, stage=Stage.CALL_QUEUED, status=StageStatus.COMPLETED)
        )
        session.add(CallSentimentSummary(call_record_id=call.id, user_id=owner, recorded_at=NOW))
        for resource in (call.id, item.id):
            session.add(
                IdempotencyRecord(
                    user_id=owner,
                    method="POST",
                    path_digest=str(resource),
                    key="k",
                    request_hash="h",
                    owner_token=uuid4(),
                    alive_at=NOW,
                    resource_id=resource,
                )
            )
    return call.id


@pytest.mark.parametrize("status", list(CallStatus))
async def test_nothing_mentions_a_deleted_call(
    resources: Resources, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    call_id = await full_call(resources, factory, alice, status)

    deleted = await delete_call(resources, user_id=alice, call_id=call_id)

    assert deleted is True
    assert await count_rows(resources) == dict.fromkeys(ROW_TABLES, 0)
    assert await resources.storage.list_keys("users/") == []


async def test_neighbours_of_a_deleted_call_stay(resources: Resources, factory: Factory, alice: UUID) -> None:
    await full_call(resources, factory, alice, CallStatus.COMPLETED)
    before = await count_rows(resources)
    call_id = await full_call(resources, factory, alice, CallStatus.COMPLETED)

    await delete_call(resources, user_id=alice, call_id=call_id)

    assert await count_rows(resources) == before


async def test_foreign_and_unknown_calls_are_missing_and_untouched(
    resources: Resources, factory: Factory, alice: UUID, bob: UUID
) -> None:
    call_id = await full_call(resources, factory, alice, CallStatus.COMPLETED)
    before = await count_rows(resources)

    assert await delete_call(resources, user_id=bob, call_id=call_id) is False
    assert await delete_call(resources, user_id=alice, call_id=uuid4()) is False
    assert await count_rows(resources) == before
    assert len(await resources.storage.list_keys("users/")) == 6


async def test_call_stays_when_its_objects_cannot_be_deleted_and_its_worker_is_fenced(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)
    await factory.audio(call, b"RIFF")
    async with resources.database.transaction() as session:
        claim = await claim_call(session, call.id)
    assert claim is not None
    root = resources.settings.storage_path
    broken = Path(f"{root}.broken")
    root.rename(broken)
    root.write_bytes(b"a file where the folder was")

    with pytest.raises(StorageUnavailableError):
        await delete_call(resources, user_id=alice, call_id=call.id)

    assert (await count_rows(resources))["call_records"] == 1
    async with resources.database.transaction() as session:
        with pytest.raises(ClaimLostError):
            await update_claimed(session, claim, duration_seconds=1)
        assert await claim_call(session, call.id) is None


async def test_worker_is_fenced_before_objects_go_and_rows_go_last(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call_id = await full_call(resources, factory, alice, CallStatus.QUEUED)
    before = await count_rows(resources)
    async with resources.database.transaction() as session:
        claim = await claim_call(session, call_id)
    assert claim is not None
    hold = Hold()
    held = replace(resources, storage=HeldStore(resources.storage, hold, "delete_prefix", f"{call_id}/", after=False))
    deleting = asyncio.create_task(delete_call(held, user_id=alice, call_id=call_id))

    await hold.wait_for(deleting)

    async with resources.database.transaction() as session:
        with pytest.raises(ClaimLostError):
            await update_claimed(session, claim, duration_seconds=1)
        assert await claim_call(session, call_id) is None
    assert await count_rows(resources) == before
    assert len(await resources.storage.list_keys("users/")) == 6
    hold.release()
    assert await deleting is True


async def test_deletions_of_one_call_do_not_disturb_each_other(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    for _ in range(20):
        call = await factory.call(alice)
        await factory.audio(call, b"RIFF")
        await factory.document(call, ArtifactType.ANALYSIS_JSON, {})

        outcomes = await asyncio.gather(
            *(delete_call(resources, user_id=alice, call_id=call.id) for _ in range(4)), return_exceptions=True
        )

        assert set(outcomes) <= {True, False}
        assert True in outcomes
        assert await resources.storage.list_keys("users/") == []
