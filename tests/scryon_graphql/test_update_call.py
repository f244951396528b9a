"""`updateCall`. Source: rest.md, section 3.1."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.calls.models import CallRecord
from app.resources import Resources
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

UPDATE = """
mutation UpdateCall($id: ID!, $input: UpdateCallInput!) {
  updateCall(id: $id, input: $input) { id title shortSummary notes updatedAt }
}
"""
NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)


async def load(resources: Resources, call_id: UUID) -> CallRecord:
    async with resources.database.read() as session:
        call = await session.get(CallRecord, call_id)
    assert call is not None
    return call


async def test_texts_are_changed_left_and_cleared(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice, title="Old", short_summary="Same", notes="Gone", updated_at=NOON)

    data = await client.get(UPDATE, id=str(call.id).upper(), input={"title": " New ", "summary": None, "notes": " "})

    answer = data["updateCall"]
    assert (answer["id"], answer["title"], answer["shortSummary"], answer["notes"]) == (
        str(call.id),
        "New",
        "Same",
        None,
    )
    stored = await load(resources, call.id)
    assert (stored.title_edited_at, stored.summary_edited_at) == (stored.updated_at, None)
    assert stored.updated_at > NOON


async def test_same_texts_leave_updated_at_alone(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice, title="Same", updated_at=NOON)

    data = await client.get(UPDATE, id=str(call.id), input={"title": "Same", "notes": ""})

    assert data["updateCall"]["updatedAt"] == "2026-02-09T12:00:00Z"


async def test_missing_malformed_and_foreign_calls_look_the_same(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)

    for call_id in (str(uuid4()), "nonsense", str(call.id)):
        refused = await stranger.refused(UPDATE, id=call_id, input={"title": "Mine"})
        assert refused == {"code": "call_not_found", "status": 404, "details": {}}
    assert (await load(resources, call.id)).title is None


async def test_bad_texts_are_refused_together_and_before_the_id(client: Client) -> None:
    refused = await client.refused(
        UPDATE, id="nonsense", input={"title": "x" * 301, "summary": "a\x00", "notes": "x" * 20_001}
    )

    assert [problem["field"] for problem in refused["details"]["fields"]] == ["title", "summary", "notes"]
