"""`calls` and `callPage`. Source: rest.md, sections 1.8 and 2.3."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete
from sqlmodel import col

from app.actions.models import ActionItem, ActionStatus
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.resources import Resources
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

CALLS = """
query ListCalls($first: Int! = 50, $after: String, $status: CallStatus, $contactId: ID) {
  calls(first: $first, after: $after, status: $status, contactId: $contactId) {
    nodes { id title status direction createdAt tags actionItemCount firstActionTitle }
    endCursor
    hasNextPage
  }
}
"""
PAGE = """
query ListCallPage($page: Int! = 0, $size: Int! = 50, $status: CallStatus) {
  callPage(page: $page, size: $size, status: $status) { id }
}
"""
EVERYTHING = """
{
  calls(first: 100) {
    nodes {
      id notes
      contact { id }
      actionItems(first: 3) { id }
      events { stage }
      transcript { document }
      analysis { document }
    }
  }
}
"""
NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)


async def add_calls(resources: Resources, owner: UUID, count: int) -> list[CallRecord]:
    """Calls of which five at a time share a time, in no particular order."""
    calls = [
        CallRecord(
            user_id=owner,
            status=CallStatus.COMPLETED,
            title=f"Call {number}",
            created_at=NOON - timedelta(seconds=number // 5, microseconds=number // 5),
        )
        for number in range(count)
    ]
    async with resources.database.transaction() as session:
        session.add_all(random.Random(7).sample(calls, count))
    return calls


def in_order(calls: list[CallRecord]) -> list[str]:
    return [str(call.id) for call in sorted(calls, key=lambda call: (call.created_at, call.id), reverse=True)]


async def test_list_is_empty_at_first(client: Client) -> None:
    data = await client.get(CALLS)

    assert data["calls"] == {"nodes": [], "endCursor": None, "hasNextPage": False}


async def test_list_shows_own_calls_newest_first(client: Client, factory: Factory, alice: UUID, bob: UUID) -> None:
    older = await factory.call(alice, title="Older", created_at=NOON, tags_json=["x-ray"])
    newer = await factory.call(alice, title="Newer", created_at=NOON + timedelta(microseconds=1))
    await factory.call(bob)
    await factory.action_item(older, title="Second", created_at=NOON)
    await factory.action_item(older, title="First", created_at=NOON - timedelta(days=1))
    await factory.action_item(newer, title="Dismissed", status=ActionStatus.DISMISSED)

    data = await client.get(CALLS)

    common = {"status": "COMPLETED", "direction": "UNKNOWN", "createdAt": "2026-02-09T12:00:00Z"}
    assert data["calls"]["nodes"] == [
        {"id": str(newer.id), "title": "Newer", "tags": [], "actionItemCount": 0, "firstActionTitle": None, **common},
        {
            "id": str(older.id),
            "title": "Older",
            "tags": ["x-ray"],
            "actionItemCount": 2,
            "firstActionTitle": "First",
            **common,
        },
    ]


async def test_list_can_be_narrowed_to_a_status(client: Client, factory: Factory, alice: UUID) -> None:
    failed = await factory.call(alice, status=CallStatus.FAILED, error_reason="audio_missing")
    await factory.call(alice)

    listed = await client.get(CALLS, status="FAILED")
    paged = await client.get(PAGE, status="FAILED")

    assert [node["id"] for node in listed["calls"]["nodes"]] == [str(failed.id)]
    assert paged["callPage"] == [{"id": str(failed.id)}]


async def test_list_can_be_narrowed_to_a_contact(client: Client, factory: Factory, alice: UUID, bob: UUID) -> None:
    contact, foreign = await factory.contact(alice), await factory.contact(bob)
    older = await factory.call(alice, scryon_contact_id=contact.id, created_at=NOON)
    newer = await factory.call(alice, scryon_contact_id=contact.id, status=CallStatus.QUEUED)
    await factory.call(alice)
    await factory.call(bob, scryon_contact_id=foreign.id)

    async def ids(**variables: Any) -> list[str]:
        return [node["id"] for node in (await client.get(CALLS, **variables))["calls"]["nodes"]]

    assert await ids(contactId=str(contact.id).upper()) == [str(newer.id), str(older.id)]
    assert await ids(contactId=str(contact.id), status="QUEUED") == [str(newer.id)]
    assert await ids(contactId=str(foreign.id)) == []
    assert await ids(contactId=str(uuid4())) == []


async def test_last_page_has_no_cursor(client: Client, resources: Resources, alice: UUID) -> None:
    calls = await add_calls(resources, alice, 4)

    first = (await client.get(CALLS, first=2))["calls"]
    second = (await client.get(CALLS, first=2, after=first["endCursor"]))["calls"]

    assert [node["id"] for node in first["nodes"] + second["nodes"]] == in_order(calls)
    assert (first["hasNextPage"], second["hasNextPage"], second["endCursor"]) == (True, False, None)


async def test_cursor_with_nothing_behind_it_any_more_gives_an_empty_page(
    client: Client, resources: Resources, alice: UUID
) -> None:
    await add_calls(resources, alice, 2)
    cursor = (await client.get(CALLS, first=1))["calls"]["endCursor"]
    async with resources.database.transaction() as session:
        await session.execute(delete(CallRecord))

    data = await client.get(CALLS, first=1, after=cursor)

    assert data["calls"] == {"nodes": [], "endCursor": None, "hasNextPage": False}


async def test_walk_sees_each_old_call_once_while_calls_come_and_go(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    calls = await add_calls(resources, alice, 250)
    expected = in_order(calls)
    seen: list[str] = []
    after: str | None = None

    while True:
        page = (await client.get(CALLS, first=17, after=after))["calls"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["endCursor"]
        if after is None:
            break
        # The row that the cursor names goes, and a newer one comes.
        async with resources.database.transaction() as session:
            await session.execute(delete(CallRecord).where(col(CallRecord.id) == UUID(seen[-1])))
        await factory.call(alice, created_at=NOON + timedelta(seconds=len(seen)))

    assert seen == expected


async def test_legacy_pages_give_the_same_order(client: Client, resources: Resources, alice: UUID) -> None:
    calls = await add_calls(resources, alice, 11)

    pages = [(await client.get(PAGE, page=number, size=4))["callPage"] for number in range(4)]

    assert [node["id"] for page in pages for node in page] == in_order(calls)
    assert [len(page) for page in pages] == [4, 4, 3, 0]


@pytest.mark.parametrize(
    ("document", "variables", "field", "message"),
    [
        (CALLS, {"first": 0}, "first", "must be between 1 and 100"),
        (CALLS, {"first": 101}, "first", "must be between 1 and 100"),
        (CALLS, {"after": "nonsense"}, "cursor", "must be a cursor of an earlier page"),
        (CALLS, {"after": ""}, "cursor", "must be a cursor of an earlier page"),
        (CALLS, {"contactId": "nonsense"}, "contactId", "must be a UUID"),
        (PAGE, {"page": -1}, "page", "must be between 0 and 100000"),
        (PAGE, {"page": 100_001}, "page", "must be between 0 and 100000"),
        (PAGE, {"size": 0}, "size", "must be between 1 and 200"),
        (PAGE, {"size": 201}, "size", "must be between 1 and 200"),
        ("{ calls { nodes { actionItems(first: 101) { id } } } }", {}, "first", "must be between 1 and 100"),
    ],
)
async def test_bad_arguments_are_refused(
    client: Client, factory: Factory, alice: UUID, document: str, variables: dict[str, Any], field: str, message: str
) -> None:
    await factory.call(alice)

    assert await client.refused(document, **variables) == {
        "code": "validation_failed",
        "status": 400,
        "details": {"fields": [{"field": field, "message": message}]},
    }


async def add_full_calls(resources: Resources, factory: Factory, owner: UUID, count: int) -> None:
    calls = await add_calls(resources, owner, count)
    async with resources.database.transaction() as session:
        for call in calls:
            session.add(ActionItem(call_record_id=call.id, user_id=owner, title="Call the plumber"))
            session.add(
                CallProcessingEvent(
                    call_id=call.id, user_id=owner, stage=Stage.CALL_QUEUED, status=StageStatus.COMPLETED
                )
            )
    for call in calls:
        await factory.document(call, ArtifactType.ANALYSIS_JSON, {"schemaVersion": 3})


@pytest.mark.parametrize(("document", "expected"), [(CALLS, 1), (PAGE, 1), (EVERYTHING, 6)])
async def test_page_costs_as_many_statements_for_fifty_calls_as_for_one(
    client: Client,
    factory: Factory,
    resources: Resources,
    alice: UUID,
    statements: Counter,
    document: str,
    expected: int,
) -> None:
    await add_full_calls(resources, factory, alice, 1)
    async with statements() as for_one:
        await client.get(document)
    await add_full_calls(resources, factory, alice, 49)

    async with statements() as for_fifty:
        await client.get(document)

    assert (len(for_one), len(for_fifty)) == (expected, expected)
