"""A call whose objects lie in a bucket, from its upload to its deletion. Source: pipeline.md, sections 3.1 and 14."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from app.embedded.servers import EmbeddedServers
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.settings import Settings
from app.storage.store import CHUNK_BYTES
from tests.app.pipeline.test_orchestrator import tone
from tests.doubles.s3 import Bucket
from tests.engines import Script
from tests.forms import BOUNDARY, CONTENT_TYPE, WAV, encode, file
from tests.holding import HeldStore, Hold
from tests.stores import make_settings

ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
AUDIO_KEY = re.compile(rf"users/{ID}/calls/{ID}/temp/audio\.wav")
DOCUMENT_KEY = re.compile(
    rf"users/{ID}/calls/{ID}/(diarization/diarization|transcripts/raw|transcripts/normalized|analysis/analysis)\.json"
)


@pytest.fixture
def settings(servers: EmbeddedServers, tmp_path: Path, bucket: Bucket) -> Settings:
    return make_settings(servers, tmp_path / "data", **bucket.settings())


async def streamed(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]


async def upload(rest: httpx.AsyncClient, recording: bytes) -> UUID:
    # Named as phones name recordings; nothing of it may become a key.
    body = encode([file(recording, file_name="Robert +4917012345.wav")])
    answer = await rest.post("/api/calls/analyze", content=streamed(body), headers={"Content-Type": CONTENT_TYPE})
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


async def test_call_lies_in_the_bucket_until_it_is_deleted(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bucket: Bucket, tmp_path: Path
) -> None:
    call_id = await upload(rest, tone())
    uploaded = bucket.list_keys()
    await process_call(resources, Script().engines(), Heartbeat(resources.database), call_id)
    status = (await rest.get(f"/api/calls/{call_id}")).json()["status"]
    finished = bucket.list_keys()
    transcript = await rest.get(f"/api/calls/{call_id}/transcript")
    deleted = await rest.delete(f"/api/calls/{call_id}")

    assert [bool(AUDIO_KEY.fullmatch(key)) for key in uploaded] == [True]
    assert status == "COMPLETED"
    assert [bool(DOCUMENT_KEY.fullmatch(key)) for key in finished] == [True] * 4
    assert {UUID(key.split("/")[1]) for key in finished} == {owner}
    assert transcript.status_code == 200
    assert bucket.server.endpoint not in transcript.text
    assert deleted.status_code == 204
    assert (bucket.list_keys(), bucket.list_uploads()) == ([], [])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_upload_that_breaks_off_leaves_nothing_in_the_bucket(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bucket: Bucket
) -> None:
    body = encode([file(WAV + bytes(CHUNK_BYTES))], end=False)[: -len(BOUNDARY)]

    answer = await rest.post("/api/calls/analyze", content=streamed(body), headers={"Content-Type": CONTENT_TYPE})

    assert answer.status_code == 400
    assert (bucket.list_keys(), bucket.list_uploads()) == ([], [])


async def test_upload_is_refused_in_seconds_while_the_bucket_is_out_of_order(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bucket: Bucket
) -> None:
    bucket.server.failure = 503
    body = encode([file(WAV)])

    answer = await rest.post("/api/calls/analyze", content=streamed(body), headers={"Content-Type": CONTENT_TYPE})

    bucket.server.reset()
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "storage_unavailable"
    assert bucket.list_keys() == []


async def test_call_stays_while_the_bucket_deletes_nothing_and_goes_at_the_next_try(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bucket: Bucket
) -> None:
    call_id = await upload(rest, WAV)
    # A key that may do everything but delete: the listing works, and then nothing goes.
    bucket.server.upcoming.extend([None, 403])

    refused = await rest.delete(f"/api/calls/{call_id}")
    still_there = await rest.get(f"/api/calls/{call_id}")
    objects = bucket.list_keys()
    deleted = await rest.delete(f"/api/calls/{call_id}")

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage_unavailable")
    assert (still_there.status_code, len(objects)) == (200, 1)
    assert deleted.status_code == 204
    assert (await rest.get(f"/api/calls/{call_id}")).status_code == 404
    assert (bucket.list_keys(), bucket.list_uploads()) == ([], [])


async def test_call_that_is_deleted_before_its_document_has_a_row_leaves_nothing_in_the_bucket(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bucket: Bucket
) -> None:
    call_id = await upload(rest, tone())
    hold = Hold()
    held = replace(resources, storage=HeldStore(resources.storage, hold, "put", "analysis.json", after=False))
    run = asyncio.create_task(process_call(held, Script().engines(), Heartbeat(resources.database), call_id))
    await hold.wait_for(run)

    await rest.delete(f"/api/calls/{call_id}")
    hold.release()
    await run

    assert (bucket.list_keys(), bucket.list_uploads()) == ([], [])
