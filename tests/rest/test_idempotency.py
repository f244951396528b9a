"""`Idempotency-Key` over REST: uploads, changes, deletions. Source: rest.md, sections 1.7 and 6 (T10)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app.calls.models import CallRecord
from app.idempotency.models import IdempotencyRecord
from app.resources import Resources
from tests.factories import Factory
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file

KEY = {"Idempotency-Key": "0b6f7c52"}


async def upload(rest: httpx.AsyncClient, *parts: Part, boundary: str | None = None, **headers: str) -> httpx.Response:
    body = encode(parts) if boundary is None else encode(parts, boundary=boundary)
    content_type = CONTENT_TYPE if boundary is None else f"multipart/form-data; boundary={boundary}"
    headers = {**KEY, "Content-Type": content_type, **headers}
    return await rest.post("/api/calls/analyze", content=body, headers=headers)


async def count(resources: Resources, table: type[Any]) -> int:
    async with resources.database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def stored_keys(resources: Resources) -> list[str]:
    return await resources.storage.list_keys("users/")


def assert_replay(first: httpx.Response, second: httpx.Response) -> None:
    """The same status, body and place, marked."""
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers.get("location") == first.headers.get("location")
    assert second.headers.get("content-type") == first.headers.get("content-type")
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


async def test_repeated_upload_makes_one_call(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await upload(rest, file(WAV), field("title", "Boiler"))
    second = await upload(rest, file(WAV), field("title", "Boiler"))

    assert first.status_code == 202
    assert_replay(first, second)
    assert await count(resources, CallRecord) == 1
    assert len(await stored_keys(resources)) == 1


async def test_boundary_and_order_of_parts_do_not_count(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await upload(rest, file(WAV), field("title", "Boiler"))
    second = await upload(rest, field("title", "Boiler"), file(WAV), boundary="another-one")

    assert_replay(first, second)


@pytest.mark.parametrize(
    "parts",
    [
        (file(WAV + b"\x00"),),
        (file(WAV, file_name="other.wav"),),
        (file(WAV), field("title", "Boiler")),
        (file(WAV), field("unknown", "part")),
    ],
    ids=["content", "file name", "more", "unknown part"],
)
async def test_other_upload_with_the_same_key_is_a_conflict(
    rest: httpx.AsyncClient, resources: Resources, parts: tuple[Part, ...]
) -> None:
    await upload(rest, file(WAV))

    refused = await upload(rest, *parts)

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "idempotency_key_conflict"
    assert await count(resources, CallRecord) == 1
    assert len(await stored_keys(resources)) == 1


async def test_invalid_request_is_decided_before_the_replay(rest: httpx.AsyncClient, resources: Resources) -> None:
    await upload(rest, file(WAV))

    wrong_type = await upload(rest, file(b"%PDF-1.7 no recording"))
    no_file = await upload(rest, field("title", "Boiler"))

    assert (wrong_type.status_code, no_file.status_code) == (415, 400)


async def test_refused_upload_is_not_remembered(rest: httpx.AsyncClient, resources: Resources) -> None:
    refused = await upload(rest, field("title", "Boiler"))
    accepted = await upload(rest, file(WAV))

    assert (refused.status_code, accepted.status_code) == (400, 202)
    assert "idempotency-replayed" not in accepted.headers


async def test_same_upload_after_its_call_was_deleted_is_a_new_call(
    rest: httpx.AsyncClient, resources: Resources
) -> None:
    first = await upload(rest, file(WAV))
    await rest.delete(f"/api/calls/{first.json()['id']}")

    second = await upload(rest, file(WAV))

    assert second.status_code == 202
    assert "idempotency-replayed" not in second.headers
    assert second.json()["id"] != first.json()["id"]


async def test_upload_whose_answer_was_lost_gets_its_call(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await upload(rest, file(WAV))
    async with resources.database.transaction() as session:
        dead = {"state": "IN_PROGRESS", "alive_at": func.now() - timedelta(seconds=61), "response_body": None}
        await session.execute(update(IdempotencyRecord).values(**dead))

    second = await upload(rest, file(WAV))

    assert (second.status_code, second.content) == (202, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in second.headers
    assert await count(resources, CallRecord) == 1
    assert len(await stored_keys(resources)) == 1


async def test_repeated_deletion_is_answered_alike(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    call = await factory.call(owner)

    first = await rest.delete(f"/api/calls/{call.id}", headers=KEY)
    second = await rest.delete(f"/api/calls/{call.id}", headers=KEY)
    other_key = await rest.delete(f"/api/calls/{call.id}", headers={"Idempotency-Key": "other"})

    assert first.status_code == 204
    assert_replay(first, second)
    assert other_key.status_code == 404


async def test_missing_call_is_remembered_as_missing(rest: httpx.AsyncClient, resources: Resources) -> None:
    path = f"/api/calls/{uuid4()}"

    first = await rest.delete(path, headers=KEY)
    second = await rest.delete(path, headers=KEY)

    assert first.status_code == 404
    assert_replay(first, second)


async def test_bulk_deletion_with_failures_runs_again(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID, break_store: Callable[[], None]
) -> None:
    call = await factory.call(owner)
    await factory.audio(call, WAV)
    break_store()

    first = await rest.request("DELETE", "/api/calls", json={"callIds": [str(call.id)]}, headers=KEY)
    second = await rest.request("DELETE", "/api/calls", json={"callIds": [str(call.id)]}, headers=KEY)

    assert first.json()["failed"] == [{"callId": str(call.id), "code": "storage_unavailable"}]
    assert "idempotency-replayed" not in second.headers


async def test_bulk_deletion_is_answered_alike(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    call = await factory.call(owner)

    first = await rest.request("DELETE", "/api/calls", json={"callIds": [str(call.id)]}, headers=KEY)
    second = await rest.request("DELETE", "/api/calls", json={"callIds": [str(call.id)]}, headers=KEY)

    assert first.json() == {"deleted": 1, "missing": 0, "failed": []}
    assert_replay(first, second)


async def test_outage_is_not_remembered(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID, break_store: Callable[[], None]
) -> None:
    call = await factory.call(owner)
    await factory.audio(call, WAV)
    break_store()

    first = await rest.delete(f"/api/calls/{call.id}", headers=KEY)
    second = await rest.delete(f"/api/calls/{call.id}", headers=KEY)

    assert (first.status_code, second.status_code) == (503, 503)
    assert "idempotency-replayed" not in second.headers


async def test_change_is_done_once(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    item = await factory.action_item(await factory.call(owner))
    path = f"/api/actions/{item.id}"

    first = await rest.patch(path, json={"status": "DONE"}, headers=KEY)
    await rest.patch(path, json={"status": "OPEN"})
    second = await rest.patch(path, content=b' {"status" : "DONE"} ', headers=KEY)
    other = await rest.patch(path, json={"status": "OPEN"}, headers=KEY)

    assert_replay(first, second)
    assert other.json()["error"]["code"] == "idempotency_key_conflict"
    assert (await rest.get("/api/actions")).json()[0]["status"] == "OPEN"


async def test_query_parameters_belong_to_the_request(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    item = await factory.action_item(await factory.call(owner))
    await rest.patch(f"/api/actions/{item.id}?a=1&b=2", json={"status": "DONE"}, headers=KEY)

    same = await rest.patch(f"/api/actions/{item.id}?b=2&a=1", json={"status": "DONE"}, headers=KEY)
    other = await rest.patch(f"/api/actions/{item.id}?a=1", json={"status": "DONE"}, headers=KEY)

    assert same.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409


async def test_key_of_another_user_is_free(rest: httpx.AsyncClient, resources: Resources) -> None:
    first = await upload(rest, file(WAV), **{"X-Local-User-Id": "meera"})
    second = await upload(rest, file(WAV), **{"X-Local-User-Id": "yara"})

    assert "idempotency-replayed" not in second.headers
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ä"])
async def test_malformed_key_is_refused_before_the_body_is_read(
    rest: httpx.AsyncClient, resources: Resources, key: str
) -> None:
    headers = {b"Idempotency-Key": key.encode()}

    upload = await rest.post("/api/calls/analyze", content=b"", headers=headers)
    change = await rest.patch(f"/api/actions/{uuid4()}", content=b"{", headers=headers)
    deletion = await rest.delete(f"/api/calls/{uuid4()}", headers=headers)

    for answer in (upload, change, deletion):
        assert answer.status_code == 400
        fields = answer.json()["error"]["details"]["fields"]
        assert [problem["field"] for problem in fields] == ["Idempotency-Key"]


async def test_key_is_ignored_where_nothing_changes(rest: httpx.AsyncClient, resources: Resources) -> None:
    answer = await rest.get("/api/calls", headers={"Idempotency-Key": "two words"})

    assert answer.status_code == 200


async def test_deleting_a_call_drops_the_answers_that_name_it(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    uploaded = await upload(rest, file(WAV))
    item = await factory.action_item(CallRecord(id=UUID(uploaded.json()["id"]), user_id=owner))
    await rest.patch(f"/api/actions/{item.id}", json={"status": "DONE"}, headers=KEY)
    kept = await factory.action_item(await factory.call(owner))
    await rest.patch(f"/api/actions/{kept.id}", json={"status": "DONE"}, headers=KEY)

    await rest.delete(f"/api/calls/{uploaded.json()['id']}")

    async with resources.database.read() as session:
        named = (await session.scalars(select(col(IdempotencyRecord.resource_id)))).all()
    assert named == [kept.id]


async def test_nothing_is_kept_of_items_whose_call_is_deleted_meanwhile(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    for round_ in range(10):
        call = await factory.call(owner)
        path = f"/api/calls/{call.id}"
        writes = (
            rest.post(
                f"{path}/action-items", json={"title": "zebra"}, headers={"Idempotency-Key": f"{round_}-{number}"}
            )
            for number in range(3)
        )
        await asyncio.gather(*writes, rest.delete(path))

    async with resources.database.read() as session:
        bodies = (await session.scalars(select(col(IdempotencyRecord.response_body)))).all()
    assert [body for body in bodies if "zebra" in (body or "")] == []


async def test_answers_that_may_show_a_contact_go_with_it(
    rest: httpx.AsyncClient, resources: Resources, factory: Factory, owner: UUID
) -> None:
    contact = (await rest.post("/api/contacts", json={"name": "Zebra"})).json()
    call = await factory.call(owner, scryon_contact_id=UUID(contact["id"]))
    query = f'mutation {{ updateCall(id: "{call.id}", input: {{title: "T"}}) {{ contact {{ name }} }} }}'
    shown = await rest.post("/graphql", json={"query": query}, headers=KEY)

    await rest.delete(f"/api/contacts/{contact['id']}")

    assert shown.json() == {"data": {"updateCall": {"contact": {"name": "Zebra"}}}}
    assert await count(resources, IdempotencyRecord) == 0
