"""Contacts: rest.md, section 3.4."""

from typing import Any

import httpx
import pytest

from tests.factories import Factory
from tests.golden.answers import (
    NEW_ID,
    NOW,
    assert_answer,
    assert_no_content,
    error_body,
    example,
    send_example,
)
from tests.golden.world import COMPLETED, PETRA, TOBIAS, make_petra

pytestmark = pytest.mark.usefixtures("world")

NOT_FOUND = error_body("contact_not_found", "Contact not found", {})


async def test_list(rest: httpx.AsyncClient) -> None:
    response = await rest.get("/api/contacts")

    assert_answer(response, 200, example("listContacts", "contacts"))


async def test_contact(rest: httpx.AsyncClient) -> None:
    response = await rest.get(f"/api/contacts/{TOBIAS}")

    assert_answer(response, 200, example("getContact", "contact"))


async def test_creation(rest: httpx.AsyncClient) -> None:
    response = await send_example(rest, "createContact", "POST", "/api/contacts")

    body = response.json()
    expected = {**example("createContact", "created"), "id": NEW_ID, "createdAt": NOW, "updatedAt": NOW}
    assert_answer(response, 201, expected, location=f"/api/contacts/{body['id']}")
    assert body["createdAt"] == body["updatedAt"]


async def test_replacement(rest: httpx.AsyncClient, factory: Factory) -> None:
    await make_petra(factory)

    response = await send_example(rest, "replaceContact", "PUT", f"/api/contacts/{PETRA}")

    assert_answer(response, 200, {**example("replaceContact", "replaced"), "updatedAt": NOW})


async def test_deletion(rest: httpx.AsyncClient) -> None:
    response = await rest.delete(f"/api/contacts/{TOBIAS}")

    assert_no_content(response)
    assert_answer(await rest.get(f"/api/contacts/{TOBIAS}"), 404, NOT_FOUND)
    items: list[dict[str, Any]] = [{**item, "contactId": None} for item in example("listActions", "array")]
    assert_answer(await rest.get("/api/actions"), 200, items)
    call = (await rest.get(f"/api/calls/{COMPLETED}")).json()
    assert {**call, "scryonContactId": str(TOBIAS), "updatedAt": NOW} == {
        **example("getCall", "completed"),
        "updatedAt": NOW,
    }
    assert "scryonContactId" not in call
