"""What is found out about Google: its keys, and whether it knows the service account."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs

import httpx
import jwt
import pytest

from app.checking.identity import check_service_account, check_sign_in
from app.checking.verdicts import State, Verdict
from app.providers.sending import open_http_client
from app.settings import GOOGLE_TOKEN_URL, Settings, load_settings
from tests.app.checking.doors import TokenDoor
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.http_double import Answer, Failure, json_answer
from tests.doubles.id_tokens import signing_key

PROJECT = "demo-scryon"
EMAIL = "scryon@demo-scryon.iam.gserviceaccount.com"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with open_http_client() as client:
        yield client


@pytest.fixture
def door() -> Iterator[TokenDoor]:
    with TokenDoor() as opened:
        yield opened


@pytest.fixture
def with_account() -> Settings:
    # As environments hold it: in one line.
    key = signing_key(0).private_pem.replace("\n", "\\n")
    return load_settings(firebase_project_id=PROJECT, firebase_client_email=EMAIL, firebase_private_key=key)


async def test_keys_of_google_are_fetched(http: httpx.AsyncClient, google_keys: GoogleKeys) -> None:
    settings = load_settings(firebase_project_id=PROJECT, firebase_certificates_url=google_keys.url)

    verdict = await check_sign_in(settings, http)

    assert verdict == Verdict(State.OK, "tokens of demo-scryon, with 2 keys of Google")
    assert len(google_keys.requests) == 1


@pytest.mark.parametrize("failure", [Failure.HTML, Failure.BROKEN_JSON, json_answer({}), json_answer({"kid": "none"})])
async def test_what_are_no_keys_is_told(
    http: httpx.AsyncClient, google_keys: GoogleKeys, failure: Failure | Answer
) -> None:
    google_keys.failure = failure
    settings = load_settings(firebase_project_id=PROJECT, firebase_certificates_url=google_keys.url)

    verdict = await check_sign_in(settings, http)

    assert (verdict.state, verdict.cure) == (State.FAILED, "check FIREBASE_CERTIFICATES_URL")


@pytest.mark.parametrize("url", ["http://[broken", "nowhere", "http://host:port/v1"])
async def test_address_that_is_none_fails(http: httpx.AsyncClient, url: str) -> None:
    settings = load_settings(firebase_project_id=PROJECT, firebase_certificates_url=url)

    verdict = await check_sign_in(settings, http)

    assert verdict.state is State.FAILED
    assert "FIREBASE_CERTIFICATES_URL" in (verdict.cure or "")


async def test_sign_in_without_google_asks_nobody(http: httpx.AsyncClient) -> None:
    nobody = await check_sign_in(load_settings(), http)
    emulated = await check_sign_in(
        load_settings(
            firebase_project_id=PROJECT, configured_profile="dev", firebase_auth_emulator_host="127.0.0.1:9099"
        ),
        http,
    )
    without_account = await check_service_account(load_settings(), http)

    assert [nobody.state, emulated.state, without_account.state] == [State.OFF, State.WARNING, State.OFF]


async def test_service_account_gets_a_token_for_an_assertion_that_google_would_take(
    http: httpx.AsyncClient, door: TokenDoor, with_account: Settings
) -> None:
    verdict = await check_service_account(with_account, http, token_url=door.url)

    assert verdict == Verdict(State.OK, "Google gives a token")
    form = parse_qs(door.requests[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    public_key = signing_key(0).private_key.public_key()
    claims = jwt.decode(form["assertion"][0], public_key, algorithms=["RS256"], audience=GOOGLE_TOKEN_URL)
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert 0 < claims["exp"] - claims["iat"] <= 3600


@pytest.mark.parametrize(
    ("failure", "what"),
    [
        (json_answer({"error": "invalid_grant"}, 400), "Google does not know the service account or its key"),
        (json_answer({"error": "invalid_client"}, 401), "Google does not know the service account or its key"),
        (Failure.HTML, "Google at 127.0.0.1 answers, but not as that service does"),
        (Failure.UNAVAILABLE, "Google at 127.0.0.1 is out of order (503)"),
        (Failure.CLOSED_CONNECTION, "Google at 127.0.0.1 cannot be reached"),
    ],
    ids=["400", "401", "html", "503", "closed"],
)
async def test_what_google_says_instead_of_a_token_is_told(
    http: httpx.AsyncClient, door: TokenDoor, with_account: Settings, failure: Failure | Answer, what: str
) -> None:
    door.failure = failure

    verdict = await check_service_account(with_account, http, token_url=door.url)

    assert (verdict.state, verdict.what) == (State.FAILED, what)


async def test_private_key_that_is_none_is_told_without_asking(http: httpx.AsyncClient, door: TokenDoor) -> None:
    settings = load_settings(
        firebase_project_id=PROJECT,
        firebase_client_email=EMAIL,
        firebase_private_key="-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n",
    )

    verdict = await check_service_account(settings, http, token_url=door.url)

    assert (verdict.state, verdict.what) == (State.FAILED, "the key of the service account cannot be read")
    assert door.requests == []
