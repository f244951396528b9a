"""`/api/users/me/voice-profile` with the feature on. Source: rest.md, sections 2.16 to 2.18, 6 (T15); pipeline.md, 14.

The provider has a script here; `test_voice_provider.py` has the real one's client and its double.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from app.errors import VoiceProviderError, VoiceProviderProblem
from app.idempotency.models import IdempotencyRecord
from app.observability.logging import configure_logging
from app.resources import Resources
from app.settings import Settings, load_settings
from app.uploads.receiving import ACCEPTED_FORMATS
from app.voice.models import VoiceProfile
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file
from tests.rest.serving import rest_client
from tests.voices import SECRET, ScriptedVoices, add_profile, make_sample

PATH = "/api/users/me/voice-profile"
SECOND_BYTES = 32_000  # 16 kHz, 16 bits
MIB = 1024 * 1024
AGREED = field("consentAccepted", "true")
KEY = {"Idempotency-Key": "0b6f7c52"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The server recognises voices, and takes samples of 2 MiB."""
    return settings.model_copy(update={"voice_embedding_enabled": True, "voice_sample_max_size_mb": 2})


@pytest.fixture
def scripted() -> ScriptedVoices:
    """Who knows voices."""
    return ScriptedVoices()


@pytest.fixture
def resources(resources: Resources, scripted: ScriptedVoices) -> Resources:
    return replace(resources, voices=scripted)


async def put(rest: httpx.AsyncClient, *parts: Part, **headers: str) -> httpx.Response:
    return await rest.post(PATH, content=encode(parts), headers={"Content-Type": CONTENT_TYPE, **headers})


def error_of(response: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["details"]


async def read_profile(resources: Resources) -> VoiceProfile | None:
    async with resources.database.read() as session:
        return (await session.scalars(select(VoiceProfile))).one_or_none()


async def assert_nothing_is_kept(resources: Resources) -> None:
    """Neither an object nor a file, whether it worked or not (P5)."""
    assert await resources.storage.list_keys("users/") == []
    assert [path for path in resources.settings.storage_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("seconds", [15.0, 45.0])
async def test_profile_is_made_of_a_sample(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, seconds: float
) -> None:
    response = await put(rest, file(make_sample(seconds)), AGREED)

    profile = await read_profile(resources)
    assert profile is not None
    body = response.json()
    assert (response.status_code, response.headers["location"]) == (201, f"{PATH}/status")
    assert body.pop("createdAt").endswith("Z")
    assert body == {
        "status": "ACTIVE",
        "provider": "pyannote",
        "consentVersion": "v1",
        "sampleDurationSeconds": int(seconds),
    }
    assert (profile.user_id, profile.model, profile.updated_at) == (owner, "precision-2", profile.created_at)
    await assert_nothing_is_kept(resources)


@pytest.mark.parametrize(
    ("seconds", "refusal"),
    [
        (14.9, (400, "voice_sample_too_short", {"minSeconds": 15, "actualSeconds": 14.9})),
        (45.1, (400, "voice_sample_too_long", {"maxSeconds": 45, "actualSeconds": 45.1})),
        (61.0, (400, "voice_sample_too_long", {"maxSeconds": 45, "actualSeconds": 61})),
    ],
)
async def test_sample_of_another_length_is_refused(
    rest: httpx.AsyncClient, resources: Resources, seconds: float, refusal: tuple[int, str, dict[str, Any]]
) -> None:
    response = await put(rest, file(make_sample(seconds)), AGREED)

    assert error_of(response) == refusal
    assert await read_profile(resources) is None
    await assert_nothing_is_kept(resources)


async def test_provider_gets_thirty_seconds_from_the_onset_of_speech(
    rest: httpx.AsyncClient, scripted: ScriptedVoices
) -> None:
    await put(rest, file(make_sample(45.0, silent_seconds=5.0)))

    [sample] = scripted.samples
    assert len(sample) == 30 * SECOND_BYTES
    assert not any(sample[: int(0.08 * SECOND_BYTES)])
    assert any(sample[: int(0.2 * SECOND_BYTES)])


@pytest.mark.parametrize("consent", [None, "true", "TRUE", " True "])
async def test_consent_may_be_left_to_the_client(rest: httpx.AsyncClient, consent: str | None) -> None:
    said = [] if consent is None else [field("consentAccepted", consent)]

    assert (await put(rest, file(make_sample(15.0)), *said)).status_code == 201


@pytest.mark.parametrize("consent", ["false", "", "1", "yes", b"\xff"])
async def test_refused_consent_stops_everything(
    rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices, consent: str | bytes
) -> None:
    response = await put(rest, file(make_sample(15.0)), field("consentAccepted", consent))

    assert error_of(response) == (400, "voice_consent_required", {})
    assert scripted.samples == []
    assert await read_profile(resources) is None


async def test_new_sample_replaces_the_profile(rest: httpx.AsyncClient, resources: Resources, owner: UUID) -> None:
    first = await put(rest, file(make_sample(15.0)))
    before = await read_profile(resources)
    async with rest_client(resources, voice_consent_version="v2") as later:
        second = await put(later, file(make_sample(27.0)))

    after = await read_profile(resources)
    assert before is not None
    assert after is not None
    assert second.status_code == 201
    assert second.json() == {**first.json(), "consentVersion": "v2", "sampleDurationSeconds": 27}
    assert (after.id, after.created_at, after.updated_at > before.updated_at) == (before.id, before.created_at, True)


async def test_status_shows_the_profile(rest: httpx.AsyncClient, resources: Resources) -> None:
    missing = await rest.get(f"{PATH}/status")
    made = (await put(rest, file(make_sample(15.0)))).json()
    active = await rest.get(f"{PATH}/status")

    assert (missing.status_code, missing.json()) == (200, {"status": "MISSING", "enabled": True})
    assert active.json() == {
        **made,
        "enabled": True,
        "model": "precision-2",
        "updatedAt": made["createdAt"],
        "sampleCount": 1,
    }


async def test_nobody_sees_or_removes_the_profile_of_somebody_else(
    rest: httpx.AsyncClient, resources: Resources
) -> None:
    stranger = {"X-Local-User-Id": "bob"}
    await put(rest, file(make_sample(15.0)))

    seen = await rest.get(f"{PATH}/status", headers=stranger)
    removed = await rest.delete(PATH, headers=stranger)

    assert seen.json() == {"status": "MISSING", "enabled": True}
    assert removed.status_code == 204
    assert await read_profile(resources) is not None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (VoiceProviderError(VoiceProviderProblem.UNAVAILABLE), "unavailable"),
        (VoiceProviderError(VoiceProviderProblem.REJECTED), "rejected"),
        (TimeoutError(), "unavailable"),
    ],
    ids=["unavailable", "rejected", "late"],
)
async def test_provider_that_fails_leaves_the_earlier_profile(
    rest: httpx.AsyncClient,
    resources: Resources,
    owner: UUID,
    scripted: ScriptedVoices,
    error: Exception,
    reason: str,
) -> None:
    await add_profile(resources, owner)
    before = await read_profile(resources)
    scripted.errors = [error]

    response = await put(rest, file(make_sample(15.0)), AGREED)

    assert error_of(response) == (502, "voice_provider_error", {"reason": reason})
    assert await read_profile(resources) == before
    await assert_nothing_is_kept(resources)


async def test_without_a_provider_there_is_a_status_and_no_new_profile(resources: Resources) -> None:
    async with rest_client(replace(resources, voices=None)) as rest:
        made = await put(rest, file(make_sample(15.0)))
        short = await put(rest, file(make_sample(1.0)))
        status = await rest.get(f"{PATH}/status")

    assert error_of(made) == (502, "voice_provider_error", {"reason": "not_configured"})
    assert error_of(short)[:2] == (400, "voice_sample_too_short")
    assert status.json() == {"status": "MISSING", "enabled": True}


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([], ["file"]),
        ([AGREED], ["file"]),
        ([file(b"")], ["file"]),
        ([file(WAV), file(WAV)], ["file"]),
        ([file(WAV), AGREED, AGREED], ["consentAccepted"]),
    ],
    ids=["nothing", "no file", "empty", "two files", "two words"],
)
async def test_malformed_forms(rest: httpx.AsyncClient, parts: list[Part], fields: list[str]) -> None:
    status, code, details = error_of(await put(rest, *parts))

    assert (status, code) == (400, "validation_failed")
    assert [problem["field"] for problem in details["fields"]] == fields


async def test_other_bodies_are_no_form(rest: httpx.AsyncClient) -> None:
    response = await rest.post(PATH, json={"file": "x"})

    problem = {"field": "file", "message": "must be sent as multipart/form-data"}
    assert error_of(response) == (400, "validation_failed", {"fields": [problem]})


@pytest.mark.parametrize("content", [b"%PDF-1.7", WAV], ids=["not audio", "not decodable"])
async def test_file_that_is_no_recording(rest: httpx.AsyncClient, content: bytes) -> None:
    response = await put(rest, file(content, file_name="voice.wav"), AGREED)

    assert error_of(response) == (415, "unsupported_media_type", {"accepted": list(ACCEPTED_FORMATS)})


async def _stream(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 64 * 1024):
        yield content[start : start + 64 * 1024]


@pytest.mark.parametrize(
    "parts",
    [
        [file(WAV + bytes(2 * MIB))],
        [file(b"%PDF" + bytes(2 * MIB)), field("consentAccepted", "false")],
        [field(f"part{number}", bytes(512 * 1024)) for number in range(12)],
    ],
    ids=["sample", "of the wrong type", "what is beside it"],
)
async def test_too_large_is_the_weightiest_fault(rest: httpx.AsyncClient, parts: list[Part]) -> None:
    content = encode(parts)

    announced = await put(rest, *parts)
    streamed = await rest.post(PATH, content=_stream(content), headers={"Content-Type": CONTENT_TYPE})

    expected = (413, "voice_sample_too_large", {"maxBytes": 2 * MIB})
    assert [error_of(announced), error_of(streamed)] == [expected] * 2


async def test_announced_size_is_refused_unread(rest: httpx.AsyncClient) -> None:
    response = await rest.post(PATH, content=b"x", headers={"Content-Type": CONTENT_TYPE, "Content-Length": "9999999"})

    assert error_of(response) == (413, "voice_sample_too_large", {"maxBytes": 2 * MIB})


async def test_sample_of_exactly_the_limit_is_taken(rest: httpx.AsyncClient) -> None:
    sample = make_sample(45.0)

    response = await put(rest, file(sample + bytes(2 * MIB - len(sample))), AGREED)

    assert response.status_code == 201


async def test_key_is_checked_before_the_body(rest: httpx.AsyncClient) -> None:
    response = await rest.post(PATH, content=b"x", headers={"Content-Length": "9999999", "Idempotency-Key": "a b"})

    status, code, details = error_of(response)
    assert (status, code, details["fields"][0]["field"]) == (400, "validation_failed", "Idempotency-Key")


async def test_repeated_request_is_done_once(
    rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices
) -> None:
    first = await put(rest, file(make_sample(15.0)), AGREED, **KEY)
    again = await put(rest, AGREED, file(make_sample(15.0)), **KEY)
    other = await put(rest, file(make_sample(27.0)), AGREED, **KEY)
    invalid = await put(rest, file(make_sample(15.0)), field("consentAccepted", "no"), **KEY)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert error_of(other) == (409, "idempotency_key_conflict", {})
    assert error_of(invalid) == (400, "voice_consent_required", {})
    assert len(scripted.samples) == 1


async def test_failure_is_not_kept(rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices) -> None:
    scripted.errors = [VoiceProviderError(VoiceProviderProblem.UNAVAILABLE)]

    failed = await put(rest, file(make_sample(15.0)), **KEY)
    again = await put(rest, file(make_sample(15.0)), **KEY)

    assert (failed.status_code, again.status_code) == (502, 201)
    assert "idempotency-replayed" not in again.headers


async def test_request_whose_answer_was_lost_asks_nobody_again(
    rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices
) -> None:
    first = await put(rest, file(make_sample(15.0)), **KEY)
    async with resources.database.transaction() as session:
        dead = {"state": "IN_PROGRESS", "alive_at": func.now() - timedelta(seconds=61), "response_body": None}
        await session.execute(update(IdempotencyRecord).values(**dead))

    second = await put(rest, file(make_sample(15.0)), **KEY)

    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in second.headers
    assert len(scripted.samples) == 1


async def test_removal_forgets_the_answers_that_show_the_profile(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await put(rest, file(make_sample(15.0)), **KEY)
    await rest.delete(PATH)
    gone = await read_profile(resources)

    second = await put(rest, file(make_sample(15.0)), **KEY)

    assert gone is None
    assert (first.status_code, second.status_code) == (201, 201)
    assert "idempotency-replayed" not in second.headers
    assert await read_profile(resources) is not None


async def test_profile_can_be_removed_after_the_feature(rest: httpx.AsyncClient, resources: Resources) -> None:
    await put(rest, file(make_sample(15.0)))

    async with rest_client(resources, voice_embedding_enabled=False) as switched_off:
        status = await switched_off.get(f"{PATH}/status")
        removed = await switched_off.delete(PATH)

    assert (status.status_code, removed.status_code) == (404, 204)
    assert await read_profile(resources) is None


async def test_account_that_goes_meanwhile_leaves_no_profile(
    app: FastAPI, rest: httpx.AsyncClient, resources: Resources
) -> None:
    class Leaving(ScriptedVoices):
        async def make_voiceprint(self, sample: bytes) -> Any:
            await rest.delete("/api/users/me")
            return await super().make_voiceprint(sample)

    app.state.resources = replace(resources, voices=Leaving())

    response = await put(rest, file(make_sample(15.0)))

    assert error_of(response) == (503, "service_unavailable", {})
    assert await read_profile(resources) is None


async def test_what_was_learned_is_told_to_nobody(
    rest: httpx.AsyncClient, resources: Resources, scripted: ScriptedVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(load_settings(log_level="DEBUG"))

    answers = [await put(rest, file(make_sample(15.0)), **KEY), await rest.get(f"{PATH}/status")]
    scripted.errors = [VoiceProviderError(VoiceProviderProblem.REJECTED)]
    answers.append(await put(rest, file(make_sample(15.0))))

    told = capsys.readouterr()
    assert [answer.status_code for answer in answers] == [201, 200, 502]
    assert SECRET not in "".join(answer.text for answer in answers) + told.err + told.out
    profile = await read_profile(resources)
    assert profile is not None
    assert profile.embedding_json == {"voiceprint": SECRET}
    async with resources.database.read() as session:
        kept = (await session.scalars(select(IdempotencyRecord))).all()
    assert [record for record in kept if SECRET in str(record.response_body)] == []
