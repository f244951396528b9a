"""Which tokens are accepted, and what they say. Source: providers.md, sections 4.1 and 4.3."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.auth.certificates import CertificateCache
from app.auth.tokens import EmulatorTokenReader, TokenVerifier
from app.errors import AuthInvalidError
from app.users.identity import Identity
from tests.doubles.forgeries import FORGERIES
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import (
    ABSENT,
    PROJECT_ID,
    make_claims,
    make_unsigned_token,
    sign_token,
)


@pytest.fixture
async def verifier(google_keys: GoogleKeys) -> AsyncIterator[TokenVerifier]:
    async with httpx.AsyncClient(trust_env=False) as client:
        cache = CertificateCache(client, google_keys.url)
        yield TokenVerifier(PROJECT_ID, cache)
        await cache.close()


async def test_token_says_who_it_is(verifier: TokenVerifier, google_keys: GoogleKeys) -> None:
    claims = make_claims(uid="k3VtY8wQ", auth_time=1_770_000_000)

    verified = await verifier.verify(sign_token(claims, google_keys.key))

    assert verified.identity == Identity(
        external_user_id="k3VtY8wQ",
        email="meera@example.org",
        email_verified=True,
        display_name="Meera Nair",
        photo_url="https://lh3.googleusercontent.com/a/meera=s96-c",
        signed_in_at=datetime(2026, 2, 2, 2, 40, tzinfo=UTC),
    )
    assert verified.issued_at == claims["iat"]


async def test_token_may_say_little(verifier: TokenVerifier, google_keys: GoogleKeys) -> None:
    token = google_keys.sign(
        uid="k3", name=ABSENT, picture=ABSENT, email=ABSENT, email_verified=ABSENT, auth_time=ABSENT
    )

    assert (await verifier.verify(token)).identity == Identity("k3")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": 7},
        {"email": "a\x00b"},
        {"email": "\ud800"},
        {"email": " "},
        {"email": ABSENT, "email_verified": False},
    ],
)
async def test_unusable_address_is_none(
    verifier: TokenVerifier, google_keys: GoogleKeys, claims: dict[str, Any]
) -> None:
    assert (await verifier.verify(google_keys.sign(**claims))).identity.email is None


@pytest.mark.parametrize("value", ["true", 1, None])
async def test_only_true_verifies_an_address(verifier: TokenVerifier, google_keys: GoogleKeys, value: object) -> None:
    assert (await verifier.verify(google_keys.sign(email_verified=value))).identity.email_verified is False


@pytest.mark.parametrize("value", ["yesterday", 1e300, -1e300])
async def test_unusable_time_of_sign_in_is_none(
    verifier: TokenVerifier, google_keys: GoogleKeys, value: object
) -> None:
    assert (await verifier.verify(google_keys.sign(auth_time=value))).identity.signed_in_at is None


async def test_clocks_may_differ_a_little(verifier: TokenVerifier, google_keys: GoogleKeys) -> None:
    await verifier.verify(google_keys.sign(expires_in_seconds=-5))
    await verifier.verify(google_keys.sign(issued_seconds_ago=-5))


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery_is_refused(verifier: TokenVerifier, google_keys: GoogleKeys, name: str) -> None:
    await verifier.verify(google_keys.sign())

    with pytest.raises(AuthInvalidError) as refused:
        await verifier.verify(FORGERIES[name](google_keys))

    assert refused.value.details == {"scheme": "bearer"}


async def test_emulator_signs_nothing() -> None:
    reader = EmulatorTokenReader(PROJECT_ID)

    verified = await reader.verify(make_unsigned_token(make_claims(uid="k3", expires_in_seconds=-100)))

    assert verified.identity.external_user_id == "k3"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"}, {"aud": ABSENT}, {"aud": [PROJECT_ID]}, {"iss": "https://securetoken.google.com/other"},
        {"sub": ABSENT}, {"sub": ""}, {"sub": "x" * 129},
    ],
)  # fmt: skip
async def test_emulator_token_of_somebody_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(AuthInvalidError):
        await EmulatorTokenReader(PROJECT_ID).verify(make_unsigned_token(make_claims(**claims)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "now", None])
async def test_time_of_issue_may_be_anything_with_the_emulator(value: object) -> None:
    verified = await EmulatorTokenReader(PROJECT_ID).verify(make_unsigned_token(make_claims(iat=value)))

    assert verified.issued_at == 0


@pytest.mark.parametrize("token", ["zebra", "..", "eA.eA.", "x" * 1024 * 1024, "e30." + "W1tb" * 2000 + "."])
async def test_malformed_emulator_token_is_refused(token: str) -> None:
    with pytest.raises(AuthInvalidError):
        await EmulatorTokenReader(PROJECT_ID).verify(token)
