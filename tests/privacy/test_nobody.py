"""Somebody who owns nothing sees nothing: every list and every figure is what it is on an empty server."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.resources import Resources
from tests.privacy.cases import Answer, Case, SlotKind
from tests.privacy.estate import make_estate
from tests.privacy.graphql_cases import list_fields
from tests.privacy.rest_cases import list_endpoints
from tests.privacy.schema import SCHEMA
from tests.rest.serving import rest_client

LISTS: list[Case] = [
    case
    for case in [*list_endpoints(), *list_fields(SCHEMA)]
    if not case.changes and all(slot.kind not in (SlotKind.ONE, SlotKind.MANY) for slot in case.slots)
]


@pytest.fixture
async def client(resources: Resources) -> AsyncIterator[httpx.AsyncClient]:
    async with rest_client(resources) as opened:
        yield opened


async def ask_for_everything(client: httpx.AsyncClient) -> dict[str, Answer]:
    """What every list and figure is for a user without anything, with each option, too."""
    answers = {}
    for case in LISTS:
        answers[case.name] = await case.send(client, "nobody", {})
        for option, value in case.options.items():
            answers[f"{case} with {option}"] = await case.send(client, "nobody", {}, **{option: value})
    return answers


async def test_what_others_own_changes_no_list_and_no_figure(client: httpx.AsyncClient, resources: Resources) -> None:
    on_an_empty_server = await ask_for_everything(client)
    await make_estate(resources, "alice")

    beside_alice = await ask_for_everything(client)

    assert beside_alice == on_an_empty_server
    assert [name for name, answer in beside_alice.items() if not answer.is_done] == []
