"""When the sweeps run, and that none keeps another from running. Source: pipeline.md, sections 9 and 16."""

import asyncio
import dataclasses
import os
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline import aftermath
from app.resources import Resources
from app.settings import Settings, SettingsError, load_settings
from app.storage.keys import audio_key
from app.storage.store import ObjectStore
from app.sweeps import runner
from app.sweeps.ages import Ages
from app.sweeps.runner import run_sweeper, sweep_everything, sweep_in_turn
from tests.factories import Factory

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOTHING = {
    "stale_jobs": 0,
    "callbacks": 0,
    "processing_events": 0,
    "idempotency_records": 0,
    "temp_audio": 0,
    "orphans": 0,
}
DEADLINE_SECONDS = 20


class HangingStore(ObjectStore):
    """Lists nothing and deletes nothing, and does not say so either."""

    async def delete(self, key: str) -> None:
        await asyncio.Event().wait()

    async def delete_leftovers(self, older_than: timedelta) -> int:
        await asyncio.Event().wait()
        raise AssertionError


def with_hanging_store(resources: Resources) -> Resources:
    store = HangingStore(resources.storage._store, resources.storage._root)
    return dataclasses.replace(resources, storage=store)


async def error_reason(resources: Resources, call_id: UUID) -> str | None:
    async with resources.database.read() as session:
        reason: str | None = await session.scalar(
            select(col(CallRecord.error_reason)).where(col(CallRecord.id) == call_id)
        )
        return reason


async def test_every_sweep_runs_once_with_all_ages_zero(resources: Resources, factory: Factory, alice: UUID) -> None:
    stale = await factory.call(alice, status=CallStatus.ANALYZING, lease_expires_at=LONG_AGO, dispatch_count=3)
    overdue = await factory.call(alice, status=CallStatus.TRANSCRIBING, callback_deadline_at=LONG_AGO)
    ended = await factory.call(alice, status=CallStatus.COMPLETED, completed_at=datetime.now(UTC))
    await factory.audio(ended, b"RIFF")
    kept = await factory.document(ended, ArtifactType.ANALYSIS_JSON, {})
    await factory.event(ended, "TRANSCRIBED", "COMPLETED")
    await resources.storage.put(audio_key(alice, uuid4(), "wav"), b"RIFF")

    found = await sweep_everything(resources, Ages())

    # Two events of each swept call, and the one of the other.
    assert found == {**NOTHING, "stale_jobs": 1, "callbacks": 1, "temp_audio": 1, "orphans": 1, "processing_events": 5}
    assert await error_reason(resources, stale.id) == "stale_timeout"
    assert await error_reason(resources, overdue.id) == "transcription_callback_timeout"
    assert await resources.storage.list_keys("users/") == [kept]
    assert await sweep_everything(resources, Ages()) == {**NOTHING, "processing_events": 1}


async def test_ages_are_those_of_the_settings() -> None:
    settings = load_settings(
        stale_job_timeout_minutes=1,
        object_storage_temp_audio_ttl_hours=2,
        orphan_grace_minutes=3,
        event_retention_days=4,
    )

    assert Ages.from_settings(settings) == Ages(
        stale_job=timedelta(minutes=1),
        temp_audio=timedelta(hours=2),
        ended_call=timedelta(minutes=1),
        orphan=timedelta(minutes=3),
        processing_event=timedelta(days=4),
        idempotency_record=timedelta(hours=24),
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OBJECT_STORAGE_TEMP_AUDIO_TTL_HOURS", "25"),
        ("OBJECT_STORAGE_TEMP_AUDIO_TTL_HOURS", "0"),
        ("SCRYON_EVENT_RETENTION_DAYS", "31"),
        ("SCRYON_EVENT_RETENTION_DAYS", "0"),
    ],
)
def test_longer_retention_than_promised_refuses_the_start(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=variable):
        load_settings()


async def test_failing_and_hanging_sweeps_stop_no_other(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await factory.call(alice, status=CallStatus.COMPLETED, completed_at=LONG_AGO)
    await factory.audio(ended, b"RIFF")
    overdue = await factory.call(alice, status=CallStatus.TRANSCRIBING, callback_deadline_at=LONG_AGO)
    monkeypatch.setattr(runner, "SWEEP_SECONDS", 0.5)
    monkeypatch.setattr(aftermath, "DELETE_SECONDS", 0.05)

    async def fail(_resources: Resources, _ages: Ages) -> int:
        raise RuntimeError("a bug")

    sweeps = {"broken": fail, **runner.SWEEPS}
    monkeypatch.setattr(runner, "SWEEPS", sweeps)

    found = await sweep_everything(with_hanging_store(resources), Ages.from_settings(resources.settings))

    assert found == {"stale_jobs": 0, "callbacks": 1, "processing_events": 0, "idempotency_records": 0}
    assert await error_reason(resources, overdue.id) == "transcription_callback_timeout"


async def test_one_process_at_a_time_does_a_round(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait(_resources: Resources, _ages: Ages) -> int:
        entered.set()
        await leave.wait()
        return 7

    monkeypatch.setattr(runner, "SWEEPS", {"slow": wait})

    first = asyncio.create_task(sweep_in_turn(resources))
    await entered.wait()
    second = await sweep_in_turn(resources)
    leave.set()

    assert (await first, second) == ({"slow": 7}, None)
    assert await sweep_in_turn(resources) == {"slow": 7}


async def test_sweeper_goes_on_after_a_round_that_failed(
    resources: Resources, factory: Factory, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    done = asyncio.Event()

    async def fail_first(_resources: Resources) -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise ConnectionResetError
        done.set()

    monkeypatch.setattr(runner, "sweep_in_turn", fail_first)
    settings = resources.settings.model_copy(update={"sweep_initial_delay_ms": 0, "sweep_interval_ms": 1})

    sweeping = asyncio.create_task(run_sweeper(dataclasses.replace(resources, settings=settings)))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await done.wait()
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping

    assert rounds[:2] == [0, 1]


async def test_command_does_a_round_and_says_what_it_found(
    resources: Resources, factory: Factory, alice: UUID, settings: Settings
) -> None:
    await factory.call(alice, status=CallStatus.TRANSCRIBING, callback_deadline_at=LONG_AGO)
    environment = {
        **os.environ,
        "DB_URL": settings.configured_database_url or "",
        "REDIS_URL": settings.redis_url or "",
        "SCRYON_DATA_DIR": str(settings.data_dir),
    }

    command = [sys.executable, "-m", "app.cli", "sweep"]
    ended = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, timeout=60, check=False
    )

    expected = {**NOTHING, "callbacks": 1}
    assert (ended.returncode, ended.stdout.decode().splitlines()) == (
        0,
        [f"{name}: {count}" for name, count in expected.items()],
    )
