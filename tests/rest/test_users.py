"""`/api/users/me` and what is below it, apart from the voice. Whole bodies are from rest.md, 2.12 to 2.15 and 3.9."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel, col

from app.actions.models import ActionStatus
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from app.users.models import User
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import PROJECT_ID
from tests.factories import Factory
from tests.rest.keys import send_with_key
from tests.rest.serving import rest_client

ADDRESS = "meera.nair@linden-clinic.example"
MEERA = UUID("975dbeb0-5b2d-456d-ab85-657bcdfbec24")
ACCEPTED = datetime(2025, 11, 17, 6, 21, 30, 15_000, tzinfo=UTC)
PROFILE: dict[str, Any] = {
    "id": str(MEERA),
    "externalUserId": ADDRESS,
    "email": ADDRESS,
    "displayName": "Meera Nair",
    "photoUrl": None,
    "createdAt": "2025-11-17T06:20:44.300Z",
    "lastLoginAt": "2026-02-09T06:58:10Z",
    "privacyPolicyVersion": "2025-10-01",
    "privacyPolicyAcceptedAt": "2025-11-17T06:21:30.015Z",
    "termsVersion": "2025-10-01",
    "termsAcceptedAt": "2025-11-17T06:21:30.015Z",
    "callRecordingDisclaimerVersion": None,
    "callRecordingDisclaimerAcceptedAt": None,
    "marketingOptIn": False,
    "marketingOptInAt": None,
    "plan": "FREE",
    "plansIntroShownAt": None,
    "isAdmin": False,
    "accountStatus": "ACTIVE",
    "accountStatusReason": None,
}


@pytest.fixture
async def meera(rest: httpx.AsyncClient, factory: Factory) -> UUID:
    """The signed-in user with the account of the examples, who has an address by her local name."""
    rest.headers["X-Local-User-Id"] = ADDRESS
    return await factory.user(
        ADDRESS,
        id=MEERA,
        email=ADDRESS,
        display_name="Meera Nair",
        created_at=datetime(2025, 11, 17, 6, 20, 44, 300_000, tzinfo=UTC),
        updated_at=ACCEPTED,
        last_login_at=datetime(2026, 2, 9, 6, 58, 10, tzinfo=UTC),
        privacy_policy_version="2025-10-01",
        privacy_policy_accepted_at=ACCEPTED,
        terms_version="2025-10-01",
        terms_accepted_at=ACCEPTED,
        fcm_token="device-1",
    )


async def _load(resources: Resources, user_id: UUID) -> User:
    async with resources.database.read() as session:
        user = await session.get(User, user_id)
    assert user is not None
    return user


async def _count(resources: Resources, entity: type[SQLModel]) -> int:
    async with resources.database.read() as session:
        return await session.scalar(select(func.count()).select_from(entity)) or 0


def _fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 400, response.text
    return [problem["field"] for problem in response.json()["error"]["details"]["fields"]]


async def test_account_is_shown(rest: httpx.AsyncClient, meera: UUID) -> None:
    response = await rest.get("/api/users/me")

    assert response.status_code == 200
    assert response.json() == PROFILE
    assert list(response.json()) == list(PROFILE)


async def test_account_with_nothing_set_shows_only_what_is_always_there(
    rest: httpx.AsyncClient, factory: Factory
) -> None:
    at = datetime(2025, 11, 17, 6, 20, 44, tzinfo=UTC)
    user_id = await factory.user("local-dev", created_at=at, account_status_reason="left over")

    body = (await rest.get("/api/users/me")).json()

    assert body == {
        "id": str(user_id),
        "externalUserId": "local-dev",
        "photoUrl": None,
        "createdAt": "2025-11-17T06:20:44Z",
        "privacyPolicyVersion": None,
        "privacyPolicyAcceptedAt": None,
        "termsVersion": None,
        "termsAcceptedAt": None,
        "callRecordingDisclaimerVersion": None,
        "callRecordingDisclaimerAcceptedAt": None,
        "marketingOptIn": False,
        "marketingOptInAt": None,
        "plan": "FREE",
        "plansIntroShownAt": None,
        "isAdmin": False,
        "accountStatus": "ACTIVE",
        "accountStatusReason": None,
    }


async def test_suspended_account_says_why(rest: httpx.AsyncClient, factory: Factory) -> None:
    await factory.user("local-dev", account_status="SUSPENDED", account_status_reason="invoice open", plan="PRO")

    body = (await rest.get("/api/users/me")).json()

    assert (body["accountStatus"], body["accountStatusReason"], body["plan"]) == ("SUSPENDED", "invoice open", "PRO")


@pytest.mark.parametrize(
    ("email", "is_verified", "is_admin"),
    [
        ("Ops@Linden-Clinic.example", True, True),
        ("ops@linden-clinic.example", False, False),
        ("meera@linden-clinic.example", True, False),
        (None, True, False),
    ],
)
async def test_admins_have_a_verified_address_of_the_list(
    resources: Resources, google_keys: GoogleKeys, email: str | None, is_verified: bool, is_admin: bool
) -> None:
    values = {
        "firebase_project_id": PROJECT_ID,
        "firebase_certificates_url": google_keys.url,
        "admin_allowed_emails": ("x@y.example", "OPS@linden-clinic.example"),
    }
    async with rest_client(resources, **values) as rest:
        rest.headers["Authorization"] = f"Bearer {google_keys.sign(email=email, email_verified=is_verified)}"
        shown = (await rest.get("/api/users/me")).json()["isAdmin"]
        changed = (await rest.patch("/api/users/me", json={"displayName": "Ops"})).json()["isAdmin"]
        agreed = (await rest.patch("/api/users/me/consent", json={"marketingOptIn": True})).json()["isAdmin"]

    assert (shown, changed, agreed) == (is_admin, is_admin, is_admin)


async def test_name_is_changed(rest: httpx.AsyncClient, meera: UUID, resources: Resources) -> None:
    response = await rest.patch("/api/users/me", json={"displayName": "  Dr. Meera Nair ", "plan": "PRO", "email": 1})

    assert response.status_code == 200
    assert response.json() == {**PROFILE, "displayName": "Dr. Meera Nair"}
    assert (await _load(resources, meera)).updated_at > ACCEPTED


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": None, "fcmToken": None, "plansIntroShown": None},
        {"plansIntroShown": False},
        {"displayName": "Meera Nair", "fcmToken": " device-1 "},
    ],
)
async def test_nothing_new_changes_nothing(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, body: dict[str, object]
) -> None:
    response = await rest.patch("/api/users/me", json=body)

    assert (response.status_code, response.json()) == (200, PROFILE)
    stored = await _load(resources, meera)
    assert (stored.updated_at, stored.fcm_token) == (ACCEPTED, "device-1")


@pytest.mark.parametrize("blank", ["", " \t"])
async def test_blank_clears(rest: httpx.AsyncClient, meera: UUID, resources: Resources, blank: str) -> None:
    response = await rest.patch("/api/users/me", json={"displayName": blank, "fcmToken": blank})

    assert response.json() == {name: value for name, value in PROFILE.items() if name != "displayName"}
    assert (await _load(resources, meera)).fcm_token is None


async def test_introduction_of_plans_is_stamped_once(rest: httpx.AsyncClient, meera: UUID) -> None:
    first = (await rest.patch("/api/users/me", json={"plansIntroShown": True})).json()["plansIntroShownAt"]
    second = (await rest.patch("/api/users/me", json={"plansIntroShown": True})).json()["plansIntroShownAt"]

    assert first == second
    assert first is not None


async def test_push_token_is_taken_from_other_accounts(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, factory: Factory
) -> None:
    other = await factory.user("other", fcm_token="device-2")

    await rest.patch("/api/users/me", json={"fcmToken": "device-2"})

    tokens = [(await _load(resources, user_id)).fcm_token for user_id in (meera, other)]
    assert tokens == ["device-2", None]


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("", b"", ["body"]),
        ("", b"[]", ["body"]),
        ("", b"{", ["body"]),
        (
            "",
            b'{"displayName": 1, "fcmToken": true, "plansIntroShown": "yes"}',
            ["displayName", "fcmToken", "plansIntroShown"],
        ),
        ("", b'{"displayName": "%s", "fcmToken": "%s"}' % (b"x" * 201, b"x" * 4097), ["displayName", "fcmToken"]),
        ("", rb'{"displayName": "\u0000", "fcmToken": "\ud800"}', ["displayName", "fcmToken"]),
        ("", b'{"plansIntroShown": 1}', ["plansIntroShown"]),
        ("/consent", b"", ["body"]),
        (
            "/consent",
            b'{"privacyPolicyVersion": "", "termsVersion": " ", "callRecordingDisclaimerVersion": 3}',
            ["privacyPolicyVersion", "termsVersion", "callRecordingDisclaimerVersion"],
        ),
        ("/consent", b'{"termsVersion": "' + b"x" * 65 + b'"}', ["termsVersion"]),
        ("/consent", rb'{"termsVersion": "1\u0000", "marketingOptIn": "true"}', ["termsVersion", "marketingOptIn"]),
    ],
)  # fmt: skip
async def test_bad_bodies_change_nothing(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, path: str, body: bytes, fields: list[str]
) -> None:
    response = await rest.patch(f"/api/users/me{path}", content=body)

    assert _fields(response) == fields
    assert (await _load(resources, meera)).updated_at == ACCEPTED


@pytest.mark.parametrize("path", ["/api/users/me", "/api/users/me/consent"])
async def test_bodies_are_json_of_at_most_a_mebibyte(rest: httpx.AsyncClient, meera: UUID, path: str) -> None:
    other_type = await rest.patch(path, content=b"{}", headers={"content-type": "text/plain"})
    too_large = await rest.patch(path, content=b" " * 1_048_577)

    assert (other_type.status_code, too_large.status_code) == (415, 413)


async def test_longest_values_pass(rest: httpx.AsyncClient, meera: UUID) -> None:
    name = "\U0001f600" * 200

    changed = await rest.patch("/api/users/me", json={"displayName": name, "fcmToken": "x" * 4096})
    agreed = await rest.patch("/api/users/me/consent", json={"termsVersion": "x" * 64})

    assert (changed.status_code, changed.json()["displayName"]) == (200, name)
    assert (agreed.status_code, agreed.json()["termsVersion"]) == (200, "x" * 64)


async def test_consent_is_written_down_with_the_time(rest: httpx.AsyncClient, meera: UUID) -> None:
    before = datetime.now(UTC)

    response = await rest.patch(
        "/api/users/me/consent",
        json={
            "callRecordingDisclaimerVersion": " 2026-01-15 ",
            "marketingOptIn": True,
            "termsVersion": "2025-10-01",
            "privacyPolicyVersion": None,
            "termsAcceptedAt": "2020-01-01T00:00:00Z",
        },
    )

    assert response.status_code == 200
    body = response.json()
    assert datetime.fromisoformat(body["marketingOptInAt"]) >= before.replace(microsecond=0)
    assert body == {
        **PROFILE,
        "callRecordingDisclaimerVersion": "2026-01-15",
        "callRecordingDisclaimerAcceptedAt": body["marketingOptInAt"],
        "marketingOptIn": True,
        "marketingOptInAt": body["marketingOptInAt"],
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"privacyPolicyVersion": None, "marketingOptIn": None},
        {"privacyPolicyVersion": "2025-10-01", "termsVersion": "2025-10-01", "marketingOptIn": False},
    ],
)
async def test_known_consent_keeps_its_time(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, body: dict[str, object]
) -> None:
    response = await rest.patch("/api/users/me/consent", json=body)

    assert (response.status_code, response.json()) == (200, PROFILE)
    assert (await _load(resources, meera)).updated_at == ACCEPTED


async def test_figures_are_shown(rest: httpx.AsyncClient, factory: Factory, owner: UUID, bob: UUID) -> None:
    call = await factory.call(owner, duration_seconds=10)
    await factory.call(owner, duration_seconds=11, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    await factory.action_item(call, due_date=date(2020, 1, 1))
    await factory.action_item(call, status=ActionStatus.DONE)
    await factory.call(bob, duration_seconds=1000)

    response = await rest.get("/api/users/me/stats")

    assert response.status_code == 200
    assert response.content == (
        b'{"totalCalls":2,"callsThisWeek":1,"openActionItems":1,"overdueActionItems":1,"completedActionItems":1,'
        b'"averageCallDurationSeconds":11}'
    )


async def test_figures_of_a_new_account_are_zero(rest: httpx.AsyncClient) -> None:
    body = (await rest.get("/api/users/me/stats")).json()

    assert set(body.values()) == {0}


async def test_account_is_deleted_and_starts_anew(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, factory: Factory, bob: UUID
) -> None:
    for status in (CallStatus.COMPLETED, CallStatus.TRANSCRIBING):
        call = await factory.call(meera, status=status)
        await factory.audio(call, b"RIFF")
        await factory.document(call, ArtifactType.ANALYSIS_JSON, {})
    await factory.call(bob)

    response = await rest.request("DELETE", "/api/users/me", content=b"nonsense", headers={"content-type": "x/y"})

    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert await resources.storage.list_keys("users/") == []
    assert (await rest.get("/api/users/me")).json()["id"] != str(MEERA)
    assert (await rest.get("/api/calls")).json() == {"items": []}
    assert await _count(resources, CallRecord) == 1


async def test_key_of_a_deletion_goes_with_the_account(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources
) -> None:
    headers = {"Idempotency-Key": "key-1"}
    await rest.patch("/api/users/me", json={"displayName": "Meera"}, headers={"Idempotency-Key": "key-2"})

    first = await rest.delete("/api/users/me", headers=headers)
    again = await rest.delete("/api/users/me", headers=headers)

    assert (first.status_code, again.status_code) == (204, 204)
    assert "idempotency-replayed" not in again.headers
    assert await _count(resources, IdempotencyRecord) == 0


async def test_account_stays_when_objects_cannot_be_removed(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, factory: Factory, break_store: Callable[[], None]
) -> None:
    await factory.audio(await factory.call(meera), b"RIFF")
    break_store()

    response = await rest.delete("/api/users/me")

    assert (response.status_code, response.json()["error"]["code"]) == (503, "storage_unavailable")
    assert response.headers["retry-after"] == "5"
    assert (await rest.get("/api/users/me")).json() == PROFILE


@pytest.mark.parametrize(
    ("path", "body"), [("", {"plansIntroShown": True}), ("/consent", {"marketingOptIn": True, "termsVersion": "2"})]
)
async def test_change_with_a_key_is_done_once(
    rest: httpx.AsyncClient, meera: UUID, resources: Resources, path: str, body: dict[str, object]
) -> None:
    first = await send_with_key(rest, "PATCH", f"/api/users/me{path}", body, other_body={})

    assert (first.status_code, first.json()["id"]) == (200, str(MEERA))
    async with resources.database.read() as session:
        assert (await session.scalars(select(col(IdempotencyRecord.resource_id)))).all() == [MEERA]


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("DELETE", ""), ("PATCH", "/consent")])
async def test_malformed_key_is_refused(rest: httpx.AsyncClient, meera: UUID, method: str, path: str) -> None:
    response = await rest.request(method, f"/api/users/me{path}", headers={"Idempotency-Key": "a b"})

    assert _fields(response) == ["Idempotency-Key"]
    assert (await rest.get("/api/users/me")).json() == PROFILE
