"""What an account may do by its status, on every endpoint and every field; and that nobody comes in without a token.

Source: rest.md, sections 1.3 and 6 (T3, T18).
"""

from typing import Any

import httpx
import orjson
from sqlalchemy import update

from app.resources import Resources
from app.users.models import AccountStatus, User
from tests.doubles.google_keys import GoogleKeys
from tests.doubles.id_tokens import PROJECT_ID
from tests.factories import Factory
from tests.privacy.cases import Answer, Case
from tests.privacy.contents import read_contents
from tests.privacy.estate import make_estate
from tests.privacy.graphql_cases import list_fields
from tests.privacy.rest_cases import list_endpoints
from tests.privacy.schema import SCHEMA
from tests.rest.serving import rest_client

CASES: list[Case] = [*list_endpoints(), *list_fields(SCHEMA)]
PUBLIC, UPLOADS = {"getHealth"}, {"analyzeCall", "mutation.analyzeCall"}


def names(*, without: set[str]) -> set[str]:
    return {case.name for case in CASES} - without


async def ask(client: httpx.AsyncClient, case: Case, user: str) -> Answer:
    """Ask for something of which there is none, as far as ids are needed."""
    return await case.send(client, user, case.unknown_values())


async def test_disabled_account_may_do_nothing(rest: httpx.AsyncClient, resources: Resources) -> None:
    alice = await make_estate(resources, "alice")
    async with resources.database.transaction() as session:
        await session.execute(update(User).values(account_status="DISABLED", account_status_reason="fraud"))
    # E-mail and photo follow the identity at first sight, of a disabled account too.
    await rest.get("/api/users/me", headers={"X-Local-User-Id": alice.name})
    before = await read_contents(resources)

    answers = {case.name: await ask(rest, case, alice.name) for case in CASES}

    refused = {name: told(answer) for name, answer in answers.items() if answer.errors}
    details = {"accountStatus": "DISABLED", "reason": "fraud"}
    assert refused == dict.fromkeys(names(without=PUBLIC), (403, "ACCOUNT_DISABLED", details))
    assert {answer.status for answer in answers.values()} == {200, 403}
    assert await read_contents(resources) == before


async def test_suspended_account_may_do_all_but_upload(rest: httpx.AsyncClient, factory: Factory) -> None:
    answers: dict[AccountStatus, dict[str, Answer]] = {}
    for status in (AccountStatus.ACTIVE, AccountStatus.SUSPENDED):
        answers[status] = {}
        for case in CASES:
            # Each has an account of its own, since one of them deletes it.
            user = f"{status}-{case}"
            await factory.user(user, account_status=status, account_status_reason="invoice open")
            answers[status][case.name] = await ask(rest, case, user)

    active, suspended = answers.values()
    details = {"accountStatus": "SUSPENDED", "reason": "invoice open"}
    assert {name: told(suspended[name]) for name in UPLOADS} == dict.fromkeys(
        UPLOADS, (403, "ACCOUNT_SUSPENDED", details)
    )
    assert {name: suspended[name].errors for name in names(without=UPLOADS)} == {
        name: active[name].errors for name in names(without=UPLOADS)
    }
    assert {status for answer in active.values() for status, _ in answer.errors} == {404}


async def test_nothing_is_open_without_a_token(resources: Resources, google_keys: GoogleKeys) -> None:
    values: dict[str, Any] = {"firebase_project_id": PROJECT_ID, "firebase_certificates_url": google_keys.url}
    before = await read_contents(resources)

    async with rest_client(resources, **values) as client:
        answers = {case.name: await ask(client, case, "alice") for case in CASES}

    refused = {name: told(answer) for name, answer in answers.items() if answer.errors}
    assert refused == dict.fromkeys(names(without=PUBLIC), (401, "auth_missing", {"scheme": "bearer"}))
    assert {answer.status for answer in answers.values()} == {200, 401}
    assert await read_contents(resources) == before


def told(answer: Answer) -> tuple[int, str, Any]:
    """Status, code and details of the only error."""
    [(status, code)] = answer.errors
    body = orjson.loads(answer.content)
    details = body["errors"][0]["extensions"]["details"] if "errors" in body else body["error"]["details"]
    return status, code, details
