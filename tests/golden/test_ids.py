"""Unknown, foreign and malformed ids are the same thing: not there. Source: rest.md, 1.3 (AU6), 1.4 and 6 (T2)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.contacts.models import Contact
from app.resources import Resources
from rest.examples import FOLDER, load_bodies
from rest.openapi import export_openapi
from tests.factories import Factory
from tests.finished import Stored, finished_call, read_stored
from tests.golden.answers import assert_answer, error_body
from tests.golden.world import COMPLETED, NOBODYS

OPERATIONS = {
    (method.upper(), path): operation["operationId"]
    for path, operations in orjson.loads(export_openapi())["paths"].items()
    for method, operation in operations.items()
    if "{id}" in path
}
"""Every endpoint with an id in its path, so that a new one is not forgotten."""

MALFORMED = (
    "nonsense",
    "0",
    "%20",
    NOBODYS.hex,
    f"%7B{NOBODYS}%7D",
    f"urn:uuid:{NOBODYS}",
    f"{NOBODYS}0",
    f"{NOBODYS}%0A",
    str(NOBODYS)[:-1],
    f"{str(NOBODYS)[:-1]}g",
)
NOT_FOUND = {
    "calls": error_body("call_not_found", "Call not found", {}),
    "actions": error_body("action_item_not_found", "Action item not found", {}),
    "contacts": error_body("contact_not_found", "Contact not found", {}),
}
COLLECTIONS = {"action-items": "actions"}
"""Another path of the same things."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What somebody else has: one of each kind."""

    calls: CallRecord
    actions: ActionItem
    contacts: Contact


@pytest.fixture
async def foreign(factory: Factory, bob: UUID) -> Foreign:
    call = await finished_call(factory, bob)
    return Foreign(call, await factory.action_item(call, title="His"), await factory.contact(bob))


async def read_foreign(resources: Resources, foreign: Foreign) -> tuple[Stored, dict[str, Any]]:
    """Everything of his."""
    async with resources.database.read() as session:
        contact = await session.get_one(Contact, foreign.contacts.id)
    return await read_stored(resources, foreign.calls), contact.model_dump()


def read_request(operation_id: str) -> Any:
    """A good body, since a bad one is found before the id is looked at."""
    return load_bodies(operation_id).request if (FOLDER / f"{operation_id}.json").exists() else None


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_ids_of_paths(
    rest: httpx.AsyncClient, resources: Resources, foreign: Foreign, method: str, path: str
) -> None:
    before = await read_foreign(resources, foreign)
    collection = path.removeprefix("/api/debug").removeprefix("/api").split("/")[1]
    kind = COLLECTIONS.get(collection, collection)
    his = str(getattr(foreign, kind).id)
    request = read_request(OPERATIONS[method, path])

    answers = [
        await rest.request(method, path.replace("{id}", id), json=request)
        for id in (str(NOBODYS), his, his.upper(), *MALFORMED)
    ]

    for answer in answers:
        assert_answer(answer, 404, NOT_FOUND[kind])
    assert len({answer.content for answer in answers}) == 1
    assert await read_foreign(resources, foreign) == before


@pytest.mark.usefixtures("world")
async def test_contact_of_a_link(rest: httpx.AsyncClient, foreign: Foreign) -> None:
    path = f"/api/calls/{COMPLETED}/contact"
    before = (await rest.get(f"/api/calls/{COMPLETED}")).content

    unknown, others = [await rest.patch(path, json={"contactId": str(id)}) for id in (NOBODYS, foreign.contacts.id)]
    malformed = await rest.patch(path, json={"contactId": NOBODYS.hex})

    for answer in (unknown, others):
        assert_answer(answer, 404, NOT_FOUND["contacts"])
    assert unknown.content == others.content
    assert malformed.status_code == 400
    assert (await rest.get(f"/api/calls/{COMPLETED}")).content == before


@pytest.mark.usefixtures("world")
async def test_ids_of_queries(rest: httpx.AsyncClient, foreign: Foreign) -> None:
    for id in (NOBODYS, foreign.calls.id):
        statuses = await rest.get(f"/api/calls/status?ids={id}")
        array = await rest.get(f"/api/actions?callId={id}")
        page = await rest.get(f"/api/actions?callId={id}&limit=5")

        assert_answer(statuses, 200, {"items": [], "nextPollMs": 15_000})
        assert_answer(array, 200, [])
        assert_answer(page, 200, {"items": []})


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("path", "field"), [("/api/calls/status?ids=", "ids[1]"), ("/api/actions?callId=", "callId")])
async def test_malformed_ids_of_queries(rest: httpx.AsyncClient, path: str, field: str) -> None:
    first = f"{NOBODYS}," if "ids=" in path else ""

    for id in MALFORMED:
        answer = await rest.get(f"{path}{first}{id}")

        problem = {"field": field, "message": "must be a UUID"}
        assert_answer(answer, 400, error_body("validation_failed", "The request is not valid", {"fields": [problem]}))


async def test_ids_of_a_bulk_deletion(rest: httpx.AsyncClient, resources: Resources, foreign: Foreign) -> None:
    before = await read_foreign(resources, foreign)

    for id in (NOBODYS, foreign.calls.id):
        answer = await rest.request("DELETE", "/api/calls", json={"callIds": [str(id)]})

        assert_answer(answer, 200, {"deleted": 0, "missing": 1, "failed": []})
    assert await read_foreign(resources, foreign) == before
