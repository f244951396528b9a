"""Action items: rest.md, sections 2.10, 2.11, 3.5 and 3.6."""

import httpx
import pytest

from tests.golden.answers import (
    NEW_ID,
    NOW,
    assert_answer,
    assert_no_content,
    error_body,
    example,
    send_example,
)
from tests.golden.world import CALL_ITEM, COMPLETED, MAIL_ITEM, MANUAL_ITEM

pytestmark = pytest.mark.usefixtures("world")

NOT_FOUND = error_body("action_item_not_found", "Action item not found", {})


async def test_array_of_items(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/actions")

    assert_answer(response, 200, example("listActions", "array"))


async def test_page_of_items(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/actions?limit=1&status=IN_PROGRESS")

    assert_answer(response, 200, example("listActions", "page"))


async def test_status(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "updateActionStatus", "PATCH", f"/api/actions/{CALL_ITEM}")

    assert_answer(response, 200, {**example("updateActionStatus", "done"), "updatedAt": NOW})


async def test_items_of_a_call(rest: httpx.AsyncClient) -> None:
    # The document shows one of the three.
    for item in (CALL_ITEM, MANUAL_ITEM):
        await rest.delete(f"/api/action-items/{item}")

    response = await rest.get(f"/api/calls/{COMPLETED}/action-items")

    assert_answer(response, 200, example("listCallActions", "items"))


async def test_creation(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "createAction", "POST", f"/api/calls/{COMPLETED}/action-items")

    expected = {**example("createAction", "created"), "id": NEW_ID, "createdAt": NOW, "updatedAt": NOW}
    assert_answer(response, 201, expected)
    assert response.json()["createdAt"] == response.json()["updatedAt"]


async def test_replacement(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "replaceAction", "PUT", f"/api/action-items/{MAIL_ITEM}")

    assert_answer(response, 200, {**example("replaceAction", "replaced"), "updatedAt": NOW})


async def test_deletion(rest: httpx.AsyncClient) -> None:
    response = await rest.delete(f"/api/action-items/{MAIL_ITEM}")

    assert_no_content(response)
    assert_answer(await rest.delete(f"/api/action-items/{MAIL_ITEM}"), 404, NOT_FOUND)
