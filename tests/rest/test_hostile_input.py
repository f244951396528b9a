"""Requests that are made to cost more than they should get a documented answer. Source: rest.md, sections 1.5 and 5.

What else there is of that kind: heads and connections (`tests/app/test_bounded_http.py`), slow bodies
(`tests/app/uploads/test_body.py`), GraphQL documents (`tests/scryon_graphql/test_limits.py`), recordings
(`tests/app/audio/test_hostile_audio.py`).
"""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from app.resources import Resources
from tests.forms import BOUNDARY, CONTENT_TYPE, WAV, encode, field, file

MANY = "{" + ",".join(f'"{number}":1' for number in range(100_000)) + "}"
SHORT = "[" + "1," * 100_000 + "1]"


def problems_of(response: httpx.Response) -> list[tuple[str, str]]:
    assert (response.status_code, response.json()["error"]["code"]) == (400, "validation_failed")
    return [(problem["field"], problem["message"]) for problem in response.json()["error"]["details"]["fields"]]


async def test_form_of_as_many_parts_as_fit_is_refused(rest: httpx.AsyncClient, resources: Resources) -> None:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'.encode()
    assert len(part) * 700_000 < resources.settings.max_request_size

    async def body() -> AsyncIterator[bytes]:
        for _ in range(700):
            yield part * 1000

    response = await rest.post("/api/calls/analyze", content=body(), headers={"content-type": CONTENT_TYPE})

    assert ("body", "must have at most 20 parts") in problems_of(response)
    assert await resources.storage.list_keys("users/") == []


async def test_metadata_of_100_000_entries_is_refused(rest: httpx.AsyncClient, resources: Resources) -> None:
    content = encode([file(WAV), field("metadata", MANY)])

    response = await rest.post("/api/calls/analyze", content=content, headers={"content-type": CONTENT_TYPE})

    assert problems_of(response) == [("metadata", "must be at most 65536 bytes")]
    assert await resources.storage.list_keys("users/") == []


async def test_body_of_100_000_values_is_refused(rest: httpx.AsyncClient) -> None:
    response = await rest.patch("/api/users/me", content=f'{{"displayName": {SHORT}}}')

    assert problems_of(response) == [("body", "must not hold more than 25000 values")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 20_000, "must be JSON"),
        ("[" * 1_000_000, "must not hold more than 25000 values"),
        ('{"a":' * 200_000, "must not hold more than 25000 values"),
    ],
    ids=["arrays", "many arrays", "many objects"],
)
async def test_deep_json_is_refused(rest: httpx.AsyncClient, content: str, message: str) -> None:
    response = await rest.patch("/api/users/me", content=content)

    assert problems_of(response) == [("body", message)]


async def test_variables_of_100_000_values_are_refused_on_graphql(rest: httpx.AsyncClient) -> None:
    response = await rest.post(
        "/graphql",
        content=f'{{"query": "{{ me {{ id }} }}", "variables": {{"a": {SHORT}}}}}',
        headers={"content-type": "application/json"},
    )

    extensions = response.json()["errors"][0]["extensions"]
    assert (response.status_code, extensions["code"]) == (400, "validation_failed")
    assert extensions["details"]["fields"] == [{"field": "body", "message": "must not hold more than 25000 values"}]


async def test_compressed_bodies_are_not_unpacked(rest: httpx.AsyncClient, resources: Resources) -> None:
    form = gzip.compress(encode([file(WAV)]))
    bomb = gzip.compress(b'{"displayName": "' + b"x" * 50_000_000 + b'"}')

    refused = await rest.patch("/api/users/me", content=bomb, headers={"content-encoding": "gzip"})
    upload = await rest.post(
        "/api/calls/analyze", content=form, headers={"content-encoding": "gzip", "content-type": CONTENT_TYPE}
    )

    assert problems_of(refused) == [("body", "must be JSON")]
    assert problems_of(upload) == [("body", "must be well-formed multipart/form-data")]
    assert await resources.storage.list_keys("users/") == []
