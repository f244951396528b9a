"""Voice profiles, apart from samples, which `test_voice_samples.py` sends. Source: rest.md, sections 2.16 to 2.18."""

import dataclasses
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlmodel import col

import scryon_graphql.voice
from app.resources import Resources
from app.uploads.voice_sample import VoiceSample
from app.voice.models import VoiceProfile
from tests.scryon_graphql.conftest import Client

NOT_AVAILABLE = {"code": "feature_not_available", "status": 404, "details": {}}


def make_profile(owner: UUID) -> VoiceProfile:
    return VoiceProfile(
        user_id=owner,
        provider="pyannote",
        model="precision-2",
        embedding_json={},
        consent_version="v1",
        sample_duration_seconds=27,
    )


async def test_status_is_not_available_while_the_feature_is_off(client: Client) -> None:
    assert await client.refused("{ voiceProfile { status enabled } }") == NOT_AVAILABLE


async def test_profile_cannot_be_made_while_the_feature_is_off(client: Client) -> None:
    upload = VoiceSample(b"RIFF", "0" * 64)

    refused = await client.refused(
        "mutation ($file: Upload!) { putVoiceProfile(file: $file, consentAccepted: true) { status } }", file=upload
    )

    assert refused == NOT_AVAILABLE


async def test_own_profile_can_be_removed_and_removed_again(
    client: Client, resources: Resources, alice: UUID, bob: UUID
) -> None:
    async with resources.database.transaction() as session:
        session.add_all([make_profile(alice), make_profile(bob)])

    first = await client.get("mutation { deleteVoiceProfile }")
    second = await client.get("mutation { deleteVoiceProfile }")

    async with resources.database.read() as session:
        owners = (await session.scalars(select(col(VoiceProfile.user_id)))).all()
    assert (first, second) == ({"deleteVoiceProfile": True}, {"deleteVoiceProfile": False})
    assert owners == [bob]


def test_profile_is_shown_without_the_voice() -> None:
    at = datetime(2026, 2, 9, 7, 10, 33, tzinfo=UTC)
    row = make_profile(uuid4())
    row.created_at = row.updated_at = at

    assert dataclasses.asdict(scryon_graphql.voice.VoiceProfile.from_row(row)) == {
        "status": "ACTIVE",
        "enabled": True,
        "provider": "pyannote",
        "model": "precision-2",
        "consent_version": "v1",
        "created_at": at,
        "updated_at": at,
        "sample_count": 1,
        "sample_duration_seconds": 27,
    }


def test_missing_profile_is_shown_as_such() -> None:
    shown = scryon_graphql.voice.VoiceProfile.from_row(None)

    assert (shown.status, shown.enabled, shown.provider, shown.sample_count) == ("MISSING", True, None, None)
