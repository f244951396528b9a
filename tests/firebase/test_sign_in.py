"""Sign-in with tokens of the real emulator, and the real Admin SDK beside it. Source: rest.md, section 1.3."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import select

from app.auth import accounts
from app.resources import Resources
from app.users.models import User
from tests.doubles.id_tokens import PROJECT_ID, signing_key
from tests.firebase.emulator import FirebaseEmulator
from tests.rest.serving import rest_client


@pytest.fixture
async def rest(
    resources: Resources, firebase_emulator: FirebaseEmulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that trusts the emulator, and has a service account."""
    # The SDK reads it from the environment, at each use.
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", firebase_emulator.host)
    monkeypatch.setattr(accounts, "FRESH_SECONDS", 0)
    async with rest_client(
        resources,
        firebase_project_id=PROJECT_ID,
        firebase_auth_emulator_host=firebase_emulator.host,
        firebase_client_email="scryon@demo-scryon.iam.gserviceaccount.com",
        firebase_private_key=signing_key(0).private_pem,
    ) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def get_error(rest: httpx.AsyncClient, token: str) -> tuple[int, str]:
    answer = await rest.get("/api/calls", headers=bearer(token))
    return answer.status_code, answer.json()["error"]["code"]


async def test_user_of_the_emulator_signs_in(
    rest: httpx.AsyncClient, resources: Resources, firebase_emulator: FirebaseEmulator
) -> None:
    signed_in = firebase_emulator.sign_up("meera@example.org", displayName="Meera Nair")

    answer = await rest.get("/api/calls", headers=bearer(signed_in.id_token))

    assert answer.json() == {"items": []}
    async with resources.database.read() as session:
        user = (await session.scalars(select(User))).one()
    assert (user.external_user_id, user.email, user.email_verified) == (signed_in.local_id, "meera@example.org", False)
    assert user.display_name == "Meera Nair"


async def test_user_who_was_disabled_is_told_so(
    rest: httpx.AsyncClient, resources: Resources, firebase_emulator: FirebaseEmulator
) -> None:
    signed_in = firebase_emulator.sign_up("meera@example.org")
    await rest.get("/api/calls", headers=bearer(signed_in.id_token))

    firebase_emulator.disable(signed_in.local_id)

    assert await get_error(rest, signed_in.id_token) == (403, "auth_disabled")


async def test_revoked_token_is_refused(
    rest: httpx.AsyncClient, resources: Resources, firebase_emulator: FirebaseEmulator
) -> None:
    signed_in = firebase_emulator.sign_up("meera@example.org")

    firebase_emulator.revoke(signed_in.local_id, int(time.time()) + 60)

    assert await get_error(rest, signed_in.id_token) == (401, "auth_invalid")


async def test_user_who_is_gone_at_the_provider_is_refused(
    rest: httpx.AsyncClient, resources: Resources, firebase_emulator: FirebaseEmulator
) -> None:
    signed_in = firebase_emulator.sign_up("meera@example.org")

    firebase_emulator.delete(signed_in.local_id)

    assert await get_error(rest, signed_in.id_token) == (401, "auth_invalid")


async def test_deleting_the_account_deletes_the_user_at_the_provider(
    rest: httpx.AsyncClient, resources: Resources, firebase_emulator: FirebaseEmulator
) -> None:
    signed_in = firebase_emulator.sign_up("meera@example.org")
    headers = bearer(signed_in.id_token)

    deleted = await rest.post("/graphql", json={"query": "mutation { deleteMe }"}, headers=headers)

    assert deleted.json() == {"data": {"deleteMe": True}}
    assert await get_error(rest, signed_in.id_token) == (401, "auth_invalid")
    again = firebase_emulator.sign_up("meera@example.org")
    assert again.local_id != signed_in.local_id
