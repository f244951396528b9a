"""firebase-admin takes the double of FCM for the real one, and what Google refuses is refused."""

import json
import time
from collections.abc import Iterator
from typing import Any

import firebase_admin
import httpx
import pytest
from firebase_admin import exceptions, messaging

from tests.doubles.fcm import AUDIENCE, CLIENT_EMAIL, GRANT_TYPE, Fcm, Refusal
from tests.doubles.id_tokens import sign_token, signing_key, tamper_with

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GOOD: dict[str, Any] = {
    "token": "device-1",
    "data": {"callId": "7d1f"},
    "android": {"priority": "high", "ttl": "3600s"},
}


@pytest.fixture
def sdk(fcm: Fcm) -> Iterator[firebase_admin.App]:
    """firebase-admin, led to the double."""
    app = firebase_admin.initialize_app(
        firebase_admin.credentials.Certificate(fcm.service_account), {"httpTimeout": 5}, name="double"
    )
    yield app
    firebase_admin.delete_app(app)


def build_message(data: dict[str, str]) -> messaging.Message:
    message = messaging.Message(data=data, android=messaging.AndroidConfig(priority="high", ttl=3600))
    message.token = "device-1"
    return message


def post(fcm: Fcm, body: Any, bearer: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {bearer or fcm.issue_bearer()}"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(fcm.fcm_url.format("demo-scryon"), content=content, headers=headers)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": CLIENT_EMAIL, "aud": AUDIENCE, "iat": now, "exp": now + 3600, "scope": SCOPE, **changed}


def grant(fcm: Fcm, assertion: str, grant_type: str = GRANT_TYPE) -> httpx.Response:
    return httpx.post(fcm.token_url, data={"grant_type": grant_type, "assertion": assertion})


def test_message_of_the_sdk_is_taken(fcm: Fcm, sdk: firebase_admin.App) -> None:
    name = messaging.send(build_message({"callId": "7d1f"}), app=sdk)

    assert name == "projects/demo-scryon/messages/0:1"
    assert fcm.messages == [GOOD]
    assert (fcm.grants, fcm.sends) == (1, 1)


def test_bearer_serves_many_messages_until_it_is_revoked(fcm: Fcm, sdk: firebase_admin.App) -> None:
    for _ in range(2):
        messaging.send(build_message({"callId": "7d1f"}), app=sdk)
    fcm.revoke_bearers()
    messaging.send(build_message({"callId": "7d1f"}), app=sdk)

    assert len(fcm.messages) == 3
    assert (fcm.grants, fcm.sends) == (2, 4)


def test_refusals_are_what_the_sdk_makes_of_googles(fcm: Fcm, sdk: firebase_admin.App) -> None:
    expected = {
        Refusal.UNREGISTERED: messaging.UnregisteredError,
        Refusal.TOKEN_NAMED: exceptions.InvalidArgumentError,
        Refusal.TOKEN_IN_TEXT: exceptions.InvalidArgumentError,
        Refusal.OTHER_ARGUMENT: exceptions.InvalidArgumentError,
        Refusal.SENDER_ID_MISMATCH: messaging.SenderIdMismatchError,
        Refusal.NOT_FOUND: exceptions.NotFoundError,
        Refusal.PERMISSION_DENIED: exceptions.PermissionDeniedError,
        Refusal.THIRD_PARTY_AUTH_ERROR: messaging.ThirdPartyAuthError,
        Refusal.QUOTA_EXCEEDED: messaging.QuotaExceededError,
        Refusal.BAD_GATEWAY: exceptions.UnknownError,
    }

    raised = {}
    for fcm.refusal in expected:
        with pytest.raises(exceptions.FirebaseError) as refused:
            messaging.send(build_message({"callId": "7d1f"}), app=sdk)
        raised[fcm.refusal] = type(refused.value)

    assert raised == expected
    assert fcm.messages == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer owner"}], ids=["nobody", "somebody"])
def test_unknown_bearers_are_refused(fcm: Fcm, headers: dict[str, str]) -> None:
    response = httpx.post(fcm.fcm_url.format("demo-scryon"), json={"message": GOOD}, headers=headers)

    assert (response.status_code, response.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert fcm.messages == []


def test_other_projects_are_not_found(fcm: Fcm) -> None:
    headers = {"Authorization": f"Bearer {fcm.issue_bearer()}"}

    response = httpx.post(fcm.fcm_url.format("other"), json={"message": GOOD}, headers=headers)

    assert response.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b'{"message"',
        [],
        {},
        {"message": "text"},
        {"message": GOOD, "dryRun": True},
        {"message": {**GOOD, "priority": "high"}},
        {"message": {**GOOD, "topic": "news"}},
        {"message": {"data": {"a": "b"}}},
        {"message": {**GOOD, "token": ""}},
        {"message": {"fid": "installation-1", "data": {"a": "b"}}},
        {"message": {**GOOD, "notification": {"title": "Call"}}},
        {"message": {**GOOD, "android": {"notification": {"title": "Call"}}}},
        {"message": {**GOOD, "data": {"callId": 7}}},
        {"message": {**GOOD, "data": {"callId": None}}},
        {"message": {**GOOD, "data": {"from": "x"}}},
        {"message": {**GOOD, "data": {"gcm.id": "x"}}},
        {"message": {**GOOD, "data": {"google.id": "x"}}},
        {"message": {**GOOD, "data": {"text": "ä" * 2047}}},
        {"message": {**GOOD, "android": {"priority": "HIGH"}}},
        {"message": {**GOOD, "android": {"priority": "urgent"}}},
        {"message": {**GOOD, "android": {"ttl": 3600}}},
        {"message": {**GOOD, "android": {"ttl": "3600"}}},
        {"message": {**GOOD, "android": {"ttl": "2419201s"}}},
        {"message": {**GOOD, "android": {"timeToLive": "3600s"}}},
    ],
)
def test_malformed_messages_are_refused(fcm: Fcm, body: Any) -> None:
    response = post(fcm, body)

    assert (response.status_code, response.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert fcm.messages == []


def test_data_may_have_4096_bytes(fcm: Fcm) -> None:
    response = post(fcm, {"message": {**GOOD, "data": {"text": "ä" * 2046}}})

    assert response.status_code == 200


def test_good_assertion_earns_a_bearer(fcm: Fcm) -> None:
    answer = grant(fcm, sign_token(claims(), signing_key(0))).json()

    assert (answer["expires_in"], answer["token_type"]) == (3599, "Bearer")
    assert post(fcm, {"message": GOOD}, answer["access_token"]).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "somebody@else.iam.gserviceaccount.com"},
        {"aud": "https://fcm.googleapis.com/"},
        {"iat": 0, "exp": 3600},
        {"iat": 0},
        {"scope": "https://www.googleapis.com/auth/userinfo.email"},
    ],
    ids=["issuer", "audience", "old", "long", "scope"],
)
def test_assertions_with_other_claims_earn_nothing(fcm: Fcm, changed: dict[str, Any]) -> None:
    response = grant(fcm, sign_token(claims(**changed), signing_key(0)))

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")


def test_assertions_that_the_account_has_not_signed_earn_nothing(fcm: Fcm) -> None:
    forged = [
        "",
        "a.b.c",
        sign_token(claims(), signing_key(1)),
        tamper_with(sign_token(claims(), signing_key(0)), exp=int(time.time()) + 60),
    ]

    responses = [grant(fcm, assertion) for assertion in forged]

    assert [response.json()["error_description"] for response in responses] == ["Invalid JWT Signature."] * 4


def test_other_grants_earn_nothing(fcm: Fcm) -> None:
    response = grant(fcm, sign_token(claims(), signing_key(0)), "client_credentials")

    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")
