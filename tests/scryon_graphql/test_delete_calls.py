"""`deleteCall` and `deleteCalls`. Source: rest.md, sections 2.8 and 2.9."""

import dataclasses
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.resources import Resources
from app.settings import load_settings
from app.storage.store import open_store
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

DELETE = "mutation DeleteCall($id: ID!) { deleteCall(id: $id) }"
DELETE_MANY = """
mutation DeleteCalls($callIds: [ID!]!) { deleteCalls(callIds: $callIds) { deleted missing failed { callId code } } }
"""


async def list_calls(resources: Resources) -> set[UUID]:
    async with resources.database.read() as session:
        return set((await session.scalars(select(col(CallRecord.id)))).all())


@pytest.fixture
def broken(resources: Resources, tmp_path: Path) -> Resources:
    """The same, over a store in which nothing can be listed: its folder for users is a file."""
    root = tmp_path / "broken"
    store = open_store(load_settings(object_storage_local_path=root, configured_profile="test"))
    (root / "users").symlink_to("users")
    return dataclasses.replace(resources, storage=store)


@pytest.mark.parametrize("status", list(CallStatus))
async def test_call_is_deleted_in_every_state(
    client: Client, factory: Factory, resources: Resources, alice: UUID, status: CallStatus
) -> None:
    reason = "audio_missing" if status is CallStatus.FAILED else None
    call = await factory.call(alice, status=status, error_reason=reason)
    await factory.audio(call, b"RIFF")
    await factory.document(call, ArtifactType.ANALYSIS_JSON, {})
    await factory.action_item(call)

    first = await client.get(DELETE, id=str(call.id))
    second = await client.refused(DELETE, id=str(call.id))

    assert first == {"deleteCall": str(call.id)}
    assert second == {"code": "call_not_found", "status": 404, "details": {}}
    assert await list_calls(resources) == set()
    assert await resources.storage.list_keys("users/") == []


async def test_missing_malformed_and_foreign_calls_look_the_same(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)

    for call_id in (str(uuid4()), "nonsense", str(call.id)):
        assert await stranger.refused(DELETE, id=call_id) == {"code": "call_not_found", "status": 404, "details": {}}
    assert await list_calls(resources) == {call.id}


async def test_call_stays_while_its_objects_cannot_be_removed(
    broken: Resources, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)

    refused = await Client(broken, alice).refused(DELETE, id=str(call.id))

    assert refused == {"code": "storage_unavailable", "status": 503, "details": {}}
    assert await list_calls(resources) == {call.id}


async def test_bulk_delete_tells_what_became_of_each(
    client: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    calls = [await factory.call(alice, status=CallStatus.TRANSCRIBING) for _ in range(6)]
    foreign = await factory.call(bob)
    ids = [str(call.id) for call in calls]

    data = await client.get(DELETE_MANY, callIds=[*ids, ids[0].upper(), str(foreign.id), str(uuid4())])

    assert data["deleteCalls"] == {"deleted": 6, "missing": 2, "failed": []}
    assert await list_calls(resources) == {foreign.id}


async def test_bulk_delete_lists_failures_in_the_order_of_the_request(
    broken: Resources, factory: Factory, resources: Resources, alice: UUID
) -> None:
    calls = [await factory.call(alice) for _ in range(5)]

    data = await Client(broken, alice).get(DELETE_MANY, callIds=[*(str(call.id) for call in calls), str(uuid4())])

    assert data["deleteCalls"] == {
        "deleted": 0,
        "missing": 1,
        "failed": [{"callId": str(call.id), "code": "storage_unavailable"} for call in calls],
    }
    assert await list_calls(resources) == {call.id for call in calls}


async def test_account_stays_while_objects_cannot_be_removed(
    broken: Resources, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)

    refused = await Client(broken, alice).refused("mutation { deleteMe }")

    assert refused == {"code": "storage_unavailable", "status": 503, "details": {}}
    assert await list_calls(resources) == {call.id}


@pytest.mark.parametrize(
    ("ids", "field"),
    [
        ([], "callIds"),
        ([str(UUID(int=number)) for number in range(201)], "callIds"),
        (["6a0c2cb1-52b1-4f52-8f7e-5f4f0d7a2c11", "nonsense"], "callIds[2]"),
    ],
    ids=["none", "too-many", "malformed"],
)
async def test_bad_bulk_deletes_nothing(
    client: Client, factory: Factory, resources: Resources, alice: UUID, ids: list[str], field: str
) -> None:
    call = await factory.call(alice)

    refused = await client.refused(DELETE_MANY, callIds=[str(call.id), *ids] if ids else [])

    fields = [problem["field"] for problem in refused["details"]["fields"]]
    assert fields == [field]
    assert await list_calls(resources) == {call.id}
