"""Sign-in with Firebase, as clients see it. Source: rest.md, sections 1.3 and 6 (T3, T4)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select, update
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth import certificates
from app.embedded.servers import EmbeddedServers
from app.resources import Resources
from app.users.models import User
from tests.conftest import Counter
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.http_double import Failure
from tests.doubles.id_tokens import ABSENT, PROJECT_ID
from tests.rest.serving import Server, rest_client, run_server

FORGED = ("Bearer zebra", "Bearer ", "Bearer", "Basic dXNlcjpwYXNz", "bearer\tx", "Token x", "")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def firebase_values(google_keys: GoogleKeys) -> dict[str, Any]:
    return {"firebase_project_id": PROJECT_ID, "firebase_certificates_url": google_keys.url}


@pytest.fixture
async def rest(resources: Resources, google_keys: GoogleKeys) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server where users sign in."""
    async with rest_client(resources, **firebase_values(google_keys)) as client:
        yield client


async def only_user(resources: Resources) -> User:
    async with resources.database.read() as session:
        return (await session.scalars(select(User))).one()


async def test_token_makes_the_user(rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources) -> None:
    token = google_keys.sign(uid="k3", auth_time=1_770_000_000)

    answer = await rest.get("/api/calls", headers=bearer(token))

    assert answer.status_code == 200
    user = await only_user(resources)
    assert (user.external_user_id, user.email, user.email_verified, user.display_name, user.photo_url) == (
        "k3",
        "meera@example.org",
        True,
        "Meera Nair",
        "https://lh3.googleusercontent.com/a/meera=s96-c",
    )
    assert user.last_login_at == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)


async def test_address_and_photo_follow_the_token_and_the_name_does_not(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="k3", auth_time=1_770_000_000)))

    changed = google_keys.sign(
        uid="k3", email="new@example.org", email_verified=False, picture=ABSENT, name="Other", auth_time=1_770_000_060
    )
    await rest.get("/api/calls", headers=bearer(changed))

    user = await only_user(resources)
    assert (user.email, user.email_verified, user.photo_url) == ("new@example.org", False, None)
    assert user.display_name == "Meera Nair"
    assert user.last_login_at == datetime(2026, 2, 2, 2, 41, tzinfo=UTC)


async def test_name_is_taken_while_there_is_none(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="k3", name=ABSENT)))
    assert (await only_user(resources)).display_name is None

    await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="k3", name="Meera " + "N" * 300)))

    assert (await only_user(resources)).display_name == "Meera " + "N" * 194


async def test_name_that_was_cleared_stays_so(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    headers = bearer(google_keys.sign(uid="k3"))
    await rest.patch("/api/users/me", json={"displayName": ""}, headers=headers)

    shown = (await rest.get("/api/users/me", headers=headers)).json()

    assert "displayName" not in shown


async def test_older_session_does_not_turn_back_the_last_sign_in(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="k3", auth_time=1_770_000_060)))
    await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="k3", auth_time=1_770_000_000)))

    assert (await only_user(resources)).last_login_at == datetime(2026, 2, 2, 2, 41, tzinfo=UTC)


async def test_known_user_costs_one_statement(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources, statements: Counter
) -> None:
    headers = bearer(google_keys.sign(uid="k3"))
    await rest.get("/api/nothing", headers=headers)

    async with statements() as found:
        await rest.get("/api/nothing", headers=headers)

    assert len(found) == 1


async def test_first_requests_at_the_same_time_make_one_user(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    headers = bearer(google_keys.sign(uid="k3"))

    answers = await asyncio.gather(*(rest.get("/api/calls", headers=headers) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert (await only_user(resources)).external_user_id == "k3"


@pytest.mark.parametrize("path", ["/api/calls", "/api/nothing", "/api", "/api/users/me"])
async def test_nothing_is_answered_without_a_token(rest: httpx.AsyncClient, resources: Resources, path: str) -> None:
    missing = await rest.get(path, headers={"X-Local-User-Id": "meera"})
    health = await rest.get("/api/health")

    assert missing.status_code == 401
    assert missing.json()["error"]["code"] == "auth_missing"
    assert missing.json()["error"]["details"] == {"scheme": "bearer"}
    assert missing.headers["www-authenticate"] == "Bearer"
    assert health.status_code == 200


@pytest.mark.parametrize("authorization", FORGED)
async def test_anything_but_a_token_is_refused(
    rest: httpx.AsyncClient, resources: Resources, authorization: str
) -> None:
    refused = await rest.get("/api/calls", headers={"Authorization": authorization})

    assert refused.status_code == 401
    assert refused.json()["error"] == {
        "code": "auth_invalid",
        "message": "The credentials are not valid",
        "details": {"scheme": "bearer"},
    }


async def test_scheme_is_read_in_any_case(rest: httpx.AsyncClient, google_keys: GoogleKeys) -> None:
    answer = await rest.get("/api/calls", headers={"Authorization": f"bEARER  {google_keys.sign()} "})

    assert answer.status_code == 200


@pytest.mark.parametrize("claims", [{"expires_in_seconds": -60}, {"project_id": "other-project"}])
async def test_token_that_is_not_good_for_us_makes_nobody(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources, claims: dict[str, Any]
) -> None:
    refused = await rest.get("/api/calls", headers=bearer(google_keys.sign(**claims)))

    assert refused.json()["error"]["code"] == "auth_invalid"
    async with resources.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(User))).scalar_one() == 0


async def test_graphql_wants_the_same(rest: httpx.AsyncClient, google_keys: GoogleKeys) -> None:
    query = {"query": "{ me { externalUserId } }"}

    missing = await rest.post("/graphql", json=query)
    known = await rest.post("/graphql", json=query, headers=bearer(google_keys.sign(uid="k3")))

    assert missing.status_code == 401
    assert missing.json()["errors"][0]["extensions"]["code"] == "auth_missing"
    assert known.json() == {"data": {"me": {"externalUserId": "k3"}}}


async def test_local_user_header_is_ignored(rest: httpx.AsyncClient, google_keys: GoogleKeys) -> None:
    headers = {**bearer(google_keys.sign(uid="k3")), "X-Local-User-Id": "two words"}

    answer = await rest.post("/graphql", json={"query": "{ me { externalUserId } }"}, headers=headers)

    assert answer.json() == {"data": {"me": {"externalUserId": "k3"}}}


async def test_key_is_needed_beside_the_token(resources: Resources, google_keys: GoogleKeys) -> None:
    token = bearer(google_keys.sign())

    async with rest_client(resources, **firebase_values(google_keys), api_keys=("key",)) as rest:
        answers = [
            await rest.get("/api/calls", headers=headers)
            for headers in ({}, token, {"X-API-Key": "key"}, {**token, "X-API-Key": "key"}, {**token, "X-API-Key": "x"})
        ]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 200, 401]
    assert [answer.json()["error"]["details"]["scheme"] for answer in answers if answer.status_code == 401] == [
        "api_key",
        "api_key",
        "bearer",
        "api_key",
    ]


async def test_without_any_key_of_google_the_service_is_unavailable(
    resources: Resources, google_keys: GoogleKeys
) -> None:
    google_keys.failure = Failure.SERVER_ERROR

    async with rest_client(resources, **firebase_values(google_keys)) as rest:
        answer = await rest.get("/api/calls", headers=bearer(google_keys.sign()))
        health = await rest.get("/api/health")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert health.status_code == 200


async def test_known_keys_serve_while_google_is_down(rest: httpx.AsyncClient, google_keys: GoogleKeys) -> None:
    await rest.get("/api/calls", headers=bearer(google_keys.sign()))
    google_keys.close()

    answer = await rest.get("/api/calls", headers=bearer(google_keys.sign(uid="somebody-else")))

    assert answer.status_code == 200


async def test_rotation_needs_no_restart(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "PAUSE_SECONDS", 0)
    await rest.get("/api/calls", headers=bearer(google_keys.sign()))
    google_keys.rotate()

    answer = await rest.get("/api/calls", headers=bearer(google_keys.sign()))

    assert answer.status_code == 200


async def test_deleted_account_starts_anew(
    rest: httpx.AsyncClient, google_keys: GoogleKeys, resources: Resources
) -> None:
    headers = bearer(google_keys.sign(uid="k3"))
    await rest.get("/api/calls", headers=headers)
    before = await only_user(resources)
    await rest.post("/graphql", json={"query": "mutation { deleteMe }"}, headers=headers)

    answer = await rest.get("/api/calls", headers=headers)

    after = await only_user(resources)
    assert answer.json() == {"items": []}
    assert (after.external_user_id, after.id == before.id) == ("k3", False)


@pytest.fixture(scope="module")
def signing_server(
    servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, GoogleKeys]]:
    """A server process where users sign in, and who publishes its keys."""
    assert servers.database_url is not None
    assert servers.redis_url is not None
    with GoogleKeys() as keys:
        environment = {
            "DB_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "FLYWAY_ENABLED": "false",
            "FIREBASE_PROJECT_ID": PROJECT_ID,
            "FIREBASE_CERTIFICATES_URL": keys.url,
        }
        folder: Path = tmp_path_factory.mktemp("signing")
        with run_server(folder, environment) as server:
            yield server, keys


async def test_token_of_a_megabyte_is_answered(signing_server: tuple[Server, GoogleKeys], resources: Resources) -> None:
    server, keys = signing_server
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
        huge = await client.get("/api/calls", headers=bearer("x" * 1024 * 1024))
        signed = await client.get("/api/calls", headers=bearer(keys.sign(padding="x" * 1024 * 1024)))
        good = await client.get("/api/calls", headers=bearer(keys.sign()))

    assert [huge.status_code, signed.status_code, good.status_code] == [401, 401, 200]
    assert huge.json()["error"]["code"] == "auth_invalid"


@pytest.mark.parametrize("payload", [{}, {"authorization": "Bearer zebra"}, {"authorization": 7}, {"apiKey": 7}])
async def test_socket_without_a_good_token_is_closed(
    signing_server: tuple[Server, GoogleKeys], resources: Resources, payload: dict[str, Any]
) -> None:
    server, _ = signing_server

    assert await open_socket(server, payload) == 4401


async def test_socket_takes_the_token_in_its_first_message(
    signing_server: tuple[Server, GoogleKeys], resources: Resources
) -> None:
    server, keys = signing_server

    assert await open_socket(server, {"authorization": f"Bearer {keys.sign()}"}) == "connection_ack"


async def test_socket_of_a_disabled_account_is_closed(
    signing_server: tuple[Server, GoogleKeys], resources: Resources
) -> None:
    server, keys = signing_server
    payload = {"authorization": f"Bearer {keys.sign()}"}
    await open_socket(server, payload)
    async with resources.database.transaction() as session:
        await session.execute(update(User).values(account_status="DISABLED"))

    assert await open_socket(server, payload) == 4403


async def open_socket(server: Server, payload: dict[str, Any]) -> object:
    """What the server says to the first message: the type of its answer, or the code with which it closes."""
    url = server.url.replace("http://", "ws://") + "/graphql"
    async with connect(
        url,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        origin="https://app.example",
        proxy=None,  # type: ignore[arg-type]
    ) as socket:
        await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        try:
            return orjson.loads(await socket.recv())["type"]
        except ConnectionClosed as closed:
            return closed.rcvd and closed.rcvd.code
