"""Recordings: in the store until the end of their call, and nowhere else.

Source: pipeline.md, section 14 (P1 to P3). Whole processes are watched in `tests/rest/test_server.py`.
"""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.callbacks import receive_callback
from app.calls.models import ArtifactType, CallStatus
from app.db import Database
from app.errors import StorageUnavailableError
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.sweeps.callbacks import fail_overdue_callbacks
from tests.app.audio.recordings import to_wav, tone
from tests.engines import Script
from tests.factories import Factory
from tests.finished import OLD_TRANSCRIPT, encode_transcript
from tests.forms import BOUNDARY, CONTENT_TYPE, WAV, encode, file
from tests.privacy.contents import OBJECTS, read_contents
from tests.privacy.moments import FUTURE, PAST

MIB = 1024**2
MAX_FILE_BYTES = 50 * MIB

Fail = Callable[[Resources, UUID], Awaitable[object]]


def by_worker(script: Script) -> Fail:
    async def work(resources: Resources, call_id: UUID) -> None:
        await process_call(resources, script.engines(), Heartbeat(resources.database), call_id)

    return work


def failing(engine: str, error: Exception) -> Fail:
    script = Script()
    getattr(script, engine).errors = [error]
    return by_worker(script)


async def by_callback(resources: Resources, call_id: UUID) -> None:
    await receive_callback(resources, call_id, b'{"error": "no"}', "request-1")


async def by_sweep(resources: Resources, _: UUID) -> None:
    await fail_overdue_callbacks(resources)


WAITING: dict[str, Any] = {"status": CallStatus.TRANSCRIBING, "callback_deadline_at": FUTURE}
LAST: dict[str, Any] = {"status": CallStatus.ANALYZING, "attempts": 4}
REFUSED = HardFailureError(FailureReason.TRANSCRIPTION_4XX)
LATE = HardFailureError(FailureReason.ANALYSIS_TIMEOUT)

FAILURES: dict[str, tuple[Fail, dict[str, Any]]] = {
    "transcription_4xx": (failing("transcriber", REFUSED), {}),
    "analysis_timeout": (failing("analyst", LATE), {}),
    "attempts_exhausted": (by_worker(Script()), {"attempts": 5}),
    "storage_error": (failing("analyst", StorageUnavailableError()), LAST),
    "internal_error": (failing("analyst", RuntimeError()), LAST),
    "transcription_unavailable": (by_callback, WAITING),
    "transcription_callback_timeout": (by_sweep, {**WAITING, "callback_deadline_at": PAST}),
}
"""By the reason: who fails the call, and what its row is like before."""


@pytest.mark.parametrize("reason", FAILURES)
async def test_no_recording_outlives_a_failed_call(
    resources: Resources, factory: Factory, alice: UUID, reason: str
) -> None:
    fail, columns = FAILURES[reason]
    call = await factory.call(alice, **{"status": CallStatus.QUEUED, **columns})
    await factory.audio(call, to_wav(tone(8)))
    if call.status == CallStatus.ANALYZING:
        await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, encode_transcript(OLD_TRANSCRIPT))

    await fail(resources, call.id)

    await expect_no_recording(resources, reason)


async def test_no_recording_outlives_a_call_of_which_nothing_could_be_heard(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)
    await factory.audio(call, WAV)

    await by_worker(Script())(resources, call.id)

    await expect_no_recording(resources, "audio_undecodable")


async def expect_no_recording(resources: Resources, reason: str) -> None:
    contents = await read_contents(resources)
    [call] = contents["call_records"]
    assert f'"error_reason": "{reason}"' in call
    assert [entry for entry in contents.get("call_artifacts", []) if "TEMP_AUDIO" in entry] == []
    assert [entry for entry in contents.get(OBJECTS, []) if "RIFF" in entry or "/temp/" in entry] == []


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[set[str]]:
    """Files that this process opens for writing, while there is no place for temporary ones.

    The object store is not among them: it opens its files without Python.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    found: set[str] = set()
    is_watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if is_watching and event == "open" and isinstance(arguments[0], str) and set(str(arguments[1])) & set("wax+"):
            found.add(arguments[0])

    sys.addaudithook(watch)
    yield found
    is_watching = False


async def recording(size: int) -> AsyncIterator[bytes]:
    """A form with a recording of that size, piece by piece."""
    yield encode([file(WAV)], end=False)[:-2]
    for start in range(len(WAV), size, MIB):
        yield bytes(min(MIB, size - start))
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


async def test_upload_and_pipeline_need_no_place_for_temporary_files(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID, written: set[str]
) -> None:
    headers = {"Content-Type": CONTENT_TYPE}

    uploaded = await rest.post("/api/calls/analyze", content=recording(MAX_FILE_BYTES), headers=headers)
    await rest.delete(f"/api/calls/{uploaded.json()['id']}")
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.audio(call, to_wav(tone(8)))
    await by_worker(Script())(resources, call.id)

    assert uploaded.status_code == 202
    assert (await rest.get(f"/api/calls/{call.id}")).json()["status"] == "COMPLETED"
    assert written <= {os.devnull}


async def test_database_has_no_place_for_bytes(database: Database) -> None:
    statement = "SELECT table_name, column_name FROM information_schema.columns WHERE data_type IN ('bytea', 'oid')"
    async with database.read() as session:
        columns = (await session.execute(text(f"{statement} AND table_schema = 'public'"))).all()

    assert columns == []
