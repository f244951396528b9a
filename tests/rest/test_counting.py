"""What requests add to the metrics of the API beside themselves. Source: pipeline.md, section 12."""

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from app.errors import VoiceProviderError, VoiceProviderProblem
from app.resources import Resources
from app.settings import Settings
from tests.counting import counted
from tests.forms import CONTENT_TYPE, WAV, encode, field, file
from tests.voices import ScriptedVoices, make_sample

PROFILE = "/api/users/me/voice-profile"
LEARNED = "scryon_voice_embedding_provider_duration_seconds_count"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The server recognises voices."""
    return settings.model_copy(update={"voice_embedding_enabled": True})


@pytest.fixture
def scripted() -> ScriptedVoices:
    return ScriptedVoices()


@pytest.fixture
def resources(resources: Resources, scripted: ScriptedVoices) -> Resources:
    return replace(resources, voices=scripted)


def found(resources: Resources) -> dict[str, float]:
    return {name: count for name, count in counted(resources.metrics).items() if not name.startswith("http_")}


async def upload(rest: httpx.AsyncClient, content: bytes = WAV, **headers: str) -> int:
    body = encode([field("metadata", orjson.dumps({"direction": "OUTGOING"})), file(content)])
    answer = await rest.post("/api/calls/analyze", content=body, headers={"content-type": CONTENT_TYPE, **headers})
    return answer.status_code


async def put(rest: httpx.AsyncClient, **headers: str) -> int:
    body: Any = encode([file(make_sample(15.0))])
    return (await rest.post(PROFILE, content=body, headers={"Content-Type": CONTENT_TYPE, **headers})).status_code


async def test_new_calls_are_counted_and_replays_are_not(rest: httpx.AsyncClient, resources: Resources) -> None:
    key = {"Idempotency-Key": "0b6f7c52"}

    statuses = [await upload(rest), await upload(rest, **key), await upload(rest, **key), await upload(rest, b"no")]

    assert statuses == [202, 202, 202, 415]
    assert found(resources) == {'scryon_calls_uploaded_total{direction="OUTGOING"}': 2.0}


async def test_voice_profile_is_counted_when_it_is_made_and_when_it_goes(
    rest: httpx.AsyncClient, resources: Resources
) -> None:
    key = {"Idempotency-Key": "0b6f7c52"}

    statuses = [await put(rest, **key), await put(rest, **key), await put(rest)]
    made = found(resources)
    gone = [(await rest.delete(PROFILE)).status_code for _ in range(2)]

    assert (statuses, gone) == ([201, 201, 201], [204, 204])
    assert made == {"scryon_voice_profile_created_total": 1.0, LEARNED: 2.0}
    assert found(resources) == made | {"scryon_voice_profile_deleted_total": 1.0}


async def test_voice_profile_goes_with_its_account(rest: httpx.AsyncClient, resources: Resources) -> None:
    await put(rest)

    statuses = [(await rest.delete("/api/users/me")).status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert found(resources)["scryon_voice_profile_deleted_total"] == 1.0


async def test_provider_that_does_not_deliver_has_taken_its_time_too(
    rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices
) -> None:
    scripted.errors.append(VoiceProviderError(VoiceProviderProblem.REJECTED))

    assert await put(rest) == 502
    assert found(resources) == {LEARNED: 1.0}
