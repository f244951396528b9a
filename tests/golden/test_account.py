"""The account, voice profile and liveness: rest.md, sections 2.1, 2.12 to 2.14, 2.16 to 2.18 and 3.9."""

from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.metadata import version
from uuid import UUID

import httpx
import pytest

from app.resources import Resources
from rest.examples import load_bodies
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import PROJECT_ID
from tests.forms import CONTENT_TYPE, encode, field, file
from tests.golden.answers import (
    NEW_ID,
    NOW,
    assert_answer,
    assert_no_content,
    error_body,
    example,
    send_example,
)
from tests.golden.world import at
from tests.rest.serving import rest_client
from tests.voices import ScriptedVoices, add_profile, make_sample

ME = "/api/users/me"
VOICE = f"{ME}/voice-profile"
NOT_AVAILABLE = error_body("feature_not_available", "This feature is not available", {})


async def test_health(rest: httpx.AsyncClient) -> None:
    del rest.headers["Authorization"]

    response = await rest.get("/api/health")

    assert_answer(response, 200, {**example("getHealth", "ok"), "version": version("scryon")})


async def test_account(rest: httpx.AsyncClient) -> None:
    response = await rest.get(ME)

    assert_answer(response, 200, example("getMe", "account"))


async def test_change(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "updateMe", "PATCH", ME)

    assert_answer(response, 200, example("updateMe", "renamed"))


async def test_consent(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "updateConsent", "PATCH", f"{ME}/consent")

    times = {"callRecordingDisclaimerAcceptedAt": NOW, "marketingOptInAt": NOW}
    assert_answer(response, 200, {**example("updateConsent", "accepted"), **times})
    assert len({response.json()[name] for name in times}) == 1


@pytest.mark.usefixtures("world")
async def test_deletion(rest: httpx.AsyncClient) -> None:
    response = await rest.delete(ME)

    assert_no_content(response)
    # The same identity starts a new, empty account.
    nothing = dict.fromkeys(
        ("privacyPolicyVersion", "privacyPolicyAcceptedAt", "termsVersion", "termsAcceptedAt"),
    )
    expected = {**example("getMe", "account"), "id": NEW_ID, "createdAt": NOW, **nothing}
    assert_answer(await rest.get(ME), 200, expected)
    assert_answer(await rest.get("/api/calls"), 200, {"items": []})


async def test_voice_profile_is_not_available(rest: httpx.AsyncClient) -> None:
    request = load_bodies("putVoiceProfile").request
    form = encode([file(request["file"].encode()), field("consentAccepted", request["consentAccepted"])])

    response = await rest.post(VOICE, content=form, headers={"Content-Type": CONTENT_TYPE})

    assert_answer(response, 404, NOT_AVAILABLE)
    assert_answer(await rest.get(f"{VOICE}/status"), 404, NOT_AVAILABLE)


@pytest.fixture
async def voice_client(
    rest: httpx.AsyncClient, resources: Resources, google_keys: GoogleKeys
) -> AsyncIterator[httpx.AsyncClient]:
    """Her client on a server that recognises voices."""
    values = {
        "firebase_project_id": PROJECT_ID,
        "firebase_certificates_url": google_keys.url,
        "voice_embedding_enabled": True,
    }
    async with rest_client(replace(resources, voices=ScriptedVoices()), **values) as client:
        client.headers.update(rest.headers)
        yield client


async def test_voice_profile_is_made(voice_client: httpx.AsyncClient) -> None:
    form = encode([file(make_sample(27.0)), field("consentAccepted", "true")])
    expected = example("putVoiceProfile", "created")

    response = await voice_client.post(VOICE, content=form, headers={"Content-Type": CONTENT_TYPE})

    assert_answer(response, 201, {**expected, "createdAt": NOW}, location=f"{VOICE}/status")


async def test_status_of_the_voice_profile(voice_client: httpx.AsyncClient, resources: Resources, meera: UUID) -> None:
    missing = await voice_client.get(f"{VOICE}/status")
    made_at = at("2026-02-09T07:10:33.500Z")
    await add_profile(resources, meera, created_at=made_at, updated_at=made_at)
    active = await voice_client.get(f"{VOICE}/status")

    assert_answer(missing, 200, example("getVoiceProfileStatus", "missing"))
    assert_answer(active, 200, example("getVoiceProfileStatus", "active"))


async def test_voice_profile_is_deleted(rest: httpx.AsyncClient) -> None:
    assert_no_content(await rest.delete(VOICE))
