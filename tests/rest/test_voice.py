"""`/api/users/me/voice-profile` with the feature off. Source: rest.md, 2.16 to 2.18, 6 (T15)."""

from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.resources import Resources
from app.voice.models import VoiceProfile
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.rest.keys import send_with_key

PATH = "/api/users/me/voice-profile"
NOT_AVAILABLE = b'{"error":{"code":"feature_not_available","message":"This feature is not available","details":{}}}'


async def _make_profiles(resources: Resources, *owners: UUID) -> None:
    async with resources.database.transaction() as session:
        session.add_all(
            VoiceProfile(
                user_id=owner,
                provider="pyannote",
                model="precision-2",
                embedding_json={},
                consent_version="v1",
                sample_duration_seconds=27,
            )
            for owner in owners
        )


async def _list_owners(resources: Resources) -> list[UUID]:
    async with resources.database.read() as session:
        return list((await session.scalars(select(col(VoiceProfile.user_id)))).all())


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (encode([file(WAV)]), {"content-type": CONTENT_TYPE}),
        (b"", {}),
        (b"{", {"content-type": "application/json"}),
        (encode([file(WAV)]), {"content-type": CONTENT_TYPE, "Idempotency-Key": "key-1"}),
        (encode([file(WAV)]), {"content-type": CONTENT_TYPE, "Idempotency-Key": "a b"}),
        (b"x", {"content-length": "99999999999"}),
    ],
    ids=["sample", "no body", "no form", "key", "malformed key", "too large"],
)
async def test_nothing_of_a_sample_is_looked_at(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, content: bytes, headers: dict[str, str]
) -> None:
    await _make_profiles(resources, owner)

    answers = [await rest.post(PATH, content=content, headers=headers) for _ in range(2)]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, NOT_AVAILABLE)}
    assert "idempotency-replayed" not in answers[1].headers
    assert await _list_owners(resources) == [owner]
    assert await resources.storage.list_keys("users/") == []


@pytest.mark.parametrize("has_profile", [False, True])
async def test_status_is_not_available(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, has_profile: bool
) -> None:
    await _make_profiles(resources, *([owner] if has_profile else []))

    response = await rest.get(f"{PATH}/status")

    assert (response.status_code, response.content) == (404, NOT_AVAILABLE)


async def test_profile_is_removed_and_may_be_missing(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, bob: UUID
) -> None:
    await _make_profiles(resources, owner, bob)

    first = await rest.delete(PATH)
    second = await rest.request("DELETE", PATH, content=b"nonsense", headers={"content-type": "x/y"})

    assert [(answer.status_code, answer.content) for answer in (first, second)] == [(204, b""), (204, b"")]
    assert await _list_owners(resources) == [bob]


async def test_removal_with_a_key_is_done_once(rest: httpx.AsyncClient, resources: Resources, owner: UUID) -> None:
    response = await send_with_key(rest, "DELETE", PATH)

    assert response.status_code == 204


async def test_malformed_key_of_a_removal_is_refused(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID
) -> None:
    await _make_profiles(resources, owner)

    response = await rest.delete(PATH, headers={"Idempotency-Key": ""})

    assert response.json()["error"]["details"]["fields"][0]["field"] == "Idempotency-Key"
    assert (response.status_code, await _list_owners(resources)) == (400, [owner])
