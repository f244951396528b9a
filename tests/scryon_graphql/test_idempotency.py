"""`Idempotency-Key` on `/graphql`. Source: rest.md, section 1.11."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from app.actions.models import ActionItem
from app.calls.models import CallRecord
from app.resources import Resources
from tests.factories import Factory
from tests.forms import CONTENT_TYPE, WAV, encode, field, file
from tests.privacy.contents import about, read_contents

KEY = {"Idempotency-Key": "0b6f7c52"}
SET_STATUS = (
    "mutation ($id: ID!, $s: ActionStatus!) { changed: setActionItemStatus(id: $id, status: $s) { id status } }"
)


async def ask(rest: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    return await rest.post("/graphql", json={"query": query, "variables": variables}, headers=KEY)


async def test_mutation_is_done_once(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    item = await factory.action_item(await factory.call(owner))

    first = await ask(rest, SET_STATUS, id=str(item.id), s="DONE")
    await rest.patch(f"/api/actions/{item.id}", json={"status": "OPEN"})
    second = await ask(rest, SET_STATUS, id=str(item.id), s="DONE")

    assert first.json() == {"data": {"changed": {"id": str(item.id), "status": "DONE"}}}
    assert (second.status_code, second.content) == (200, first.content)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    async with resources.database.read() as session:
        assert (await session.get_one(ActionItem, item.id)).status == "OPEN"


async def test_other_variables_are_a_conflict(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    item = await factory.action_item(await factory.call(owner))
    await ask(rest, SET_STATUS, id=str(item.id), s="DONE")

    refused = await ask(rest, SET_STATUS, id=str(item.id), s="OPEN")

    assert refused.status_code == 409
    assert refused.json()["errors"][0]["extensions"] == {
        "code": "idempotency_key_conflict",
        "status": 409,
        "details": {},
    }


WITH_VARIABLE = "mutation ($id: ID!) { gone: deleteCall(id: $id) }"
WITH_DEFAULT = 'mutation ($id: ID = "%s") { gone: deleteCall(id: $id) }'
WITH_LITERAL = 'mutation A { gone: deleteCall(id: "%s") } mutation B { deleteVoiceProfile }'


async def send_deletion(rest: httpx.AsyncClient, query: str, row_id: str) -> httpx.Response:
    name = "A" if "mutation A" in query else None
    if "%s" in query:
        body: dict[str, Any] = {"query": query % row_id, "operationName": name}
    else:
        body = {"query": query, "variables": {"id": row_id}}
    return await rest.post("/graphql", json=body, headers=KEY)


@pytest.mark.parametrize("query", [WITH_VARIABLE, WITH_DEFAULT, WITH_LITERAL], ids=["variable", "default", "literal"])
async def test_deletion_is_answered_alike_and_nothing_kept_names_the_call(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID, query: str
) -> None:
    call = await factory.call(owner)

    first = await send_deletion(rest, query, str(call.id).upper())
    kept = await read_contents(resources)
    second = await send_deletion(rest, query, str(call.id).upper())

    assert first.json() == {"data": {"gone": str(call.id)}}
    assert (second.status_code, second.content) == (200, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert about(kept, [str(call.id)]) == {}
    assert len(kept["idempotency_records"]) == 1


async def test_deletions_of_items_and_contacts_are_answered_alike(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    item = await factory.action_item(await factory.call(owner))
    contact = await factory.contact(owner)

    for name, row in (("deleteActionItem", item), ("deleteContact", contact)):
        query = f"mutation ($id: ID!) {{ {name}(id: $id) }}"
        key = {"Idempotency-Key": name}
        body = {"query": query, "variables": {"id": str(row.id)}}
        first, second = [await rest.post("/graphql", json=body, headers=key) for _ in range(2)]

        assert first.json() == {"data": {name: str(row.id)}}
        assert second.content == first.content
        assert second.headers["idempotency-replayed"] == "true"


async def test_repeated_upload_makes_one_call(rest: httpx.AsyncClient, resources: Resources) -> None:
    query = "mutation ($file: Upload!) { analyzeCall(file: $file) { id } }"
    parts = [
        field("operations", orjson.dumps({"query": query, "variables": {"file": None}})),
        field("map", b'{"0": ["variables.file"]}'),
    ]

    async def send(content: bytes) -> httpx.Response:
        body = encode([*parts, file(content, name="0")])
        return await rest.post("/graphql", content=body, headers={**KEY, "Content-Type": CONTENT_TYPE})

    first, second, other = await send(WAV), await send(WAV), await send(WAV + b"\x00")

    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409
    async with resources.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(CallRecord))).scalar_one() == 1
    assert len(await resources.storage.list_keys("users/")) == 1


async def test_error_about_the_state_of_things_is_remembered(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await ask(rest, SET_STATUS, id=str(uuid4()), s="DONE")
    unknown = orjson.loads(first.request.content)["variables"]["id"]

    second = await ask(rest, SET_STATUS, id=unknown, s="DONE")

    assert second.json()["errors"][0]["extensions"]["code"] == "action_item_not_found"
    assert second.headers["idempotency-replayed"] == "true"


async def test_error_about_the_document_is_not_remembered(rest: httpx.AsyncClient, resources: Resources) -> None:
    query = "mutation { setActionItemStatus(id: 1, status: NONSENSE) { id } }"

    answers = [await ask(rest, query) for _ in range(2)]

    assert [answer.json()["errors"][0]["extensions"]["code"] for answer in answers] == ["validation_failed"] * 2
    assert "idempotency-replayed" not in answers[1].headers


@pytest.mark.parametrize("name", [None, ""])
async def test_document_of_several_operations_must_say_which(
    rest: httpx.AsyncClient, resources: Resources, name: str | None
) -> None:
    query = """
    mutation A { createContact(input: {name: "A"}) { id } }
    mutation B { createContact(input: {name: "B"}) { id } }
    """

    refused = await rest.post("/graphql", json={"query": query, "operationName": name}, headers=KEY)
    named = await rest.post("/graphql", json={"query": query, "operationName": "B"}, headers=KEY)

    [error] = refused.json()["errors"]
    assert error["extensions"]["details"]["fields"][0]["field"] == "operationName"
    assert list(named.json()["data"]) == ["createContact"]
    assert [contact["name"] for contact in (await rest.get("/api/contacts")).json()] == ["B"]


@pytest.mark.parametrize(
    "query",
    [
        "mutation { a: deleteVoiceProfile b: deleteVoiceProfile }",
        "mutation { ...F } fragment F on Mutation { deleteVoiceProfile }",
        "mutation { deleteVoiceProfile __typename }",
    ],
)
async def test_key_stands_for_one_effect(rest: httpx.AsyncClient, resources: Resources, query: str) -> None:
    refused = await ask(rest, query)

    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert error["extensions"]["details"]["fields"][0]["field"] == "Idempotency-Key"


async def test_query_pays_no_attention_to_the_key(rest: httpx.AsyncClient, resources: Resources) -> None:
    answers = [await ask(rest, "{ me { externalUserId } }") for _ in range(2)]

    assert [answer.json() for answer in answers] == [{"data": {"me": {"externalUserId": "local-dev"}}}] * 2
    assert "idempotency-replayed" not in answers[1].headers


async def test_malformed_key_is_refused_with_its_status(rest: httpx.AsyncClient, resources: Resources) -> None:
    refused = await rest.post("/graphql", json={"query": "{ me { id } }"}, headers={"Idempotency-Key": "two words"})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"] == "validation_failed"
