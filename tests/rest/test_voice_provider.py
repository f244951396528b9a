"""A voice profile from its sample to a call that knows the voice, at the provider. Source: rest.md, section 6 (T15)."""

from collections.abc import Iterator
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select

from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallStatus
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.resources import Resources
from app.settings import Settings
from app.voice.models import VoiceProfile
from tests.doubles.http_double import Failure
from tests.doubles.pyannote import KEY, Pyannote
from tests.engines import Script
from tests.factories import Factory
from tests.voices import make_sample

PATH = "/api/users/me/voice-profile"


@pytest.fixture
def pyannote() -> Iterator[Pyannote]:
    with Pyannote() as double:
        yield double


@pytest.fixture
def settings(settings: Settings, pyannote: Pyannote) -> Settings:
    """The feature is on, at the double; nothing is tried again."""
    return settings.model_copy(
        update={
            "voice_embedding_enabled": True,
            "pyannote_api_key": KEY,
            "pyannote_base_url": pyannote.url,
            "diarization_poll_interval_seconds": 0.05,
            "diarization_max_retries": 0,
        }
    )


async def test_sample_becomes_a_profile_by_which_a_call_knows_the_voice(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    call = await factory.call(owner, status=CallStatus.QUEUED)
    await factory.audio(call, make_sample(8.0))

    made = await rest.post(PATH, files={"file": ("voice.wav", make_sample(16.0))}, data={"consentAccepted": "true"})
    await process_call(resources, Script().engines(), Heartbeat(resources.database), call.id)

    stored = await read_artifact(resources, call.id, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert made.status_code == 201, made.text
    assert stored is not None
    transcript = orjson.loads(stored[0])
    speakers = [(one["role"], one["labelSource"], one["voiceMatchScore"]) for one in transcript["speakers"]]
    assert speakers[0] == ("USER", "VOICE_EMBEDDING", 0.891)
    assert transcript["speakerResolution"]["voiceMatchStatus"] == "MATCHED"


async def test_provider_that_fails_leaves_the_earlier_profile(
    rest: httpx.AsyncClient, resources: Resources, pyannote: Pyannote, owner: UUID
) -> None:
    await rest.post(PATH, files={"file": ("voice.wav", make_sample(16.0))})
    before = await _read(resources)
    pyannote.failure = Failure.SERVER_ERROR

    answer = await rest.post(PATH, files={"file": ("voice.wav", make_sample(20.0))})

    assert (answer.status_code, answer.json()["error"]["details"]) == (502, {"reason": "unavailable"})
    assert await _read(resources) == before


async def _read(resources: Resources) -> list[dict[str, object]]:
    async with resources.database.read() as session:
        return [row.model_dump() for row in (await session.execute(select(VoiceProfile))).scalars()]
