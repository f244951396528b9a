"""Uploads: rest.md, section 2.2."""

from typing import Any

import httpx
import orjson
import pytest

from rest.examples import load_bodies
from tests.forms import CONTENT_TYPE, WAV, encode, field, file
from tests.golden.answers import NEW_ID, NOW, assert_answer, example
from tests.golden.world import TOBIAS

REQUEST: dict[str, Any] = load_bodies("analyzeCall").request


async def upload(rest: httpx.AsyncClient, metadata: Any, recording: bytes = WAV) -> httpx.Response:
    parts = [file(recording, file_name="REC_20260210_0851.m4a"), field("metadata", orjson.dumps(metadata))]
    return await rest.post("/api/calls/analyze", content=encode(parts), headers={"Content-Type": CONTENT_TYPE})


@pytest.mark.usefixtures("world")
async def test_upload(rest: httpx.AsyncClient) -> None:
    response = await upload(rest, REQUEST["metadata"])

    body = response.json()
    expected = {**example("analyzeCall", "queued"), "callId": NEW_ID, "id": NEW_ID}
    assert_answer(response, 202, expected, location=f"/api/calls/{body['id']}")
    assert body["callId"] == body["id"]


@pytest.mark.usefixtures("world")
async def test_uploaded_call_shows_what_was_sent(rest: httpx.AsyncClient) -> None:
    location = (await upload(rest, REQUEST["metadata"])).headers["location"]

    response = await rest.get(location)

    # 2.5 without what only the pipeline finds out; the contact is the one of that name (3.4, AC3).
    expected = {
        "callId": location.rpartition("/")[2],
        "id": NEW_ID,
        "title": "Thursday appointment",
        "originalFileName": "REC_20260210_0851.m4a",
        "status": "QUEUED",
        "direction": "OUTGOING",
        "contactName": "Tobias Lind",
        "contactId": "contacts:118",
        "phoneNumber": "+49 30 5550 4471",
        "organization": "Lind Woodworks",
        "scryonContactId": str(TOBIAS),
        "durationSeconds": 31,
        "recordedAt": "2026-02-10T07:51:12Z",
        "createdAt": NOW,
        "updatedAt": NOW,
        "tags": [],
        "errorReason": None,
        "errorMessage": None,
    }
    assert_answer(response, 200, expected)


async def test_recording_of_the_example_is_taken_as_it_is(rest: httpx.AsyncClient) -> None:
    response = await upload(rest, REQUEST["metadata"], REQUEST["file"].encode())

    assert response.status_code == 202
