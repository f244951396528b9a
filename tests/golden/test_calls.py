"""Calls: what rest.md, sections 2.3 to 2.9 and 3.1 to 3.3, shows is what is answered."""

from collections.abc import Callable
from uuid import UUID

import httpx
import orjson
import pytest

from app.resources import Resources
from tests.engines import ScriptedAnalyst
from tests.factories import Factory
from tests.golden.answers import NOW, assert_answer, assert_no_content, error_body, example, send_example
from tests.golden.world import COMPLETED, FAILED, MEERA, TRANSCRIBING, at

pytestmark = pytest.mark.usefixtures("world")

CALL = f"/api/calls/{COMPLETED}"
NOT_FOUND = error_body("call_not_found", "Call not found", {})


async def test_page_of_calls(rest: httpx.AsyncClient, factory: Factory) -> None:
    older = at("2026-02-06T16:40:02.999Z")
    await factory.call(MEERA, recorded_at=older, created_at=older)

    response = await rest.get("/api/calls?limit=3")

    assert_answer(response, 200, example("listCalls", "page"))


async def test_array_of_calls(rest: httpx.AsyncClient) -> None:
    # The document's answer is from a time before the newest call.
    await rest.delete(f"/api/calls/{TRANSCRIBING}")

    response = await rest.get("/api/calls?page=0&size=1")

    assert_answer(response, 200, example("listCalls", "array"))


async def test_statuses(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"/api/calls/status?ids={COMPLETED},{TRANSCRIBING}")

    assert_answer(response, 200, example("getCallStatuses", "statuses"))


@pytest.mark.parametrize(("call", "name"), [(COMPLETED, "completed"), (FAILED, "failed")])
async def test_call(rest: httpx.AsyncClient, call: UUID, name: str) -> None:
    response = await rest.get(f"/api/calls/{call}")

    assert_answer(response, 200, example("getCall", name))


async def test_transcript(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"{CALL}/transcript")

    assert_answer(response, 200, example("getTranscript", "transcript"))


async def test_analysis(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"{CALL}/analysis")

    assert_answer(response, 200, example("getAnalysis", "analysis"))


async def test_edit(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "updateCall", "PATCH", CALL)

    assert_answer(response, 200, {**example("updateCall", "edited"), "updatedAt": NOW})


async def test_link(rest: httpx.AsyncClient) -> None:
    await send_example(rest, "updateCall", "PATCH", CALL)

    response = await send_example(rest, "assignContact", "PATCH", f"{CALL}/contact")

    assert_answer(response, 200, {**example("assignContact", "linked"), "updatedAt": NOW})


async def test_reanalyze(rest: httpx.AsyncClient, analyst: ScriptedAnalyst) -> None:
    expected = example("reanalyzeCall", "refreshed")
    analyst.content = orjson.dumps({"oneLineSummary": expected["shortSummary"], "tags": expected["tags"]})
    await send_example(rest, "updateCall", "PATCH", CALL)
    await send_example(rest, "assignContact", "PATCH", f"{CALL}/contact")

    response = await rest.post(f"{CALL}/reanalyze")

    assert_answer(response, 200, {**expected, "updatedAt": NOW})


async def test_deletion(rest: httpx.AsyncClient) -> None:
    response = await rest.delete(CALL)

    assert_no_content(response)
    assert_answer(await rest.get(CALL), 404, NOT_FOUND)


async def test_bulk_deletion(rest: httpx.AsyncClient, break_objects: Callable[[UUID], None]) -> None:
    break_objects(FAILED)

    response = await send_example(rest, "deleteCalls", "DELETE", "/api/calls")

    assert_answer(response, 200, example("deleteCalls", "partlyFailed"))
    assert [(await rest.get(f"/api/calls/{call}")).status_code for call in (COMPLETED, TRANSCRIBING, FAILED)] == [
        404,
        404,
        200,
    ]


async def test_history(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"/api/debug/calls/{FAILED}/events")

    assert_answer(response, 200, example("debugCallEvents", "events"))


@pytest.fixture
def break_objects(resources: Resources) -> Callable[[UUID], None]:
    """Lets every access to the objects of one call fail from now on: their folder leads to itself."""

    def break_them(call: UUID) -> None:
        calls = resources.settings.storage_path / "users" / str(MEERA) / "calls"
        calls.mkdir(parents=True, exist_ok=True)
        (calls / str(call)).symlink_to(str(call))

    return break_them
