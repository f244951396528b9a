"""`me`, `stats`, `updateMe`, `updateConsent`, `deleteMe`. Source: rest.md, sections 2.12 to 2.15 and 3.9."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from app.actions.models import ActionItem, ActionStatus
from app.auth.local import local_identity
from app.calls.models import ArtifactType, CallArtifact, CallRecord, CallStatus
from app.contacts.models import Contact
from app.resources import Resources
from app.users.models import User
from app.users.service import sign_in_user
from app.voice.models import VoiceProfile
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

FIELDS = """
  id externalUserId email displayName photoUrl createdAt lastLoginAt privacyPolicyVersion privacyPolicyAcceptedAt
  termsVersion termsAcceptedAt callRecordingDisclaimerVersion callRecordingDisclaimerAcceptedAt marketingOptIn
  marketingOptInAt plan plansIntroShownAt isAdmin accountStatus accountStatusReason
"""
ME = f"{{ me {{ {FIELDS} }} }}"
UPDATE = f"mutation UpdateMe($input: UpdateMeInput!) {{ updateMe(input: $input) {{ {FIELDS} }} }}"
AGREE = f"mutation UpdateConsent($input: UpdateConsentInput!) {{ updateConsent(input: $input) {{ {FIELDS} }} }}"
STATS = """
{
  stats {
    totalCalls callsThisWeek openActionItems overdueActionItems completedActionItems averageCallDurationSeconds
  }
}
"""


async def load(resources: Resources, user_id: UUID) -> User:
    async with resources.database.read() as session:
        user = await session.get(User, user_id)
    assert user is not None
    return user


async def count(resources: Resources, entity: type[SQLModel]) -> int:
    async with resources.database.read() as session:
        return await session.scalar(select(func.count()).select_from(entity)) or 0


async def test_me_shows_every_field(factory: Factory, resources: Resources) -> None:
    at = datetime(2025, 11, 17, 6, 20, 44, 300_000, tzinfo=UTC)
    user_id = await factory.user(
        "k3VtY8wQ",
        email="meera.nair@linden-clinic.example",
        display_name="Meera Nair",
        photo_url="https://images.example/meera.png",
        created_at=at,
        last_login_at=at,
        privacy_policy_version="2025-10-01",
        privacy_policy_accepted_at=at,
        terms_version="2025-10-02",
        terms_accepted_at=at,
        call_recording_disclaimer_version="2025-10-03",
        call_recording_disclaimer_accepted_at=at,
        marketing_opt_in=True,
        marketing_opt_in_at=at,
        plan="PRO",
        plans_intro_shown_at=at,
        account_status="SUSPENDED",
        account_status_reason="invoice open",
        fcm_token="secret",
    )

    data = await Client(resources, user_id).get(ME)

    time = "2025-11-17T06:20:44.300Z"
    assert data["me"] == {
        "id": str(user_id),
        "externalUserId": "k3VtY8wQ",
        "email": "meera.nair@linden-clinic.example",
        "displayName": "Meera Nair",
        "photoUrl": "https://images.example/meera.png",
        "createdAt": time,
        "lastLoginAt": time,
        "privacyPolicyVersion": "2025-10-01",
        "privacyPolicyAcceptedAt": time,
        "termsVersion": "2025-10-02",
        "termsAcceptedAt": time,
        "callRecordingDisclaimerVersion": "2025-10-03",
        "callRecordingDisclaimerAcceptedAt": time,
        "marketingOptIn": True,
        "marketingOptInAt": time,
        "plan": "PRO",
        "plansIntroShownAt": time,
        "isAdmin": False,
        "accountStatus": "SUSPENDED",
        "accountStatusReason": "invoice open",
    }


async def test_me_with_nothing_set_shows_nulls(factory: Factory, resources: Resources) -> None:
    at = datetime(2025, 11, 17, 6, 20, 44, tzinfo=UTC)
    user_id = await factory.user("local-dev", created_at=at, account_status_reason="left over")

    data = await Client(resources, user_id).get(ME)

    assert {name: value for name, value in data["me"].items() if value is not None} == {
        "id": str(user_id),
        "externalUserId": "local-dev",
        "createdAt": "2025-11-17T06:20:44Z",
        "marketingOptIn": False,
        "plan": "FREE",
        "isAdmin": False,
        "accountStatus": "ACTIVE",
    }


@pytest.mark.parametrize("document", [ME, UPDATE, AGREE])
async def test_account_deleted_meanwhile_asks_to_come_back(resources: Resources, document: str) -> None:
    refused = await Client(resources, uuid4()).refused(document, input={})

    assert (refused["code"], refused["status"]) == ("service_unavailable", 503)


async def test_display_name_is_trimmed_and_cleared(client: Client, resources: Resources, alice: UUID) -> None:
    named = await client.get(UPDATE, input={"displayName": "  Dr. Meera Nair "})
    untouched = await client.get(UPDATE, input={"displayName": None})
    cleared = await client.get(UPDATE, input={"displayName": " "})

    names = [answer["updateMe"]["displayName"] for answer in (named, untouched, cleared)]
    assert names == ["Dr. Meera Nair", "Dr. Meera Nair", None]


async def test_same_values_leave_updated_at_alone(client: Client, factory: Factory, resources: Resources) -> None:
    at = datetime(2025, 11, 17, 6, 20, 44, tzinfo=UTC)
    user_id = await factory.user(display_name="Meera", fcm_token="token", plans_intro_shown_at=at, updated_at=at)
    user = Client(resources, user_id)

    await user.get(UPDATE, input={"displayName": "Meera", "fcmToken": "token", "plansIntroShown": True})
    await user.get(UPDATE, input={"plansIntroShown": False})
    await user.get(UPDATE, input={})

    stored = await load(resources, user_id)
    assert (stored.updated_at, stored.plans_intro_shown_at) == (at, at)


async def test_plans_intro_is_stamped_once(client: Client, resources: Resources, alice: UUID) -> None:
    first = await client.get(UPDATE, input={"plansIntroShown": True})
    second = await client.get(UPDATE, input={"plansIntroShown": True})

    stamp = first["updateMe"]["plansIntroShownAt"]
    assert stamp is not None
    assert second["updateMe"]["plansIntroShownAt"] == stamp


async def test_push_token_moves_to_its_last_owner(
    client: Client, stranger: Client, resources: Resources, alice: UUID, bob: UUID
) -> None:
    await stranger.get(UPDATE, input={"fcmToken": "device-1"})
    await client.get(UPDATE, input={"fcmToken": "device-1"})

    assert (await load(resources, alice)).fcm_token == "device-1"
    assert (await load(resources, bob)).fcm_token is None


async def test_push_token_can_be_removed(client: Client, resources: Resources, alice: UUID) -> None:
    await client.get(UPDATE, input={"fcmToken": "device-1"})
    await client.get(UPDATE, input={"fcmToken": ""})

    assert (await load(resources, alice)).fcm_token is None


async def test_texts_out_of_range_are_refused_together(client: Client, resources: Resources, alice: UUID) -> None:
    refused = await client.refused(UPDATE, input={"displayName": "x" * 201, "fcmToken": "a\x00b"})

    assert refused == {
        "code": "validation_failed",
        "status": 400,
        "details": {
            "fields": [
                {"field": "displayName", "message": "must have at most 200 characters"},
                {"field": "fcmToken", "message": "must not contain NUL or a lone surrogate"},
            ]
        },
    }
    assert (await load(resources, alice)).display_name is None


async def test_longest_texts_pass(client: Client, resources: Resources, alice: UUID) -> None:
    await client.get(UPDATE, input={"displayName": "\U0001f600" * 200, "fcmToken": "x" * 4096})

    stored = await load(resources, alice)
    assert (stored.display_name, stored.fcm_token) == ("\U0001f600" * 200, "x" * 4096)


async def test_new_consent_is_stamped_and_known_consent_is_not(
    factory: Factory, resources: Resources, bob: UUID
) -> None:
    at = datetime(2025, 11, 17, 6, 21, 30, tzinfo=UTC)
    user_id = await factory.user(
        terms_version="1", terms_accepted_at=at, marketing_opt_in=True, marketing_opt_in_at=at, updated_at=at
    )

    data = await Client(resources, user_id).get(
        AGREE, input={"termsVersion": "1", "privacyPolicyVersion": " 2 ", "marketingOptIn": False}
    )

    stored = await load(resources, user_id)
    assert (stored.terms_version, stored.terms_accepted_at) == ("1", at)
    assert (stored.privacy_policy_version, stored.call_recording_disclaimer_version) == ("2", None)
    assert (stored.marketing_opt_in, stored.marketing_opt_in_at) == (False, stored.privacy_policy_accepted_at)
    assert stored.updated_at == stored.marketing_opt_in_at
    assert stored.updated_at > at
    assert data["updateConsent"]["privacyPolicyVersion"] == "2"
    assert (await load(resources, bob)).privacy_policy_version is None


async def test_blank_and_long_versions_are_refused_together(client: Client, resources: Resources, alice: UUID) -> None:
    refused = await client.refused(
        AGREE, input={"privacyPolicyVersion": " ", "termsVersion": "x" * 65, "marketingOptIn": True}
    )

    assert refused["details"] == {
        "fields": [
            {"field": "privacyPolicyVersion", "message": "must not be blank"},
            {"field": "termsVersion", "message": "must have at most 64 characters"},
        ]
    }
    assert (await load(resources, alice)).marketing_opt_in is False


async def test_stats_of_a_new_account_are_zero(client: Client) -> None:
    data = await client.get(STATS)

    assert data["stats"] == {
        "totalCalls": 0,
        "callsThisWeek": 0,
        "openActionItems": 0,
        "overdueActionItems": 0,
        "completedActionItems": 0,
        "averageCallDurationSeconds": 0,
    }


async def test_stats_count_what_the_contract_says(
    client: Client, factory: Factory, alice: UUID, bob: UUID, statements: Counter
) -> None:
    now = datetime.now(UTC)
    today = now.date()
    call = await factory.call(alice, duration_seconds=10)
    await factory.call(alice, status=CallStatus.FAILED, error_reason="audio_missing", duration_seconds=11)
    await factory.call(alice, status=CallStatus.QUEUED, created_at=now - timedelta(days=6, hours=23))
    await factory.call(alice, created_at=now - timedelta(days=7, minutes=1))
    items: list[dict[str, Any]] = [
        {"status": ActionStatus.OPEN, "due_date": today},
        {"status": ActionStatus.OPEN, "due_date": today - timedelta(days=1)},
        {"status": ActionStatus.IN_PROGRESS, "due_date": date(2020, 1, 1)},
        {"status": ActionStatus.DONE, "due_date": date(2020, 1, 1)},
        {"status": ActionStatus.DISMISSED, "due_date": date(2020, 1, 1)},
    ]
    for values in items:
        await factory.action_item(call, **values)
    await factory.action_item(await factory.call(bob, duration_seconds=1000))

    async with statements() as found:
        data = await client.get(STATS)

    assert data["stats"] == {
        "totalCalls": 4,
        "callsThisWeek": 3,
        "openActionItems": 3,
        "overdueActionItems": 2,
        "completedActionItems": 1,
        "averageCallDurationSeconds": 11,
    }
    assert len(found) == 1


async def test_delete_me_leaves_nothing(
    client: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    for status in (CallStatus.COMPLETED, CallStatus.TRANSCRIBING, CallStatus.QUEUED):
        call = await factory.call(alice, status=status)
        await factory.audio(call, b"RIFF")
        await factory.document(call, ArtifactType.ANALYSIS_JSON, {})
        await factory.action_item(call)
    async with resources.database.transaction() as session:
        session.add(Contact(user_id=alice, name="Tobias Lind"))
        session.add(
            VoiceProfile(
                user_id=alice,
                provider="pyannote",
                model="precision-2",
                embedding_json={},
                consent_version="v1",
                sample_duration_seconds=27,
            )
        )
    kept = await factory.call(bob)
    kept_key = await factory.audio(kept, b"RIFF")

    data = await client.get("mutation { deleteMe }")

    assert data == {"deleteMe": True}
    counts = [
        await count(resources, entity) for entity in (User, CallRecord, CallArtifact, ActionItem, Contact, VoiceProfile)
    ]
    assert counts == [1, 1, 1, 0, 0, 0]
    assert await resources.storage.list_keys("users/") == [kept_key]


async def test_deleted_identity_starts_a_new_empty_account(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    await factory.call(alice)
    await client.get("mutation { deleteMe }")

    again = await sign_in_user(resources.database, local_identity("alice"))

    assert again.id != alice
    assert await count(resources, CallRecord) == 0


async def test_delete_me_of_a_deleted_account_is_done(client: Client, resources: Resources, alice: UUID) -> None:
    await client.get("mutation { deleteMe }")

    assert await client.get("mutation { deleteMe }") == {"deleteMe": True}
