"""`actionItems` and the mutations of action items. Source: rest.md, sections 2.10, 2.11, 3.5 and 3.6."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.actions.models import ActionItem, ActionPriority, ActionSource, ActionStatus
from app.calls.models import CallStatus
from app.resources import Resources
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

FIELDS = """
  id callId title description dueDate status priority source contactId sourceText ownerSpeakerId ownerSpeakerLabel
  ownerDisplayName ownerRole sourceSegmentIds intent
  intentMetadata { providerHint attendees { name email } toName subject durationMinutes }
  createdAt updatedAt
"""
ITEMS = f"""
query ListActions($first: Int! = 50, $after: String, $status: ActionStatus, $callId: ID) {{
  actionItems(first: $first, after: $after, status: $status, callId: $callId) {{
    nodes {{ {FIELDS} }} endCursor hasNextPage
  }}
}}
"""
SET_STATUS = f"""
mutation UpdateActionStatus($id: ID!, $status: ActionStatus!) {{
  setActionItemStatus(id: $id, status: $status) {{ {FIELDS} }}
}}
"""
OF_CALL = (
    f"query ($id: ID!) {{ call(id: $id) {{ id }} actionItems(first: 1000, callId: $id) {{ nodes {{ {FIELDS} }} }} }}"
)
CREATE = f"""
mutation CreateAction($callId: ID!, $input: CreateActionItemInput!) {{
  createActionItem(callId: $callId, input: $input) {{ {FIELDS} }}
}}
"""
REPLACE = f"""
mutation ReplaceAction($id: ID!, $input: ReplaceActionItemInput!) {{
  replaceActionItem(id: $id, input: $input) {{ {FIELDS} }}
}}
"""
DELETE = "mutation DeleteAction($id: ID!) { deleteActionItem(id: $id) }"
NOON = datetime(2026, 2, 9, 12, 0, 0, tzinfo=UTC)


async def load(resources: Resources, item_id: UUID) -> ActionItem:
    async with resources.database.read() as session:
        item = await session.get(ActionItem, item_id)
    assert item is not None
    return item


async def test_item_shows_every_field(client: Client, factory: Factory, alice: UUID) -> None:
    contact_id = uuid4()
    call = await factory.call(alice, scryon_contact_id=contact_id)
    item = await factory.action_item(
        call,
        title="Mail the January X-ray",
        description="Needed before Wednesday.",
        due_date=date(2026, 2, 10),
        priority=ActionPriority.HIGH,
        contact_id=uuid4(),
        source_text="priority=high; segments=seg_0005",
        owner_speaker_id="spk_1",
        owner_speaker_label="Speaker 1",
        owner_display_name="Tobias Lind",
        owner_role="CONTACT",
        owner_speaker_raw="the carpenter",
        source_segment_ids_json=["seg_0005"],
        intent="email",
        intent_metadata_json={"toName": "Meera", "subject": "January X-ray", "attendees": [{"name": "Yara"}]},
        created_at=NOON.replace(microsecond=901_000),
        updated_at=NOON,
    )

    data = await client.get(ITEMS)

    assert data["actionItems"] == {
        "nodes": [
            {
                "id": str(item.id),
                "callId": str(call.id),
                "title": "Mail the January X-ray",
                "description": "Needed before Wednesday.",
                "dueDate": "2026-02-10",
                "status": "OPEN",
                "priority": "HIGH",
                "source": "AI",
                "contactId": str(contact_id),
                "sourceText": "priority=high; segments=seg_0005",
                "ownerSpeakerId": "spk_1",
                "ownerSpeakerLabel": "Speaker 1",
                "ownerDisplayName": "Tobias Lind",
                "ownerRole": "CONTACT",
                "sourceSegmentIds": ["seg_0005"],
                "intent": "email",
                "intentMetadata": {
                    "providerHint": None,
                    "attendees": [{"name": "Yara", "email": None}],
                    "toName": "Meera",
                    "subject": "January X-ray",
                    "durationMinutes": None,
                },
                "createdAt": "2026-02-09T12:00:00.901Z",
                "updatedAt": "2026-02-09T12:00:00Z",
            }
        ],
        "endCursor": None,
        "hasNextPage": False,
    }


async def test_item_with_nothing_set_shows_nulls(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    item = await factory.action_item(call, title="Old", source=None, created_at=NOON, updated_at=NOON)

    data = await client.get(ITEMS)

    shown = {name: value for name, value in data["actionItems"]["nodes"][0].items() if value is not None}
    assert shown == {
        "id": str(item.id),
        "callId": str(call.id),
        "title": "Old",
        "status": "OPEN",
        "ownerRole": "UNKNOWN",
        "sourceSegmentIds": [],
        "createdAt": "2026-02-09T12:00:00Z",
        "updatedAt": "2026-02-09T12:00:00Z",
    }


async def test_items_of_all_calls_come_newest_first(client: Client, factory: Factory, alice: UUID, bob: UUID) -> None:
    one, other = await factory.call(alice), await factory.call(alice, status=CallStatus.QUEUED)
    first = await factory.action_item(one, created_at=NOON)
    second = await factory.action_item(other, created_at=NOON, id=UUID(int=first.id.int + 1))
    third = await factory.action_item(one, created_at=NOON + timedelta(microseconds=1), source=ActionSource.MANUAL)
    await factory.action_item(await factory.call(bob))

    data = await client.get(ITEMS)

    assert [node["id"] for node in data["actionItems"]["nodes"]] == [str(third.id), str(second.id), str(first.id)]


async def test_items_can_be_narrowed(client: Client, factory: Factory, alice: UUID, bob: UUID) -> None:
    call, foreign = await factory.call(alice), await factory.call(bob)
    done = await factory.action_item(call, status=ActionStatus.DONE)
    await factory.action_item(call)
    elsewhere = await factory.action_item(await factory.call(alice), status=ActionStatus.DONE)
    await factory.action_item(foreign, status=ActionStatus.DONE)

    async def ids(**variables: Any) -> set[str]:
        data = await client.get(ITEMS, **variables)
        return {node["id"] for node in data["actionItems"]["nodes"]}

    assert await ids(status="DONE") == {str(done.id), str(elsewhere.id)}
    assert await ids(status="DONE", callId=str(call.id)) == {str(done.id)}
    assert await ids(callId=str(foreign.id)) == set()
    assert await ids(callId=str(uuid4())) == set()


async def test_walk_over_equal_times_sees_each_item_once(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)
    items = [
        ActionItem(
            call_record_id=call.id, user_id=alice, title="Same", created_at=NOON - timedelta(seconds=number // 9)
        )
        for number in range(40)
    ]
    async with resources.database.transaction() as session:
        session.add_all(items)
    seen: list[str] = []
    after: str | None = None

    while True:
        page = (await client.get(ITEMS, first=7, after=after))["actionItems"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break

    assert seen == [str(item.id) for item in sorted(items, key=lambda item: (item.created_at, item.id), reverse=True)]


@pytest.mark.parametrize(
    ("variables", "field", "message"),
    [
        ({"first": 0}, "first", "must be between 1 and 1000"),
        ({"first": 1001}, "first", "must be between 1 and 1000"),
        ({"after": "nonsense"}, "cursor", "must be a cursor of an earlier page"),
        ({"callId": "nonsense"}, "callId", "must be a UUID"),
    ],
)
async def test_bad_arguments_are_refused(client: Client, variables: dict[str, Any], field: str, message: str) -> None:
    assert await client.refused(ITEMS, **variables) == {
        "code": "validation_failed",
        "status": 400,
        "details": {"fields": [{"field": field, "message": message}]},
    }


async def test_list_of_items_is_one_statement(
    client: Client, factory: Factory, alice: UUID, statements: Counter
) -> None:
    for _ in range(3):
        await factory.action_item(await factory.call(alice))

    async with statements() as found:
        await client.get(ITEMS)

    assert len(found) == 1


async def test_status_can_be_set_to_any_and_back(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)
    item = await factory.action_item(call, created_at=NOON, updated_at=NOON)

    done = (await client.get(SET_STATUS, id=str(item.id).upper(), status="DONE"))["setActionItemStatus"]
    stored_done = await load(resources, item.id)
    reopened = (await client.get(SET_STATUS, id=str(item.id), status="IN_PROGRESS"))["setActionItemStatus"]
    stored_reopened = await load(resources, item.id)

    assert (done["id"], done["status"], done["createdAt"]) == (str(item.id), "DONE", "2026-02-09T12:00:00Z")
    assert stored_done.completed_at == stored_done.updated_at
    assert stored_done.updated_at > NOON
    assert (reopened["status"], stored_reopened.completed_at) == ("IN_PROGRESS", None)
    assert stored_reopened.updated_at > stored_done.updated_at


async def test_present_status_changes_nothing(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)
    item = await factory.action_item(
        call, status=ActionStatus.DONE, created_at=NOON, updated_at=NOON, completed_at=NOON
    )

    data = await client.get(SET_STATUS, id=str(item.id), status="DONE")

    stored = await load(resources, item.id)
    assert data["setActionItemStatus"]["updatedAt"] == "2026-02-09T12:00:00Z"
    assert (stored.updated_at, stored.completed_at) == (NOON, NOON)


async def test_missing_malformed_and_foreign_items_look_the_same(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    item = await factory.action_item(await factory.call(alice))

    for item_id in (str(uuid4()), "nonsense", str(item.id)):
        assert await stranger.refused(SET_STATUS, id=item_id, status="DONE") == {
            "code": "action_item_not_found",
            "status": 404,
            "details": {},
        }
    assert (await load(resources, item.id)).status == ActionStatus.OPEN


@pytest.mark.parametrize("status", ["PENDING", "COMPLETED", "done", None])
async def test_unknown_statuses_are_refused(client: Client, status: str | None) -> None:
    refused = await client.refused(SET_STATUS, id=str(uuid4()), status=status)

    assert (refused["code"], refused["status"]) == ("validation_failed", 400)
    assert [problem["field"] for problem in refused["details"]["fields"]] == ["variables.status"]


@pytest.mark.parametrize("count", [1, 50])
async def test_items_of_one_call_take_two_statements(
    client: Client, factory: Factory, alice: UUID, statements: Counter, count: int
) -> None:
    call = await factory.call(alice)
    for _ in range(count):
        await factory.action_item(call)

    async with statements() as found:
        data = await client.get(OF_CALL, id=str(call.id))

    assert (len(data["actionItems"]["nodes"]), len(found)) == (count, 2)


async def test_item_is_made_by_hand(client: Client, factory: Factory, resources: Resources, alice: UUID) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED, scryon_contact_id=uuid4())

    data = await client.get(
        CREATE, callId=str(call.id), input={"title": " Call back ", "dueDate": "2026-02-12", "status": "DONE"}
    )

    item = data["createActionItem"]
    assert (item["title"], item["dueDate"], item["status"], item["priority"]) == (
        "Call back",
        "2026-02-12",
        "DONE",
        None,
    )
    assert (item["source"], item["intent"], item["ownerRole"]) == ("MANUAL", "none", "UNKNOWN")
    stored = await load(resources, UUID(item["id"]))
    assert (stored.user_id, stored.call_record_id, stored.contact_id) == (alice, call.id, call.scryon_contact_id)
    assert stored.completed_at is not None


async def test_content_is_replaced_and_the_rest_stays(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    item = await factory.action_item(
        await factory.call(alice), description="Soon.", priority=ActionPriority.LOW, source_text="x", updated_at=NOON
    )

    data = await client.get(REPLACE, id=str(item.id), input={"title": "Call them", "status": "DONE"})

    stored = await load(resources, item.id)
    assert data["replaceActionItem"]["title"] == "Call them"
    assert (stored.description, stored.priority, stored.source_text) == (None, None, "x")
    assert stored.completed_at == stored.updated_at
    assert stored.updated_at > NOON


async def test_same_content_changes_nothing(
    client: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    call = await factory.call(alice)
    item = await factory.action_item(call, status=ActionStatus.DONE, completed_at=NOON, updated_at=NOON)

    await client.get(REPLACE, id=str(item.id), input={"title": item.title, "status": "DONE", "description": " "})

    stored = await load(resources, item.id)
    assert (stored.updated_at, stored.completed_at) == (NOON, NOON)


async def test_item_is_deleted(client: Client, factory: Factory, alice: UUID) -> None:
    item = await factory.action_item(await factory.call(alice))

    first = await client.get(DELETE, id=str(item.id).upper())
    second = await client.refused(DELETE, id=str(item.id))

    assert first == {"deleteActionItem": str(item.id)}
    assert (second["code"], second["status"]) == ("action_item_not_found", 404)


async def test_calls_and_items_of_others_cannot_be_written_to(
    stranger: Client, factory: Factory, resources: Resources, alice: UUID
) -> None:
    item = await factory.action_item(await factory.call(alice))
    content = {"title": "Mine", "status": "DONE"}

    for call_id in (str(item.call_record_id), str(uuid4()), "nonsense"):
        refused = await stranger.refused(CREATE, callId=call_id, input=content)
        assert refused == {"code": "call_not_found", "status": 404, "details": {}}
    for item_id in (str(item.id), str(uuid4()), "nonsense"):
        for document in (REPLACE, DELETE):
            refused = await stranger.refused(document, id=item_id, input=content)
            assert refused == {"code": "action_item_not_found", "status": 404, "details": {}}
    assert (await load(resources, item.id)).title == item.title


@pytest.mark.parametrize("document", [CREATE, REPLACE])
async def test_bad_texts_are_refused_together_and_before_ids(client: Client, document: str) -> None:
    refused = await client.refused(
        document, id="x", callId="x", input={"title": " ", "description": "x" * 5001, "status": "OPEN"}
    )

    assert refused["details"] == {
        "fields": [
            {"field": "title", "message": "must not be blank"},
            {"field": "description", "message": "must have at most 5000 characters"},
        ]
    }
