"""The account, voice profile and liveness: rest.md, sections 2.1, 2.12 to 2.14, 2.16 to 2.18 and 3.9."""

from importlib.metadata import version

import httpx
import pytest

from rest.examples import load_bodies
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


async def test_voice_profile_is_deleted(rest: httpx.AsyncClient) -> None:
    assert_no_content(await rest.delete(VOICE))
