"""`/graphql` over HTTP. Source: rest.md, 1.11."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.auth.local import local_identity
from app.calls.models import CallRecord
from app.resources import Resources
from app.users.service import sign_in_user
from tests.forms import CONTENT_TYPE, WAV, Part, encode, field, file

UPLOAD = """
mutation Upload($file: Upload!, $input: AnalyzeCallInput) {
  analyzeCall(file: $file, input: $input) { id status title originalFileName recordedAt }
}
"""
MAP = field("map", '{"0": ["variables.file"]}')


def _operations(**variables: Any) -> Part:
    return field("operations", orjson.dumps({"query": UPLOAD, "variables": {"file": None, **variables}}))


async def _upload(rest: httpx.AsyncClient, parts: Iterable[Part] | bytes) -> httpx.Response:
    content = parts if isinstance(parts, bytes) else encode(parts)
    return await rest.post("/graphql", content=content, headers={"content-type": CONTENT_TYPE})


def _extensions(response: httpx.Response) -> dict[str, Any]:
    [error] = response.json()["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def _fields(response: httpx.Response) -> list[str]:
    assert _extensions(response)["code"] == "validation_failed"
    return [problem["field"] for problem in _extensions(response)["details"]["fields"]]


async def _assert_nothing_left(resources: Resources) -> None:
    async with resources.database.read() as session:
        assert (await session.scalars(select(col(CallRecord.id)))).all() == []
    assert [path for path in resources.settings.storage_path.rglob("*") if path.is_file()] == []


async def test_query_is_answered_for_the_local_user(rest: httpx.AsyncClient, resources: Resources) -> None:
    response = await rest.post(
        "/graphql",
        json={"query": "query A { me { id } } query B { me { x: id } }", "operationName": "B", "variables": None},
    )

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["x-request-id"]
    user = await sign_in_user(resources.database, local_identity(None))
    assert response.json() == {"data": {"me": {"x": str(user.id)}}}


async def test_errors_of_resolvers_are_beside_the_data(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/graphql", json={"query": '{ call(id: "x") { id } }'})

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert _extensions(response) == {"code": "call_not_found", "status": 404, "details": {}}


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["body"]),
        (b"{", ["body"]),
        (b"[]", ["body"]),
        (b"{}", ["query"]),
        (b'{"query": ""}', ["query"]),
        (b'{"query": 1, "variables": [], "operationName": 2}', ["query", "variables", "operationName"]),
        (b'{"query": "{ me { id } }", "operationName": "Nope"}', ["operationName"]),
    ],
)
async def test_requests_that_cannot_be_run(rest: httpx.AsyncClient, content: bytes, fields: list[str]) -> None:
    response = await rest.post("/graphql", content=content, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert _fields(response) == fields


async def test_other_content_types_are_refused(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/graphql", content=b"{}", headers={"content-type": "text/plain"})

    assert response.status_code == 415
    assert _extensions(response)["details"] == {"accepted": ["application/json", "multipart/form-data"]}


async def test_documents_have_a_limit(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/graphql", json={"query": "#" * 1_048_577})

    assert response.status_code == 413
    assert _extensions(response) == {"code": "payload_too_large", "status": 413, "details": {"maxBytes": 1_048_576}}


async def test_page_to_try_queries_on(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/graphql")

    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_other_methods_are_refused_in_the_way_of_graphql(rest: httpx.AsyncClient) -> None:
    response = await rest.put("/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert _extensions(response)["code"] == "method_not_allowed"


async def test_recording_is_taken_in(rest: httpx.AsyncClient, resources: Resources) -> None:
    given = {"title": "One", "recordedAt": "2026-02-10T08:51:12+01:00", "direction": "INCOMING"}

    response = await _upload(rest, [_operations(input=given), MAP, file(WAV, name="0", file_name="a/b.wav")])

    call = response.json()["data"]["analyzeCall"]
    assert response.status_code == 200
    assert (call["status"], call["title"], call["originalFileName"]) == ("QUEUED", "One", "b.wav")
    assert call["recordedAt"] == "2026-02-10T07:51:12Z"
    [key] = await resources.storage.list_keys("users/")
    assert await resources.storage.get(key) == WAV
    async with resources.database.read() as session:
        row = await session.get(CallRecord, UUID(call["id"]))
    assert row is not None
    assert row.recorded_at_offset_minutes == 60


async def test_part_may_have_any_name_that_the_map_knows(rest: httpx.AsyncClient) -> None:
    response = await _upload(rest, [_operations(), field("map", '{"1": ["variables.file"]}'), file(WAV, name="1")])

    assert response.json()["data"]["analyzeCall"]["status"] == "QUEUED"


async def test_refused_input_leaves_nothing(rest: httpx.AsyncClient, resources: Resources) -> None:
    response = await _upload(rest, [_operations(input={"title": "x" * 301}), MAP, file(WAV, name="0")])

    assert response.status_code == 200
    assert _fields(response) == ["input.title"]
    await _assert_nothing_left(resources)


async def test_document_that_forgets_the_file_leaves_nothing(rest: httpx.AsyncClient, resources: Resources) -> None:
    operations = field("operations", '{"query": "{ me { id } }", "variables": {"file": null}}')

    response = await _upload(rest, [operations, MAP, file(WAV, name="0")])

    assert "me" in response.json()["data"]
    await _assert_nothing_left(resources)


async def test_file_that_is_no_recording(rest: httpx.AsyncClient, resources: Resources) -> None:
    response = await _upload(rest, [_operations(), MAP, file(b"%PDF-1.7", name="0")])

    assert response.status_code == 415
    assert _extensions(response)["code"] == "unsupported_media_type"
    await _assert_nothing_left(resources)


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ([_operations(), MAP], ["file"]),
        ([_operations(), MAP, file(b"", name="0")], ["file"]),
        ([_operations(), file(WAV, name="0")], ["map", "file"]),
        ([_operations(), field("map", "{}"), file(WAV, name="0")], ["map", "file"]),
        ([_operations(), field("map", '{"0": "variables.file"}'), file(WAV, name="0")], ["map", "file"]),
        ([_operations(), field("map", '{"0": ["variables.file"], "1": []}'), file(WAV, name="0")], ["map"]),
        ([_operations(), field("map", '{"0": ["variables.nothing.x"]}'), file(WAV, name="0")], ["map"]),
        ([_operations(), field("map", '{"0": ["query"]}'), file(WAV, name="0")], ["map"]),
        ([field("operations", "[]"), MAP, file(WAV, name="0")], ["operations"]),
        ([MAP, file(WAV, name="0")], ["operations"]),
        (encode([_operations(), MAP, file(WAV, name="0")], end=False), ["body"]),
    ],
)
async def test_bad_multipart_requests(
    rest: httpx.AsyncClient, resources: Resources, parts: list[Part] | bytes, fields: list[str]
) -> None:
    response = await _upload(rest, parts)

    assert response.status_code == 400
    assert sorted(_fields(response)) == sorted(fields)
    await _assert_nothing_left(resources)
