"""The errors that rest.md shows with their whole bodies, apart from those beside the success of their endpoint.

Source: sections 1.3, 1.5, 1.10 and 2.6.
"""

import httpx
import orjson
import pytest

from tests.forms import CONTENT_TYPE, WAV, encode, field, file
from tests.golden.answers import assert_answer, error_body
from tests.golden.world import FAILED


async def test_unknown_path(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/nothing")

    assert_answer(response, 404, error_body("not_found", "No such resource", {}))


async def test_method_that_a_path_does_not_have(rest: httpx.AsyncClient) -> None:
    response = await rest.post("/api/calls")

    expected = error_body("method_not_allowed", "This method is not allowed here", {"allowed": ["DELETE", "GET"]})
    assert_answer(response, 405, expected, allow="DELETE, GET")


@pytest.mark.parametrize("path", ["/api/users/me", "/api/nothing"])
async def test_nobody(rest: httpx.AsyncClient, path: str) -> None:
    del rest.headers["Authorization"]

    response = await rest.get(path)

    expected = error_body("auth_missing", "Credentials are missing", {"scheme": "bearer"})
    assert_answer(response, 401, expected, **{"www-authenticate": "Bearer"})


async def test_all_that_is_wrong_is_listed(rest: httpx.AsyncClient) -> None:
    metadata = orjson.dumps({"durationSeconds": 86_401, "direction": "SIDEWAYS"})
    body = encode([file(WAV), field("metadata", metadata)])

    response = await rest.post("/api/calls/analyze", content=body, headers={"Content-Type": CONTENT_TYPE})

    problems = [
        {"field": "metadata.direction", "message": "must be one of INCOMING, OUTGOING, UNKNOWN"},
        {"field": "metadata.durationSeconds", "message": "must be between 0 and 86400"},
    ]
    assert_answer(response, 400, error_body("validation_failed", "The request is not valid", {"fields": problems}))


@pytest.mark.usefixtures("world")
async def test_transcript_of_a_failed_call(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"/api/calls/{FAILED}/transcript")

    details = {"status": "FAILED", "errorReason": "transcription_timeout"}
    assert_answer(response, 422, error_body("call_not_completed", "This call is not completed", details))
