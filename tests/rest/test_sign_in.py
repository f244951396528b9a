"""Who may, without Firebase: keys, local users, accounts, and the order of the checks.

Source: rest.md, sections 1.3, 1.4 and 6 (T4, T18).
"""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app.calls.models import CallRecord
from app.resources import Resources
from app.users.models import User
from tests.forms import CONTENT_TYPE, WAV, encode, file
from tests.rest.serving import rest_client

UNKNOWN_ID = "2c4f34da-ed0e-48b7-8ba7-81636fe4515b"

KEYS = ("first-key", "second-key")
ROUTES = [
    ("GET", "/api/calls"),
    ("GET", "/api/users/me"),
    ("DELETE", "/api/users/me"),
    ("POST", "/api/calls/analyze"),
    ("GET", f"/api/calls/{UNKNOWN_ID}"),
    ("PUT", "/api/calls"),
    ("GET", "/api/nothing"),
    ("GET", "/api"),
    ("POST", "/api/health"),
]


def error(response: httpx.Response) -> tuple[int, str, Any]:
    """Status, code and details, whichever door was asked."""
    body = response.json()
    if "errors" in body:
        extensions = body["errors"][0]["extensions"]
        assert extensions["status"] == response.status_code
        return response.status_code, extensions["code"], extensions["details"]
    return response.status_code, body["error"]["code"], body["error"]["details"]


async def set_account(resources: Resources, status: str, reason: str | None = None) -> None:
    async with resources.database.transaction() as session:
        await session.execute(update(User).values(account_status=status, account_status_reason=reason))


async def names(resources: Resources) -> set[str]:
    async with resources.database.read() as session:
        return set((await session.scalars(select(col(User.external_user_id)))).all())


@pytest.mark.parametrize("header", ["X-Scryon-Api-Key", "X-API-Key"])
@pytest.mark.parametrize("key", KEYS)
async def test_each_key_opens_under_both_names(resources: Resources, header: str, key: str) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        listed = await rest.get("/api/calls", headers={header: key})
        graphql = await rest.post("/graphql", json={"query": "{ me { externalUserId } }"}, headers={header: key})

    assert listed.status_code == 200
    assert graphql.json() == {"data": {"me": {"externalUserId": "local-dev"}}}


async def test_first_name_counts_where_both_are_sent(resources: Resources) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        good = await rest.get("/api/calls", headers={"X-Scryon-Api-Key": KEYS[0], "X-API-Key": "wrong"})
        bad = await rest.get("/api/calls", headers={"X-Scryon-Api-Key": "wrong", "X-API-Key": KEYS[0]})

    assert (good.status_code, bad.status_code) == (200, 401)


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("POST", "/graphql")])
async def test_nothing_is_answered_without_a_key(resources: Resources, method: str, path: str) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        missing = await rest.request(method, path)
        wrong = await rest.request(method, path, headers={"X-API-Key": "wrong"})

    assert error(missing) == (401, "auth_missing", {"scheme": "api_key"})
    assert error(wrong) == (401, "auth_invalid", {"scheme": "api_key"})
    for answer in (missing, wrong):
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-request-id"]
    assert await names(resources) == set()


@pytest.mark.parametrize("path", ["/api/calls%0A", "/api%0A", "/api/health%0A", "/api/calls%0D%0A", "/api/users/me%0A"])
async def test_odd_paths_open_nothing(resources: Resources, path: str) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        missing = await rest.get(path)
        known = await rest.get(path, headers={"X-API-Key": KEYS[0]})
        graphql = await rest.post("/graphql%0A")

    assert error(missing) == (401, "auth_missing", {"scheme": "api_key"})
    assert error(known) == (404, "not_found", {})
    assert graphql.status_code == 404


async def test_health_and_tools_are_open_whatever_is_sent(resources: Resources) -> None:
    async with rest_client(resources, api_keys=KEYS) as rest:
        answers = [
            await rest.get(path, headers={"X-API-Key": "wrong", "Authorization": "Basic x", "Host": "evil.example"})
            for path in ("/api/health", "/graphql", "/openapi.json", "/actuator/health")
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]


async def test_preflight_needs_no_credentials(resources: Resources) -> None:
    origin = "https://app.example"
    headers = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}

    async with rest_client(resources, api_keys=KEYS, cors_allowed_origins=(origin,)) as rest:
        preflight = await rest.options("/api/users/me", headers=headers)
        refused = await rest.get("/api/users/me", headers={"Origin": origin})

    assert preflight.status_code == 204
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == origin


async def test_local_user_is_named_by_the_header(rest: httpx.AsyncClient, resources: Resources) -> None:
    named = await rest.get("/api/calls", headers={"X-Local-User-Id": "meera@clinic.example"})
    unnamed = await rest.get("/api/calls")

    assert (named.status_code, unnamed.status_code) == (200, 200)
    async with resources.database.read() as session:
        users = (await session.scalars(select(User).order_by(col(User.external_user_id)))).all()
    assert [(user.external_user_id, user.email, user.email_verified) for user in users] == [
        ("local-dev", None, False),
        ("meera@clinic.example", "meera@clinic.example", True),
    ]
    assert [user.last_login_at for user in users] == [user.created_at for user in users]


@pytest.mark.parametrize("name", ["", "two words", "x" * 129])
async def test_malformed_local_user_is_refused(rest: httpx.AsyncClient, resources: Resources, name: str) -> None:
    refused = await rest.get("/api/calls", headers={"X-Local-User-Id": name})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "validation_failed")
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "X-Local-User-Id"
    assert await names(resources) == set()


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/calls"), ("POST", "/graphql"), ("GET", "/api/nothing")])
async def test_foreign_pages_are_kept_off_an_open_server(
    rest: httpx.AsyncClient, resources: Resources, method: str, path: str, headers: dict[str, str]
) -> None:
    refused = await rest.request(method, path, headers=headers)

    assert error(refused) == (401, "auth_invalid", {"scheme": "origin"})
    assert await names(resources) == set()


async def test_origins_do_not_count_where_a_key_is_needed(resources: Resources) -> None:
    headers = {"X-API-Key": KEYS[0], "Host": "scryon.example", "Origin": "https://app.example"}

    async with rest_client(resources, api_keys=KEYS) as rest:
        answer = await rest.get("/api/calls", headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("reason", "details"),
    [(None, {"accountStatus": "DISABLED"}), ("fraud", {"accountStatus": "DISABLED", "reason": "fraud"})],
)
async def test_disabled_account_may_do_nothing(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID, reason: str | None, details: dict[str, str]
) -> None:
    await set_account(resources, "DISABLED", reason)

    answers = [await rest.request(method, path) for method, path in [*ROUTES, ("POST", "/graphql")]]
    health = await rest.get("/api/health")

    assert [error(answer) for answer in answers] == [(403, "ACCOUNT_DISABLED", details)] * len(answers)
    assert health.status_code == 200
    async with resources.database.read() as session:
        assert await session.get(User, owner) is not None


async def test_suspended_account_may_do_everything_but_upload(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID
) -> None:
    await set_account(resources, "SUSPENDED", "invoice open")

    upload = await rest.post("/api/calls/analyze", content=encode([file(WAV)]), headers={"Content-Type": CONTENT_TYPE})
    before_the_body = await rest.post("/api/calls/analyze", headers={"Idempotency-Key": "two words"})
    listed = await rest.get("/api/calls")

    details = {"accountStatus": "SUSPENDED", "reason": "invoice open"}
    assert error(upload) == (403, "ACCOUNT_SUSPENDED", details)
    assert error(before_the_body) == (403, "ACCOUNT_SUSPENDED", details)
    assert listed.status_code == 200
    async with resources.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(CallRecord))).scalar_one() == 0
    assert await resources.storage.list_keys("users/") == []


async def test_suspended_account_may_not_upload_by_graphql(
    rest: httpx.AsyncClient, resources: Resources, owner: UUID
) -> None:
    await set_account(resources, "SUSPENDED")
    operations = '{"query": "mutation ($f: Upload!) { analyzeCall(file: $f) { id } }", "variables": {"f": null}}'
    parts = [('Content-Disposition: form-data; name="operations"', operations.encode())]
    parts += [('Content-Disposition: form-data; name="map"', b'{"0": ["variables.f"]}'), file(WAV, name="0")]

    answer = await rest.post("/graphql", content=encode(parts), headers={"Content-Type": CONTENT_TYPE})

    extensions = answer.json()["errors"][0]["extensions"]
    assert (answer.status_code, extensions["code"], extensions["status"]) == (200, "ACCOUNT_SUSPENDED", 403)
    assert await resources.storage.list_keys("users/") == []
