"""`call`, `callStatuses` and the fields of a call. Source: rest.md, sections 2.4 and 2.5."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from strawberry.types.base import get_object_definition

from app.actions.models import ActionStatus
from app.calls.models import ArtifactType, CallStatus, Direction
from app.calls.queries import CallRow
from app.contacts.models import Contact
from app.pipeline.models import CallProcessingEvent, Stage, StageStatus
from app.resources import Resources
from scryon_graphql.calls.types import Call
from tests.conftest import Counter
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

CALL = """
query GetCall($id: ID!) {
  call(id: $id) {
    id status title originalFileName direction contactName contactId phoneNumber organization scryonContactId
    durationSeconds recordedAt createdAt updatedAt shortSummary notes tags errorReason errorMessage
    actionItemCount firstActionTitle
  }
}
"""
STATUSES = "query GetCallStatuses($ids: [ID!]!) { callStatuses(ids: $ids) { items { id status } nextPollMs } }"
NOT_FOUND = {"code": "call_not_found", "status": 404, "details": {}}


async def test_call_shows_every_field(client: Client, factory: Factory, alice: UUID) -> None:
    contact_id = uuid4()
    call = await factory.call(
        alice,
        title="Thursday appointment",
        original_file_name="REC_20260209_1012.m4a",
        direction=Direction.OUTGOING,
        contact_name="Tobias Lind",
        contact_id="contacts:118",
        phone_number="+49 30 5550 4471",
        organization="Lind Woodworks",
        scryon_contact_id=contact_id,
        duration_seconds=31,
        recorded_at=datetime(2026, 2, 9, 9, 12, 40, tzinfo=UTC),
        created_at=datetime(2026, 2, 9, 9, 13, 20, 114_999, tzinfo=UTC),
        updated_at=datetime(2026, 2, 9, 9, 14, 31, 902_000, tzinfo=UTC),
        short_summary="The Thursday appointment moves.",
        notes="Prefers afternoons.",
        tags_json=["appointment", "x-ray"],
    )

    data = await client.get(CALL, id=str(call.id).upper())

    assert data["call"] == {
        "id": str(call.id),
        "status": "COMPLETED",
        "title": "Thursday appointment",
        "originalFileName": "REC_20260209_1012.m4a",
        "direction": "OUTGOING",
        "contactName": "Tobias Lind",
        "contactId": "contacts:118",
        "phoneNumber": "+49 30 5550 4471",
        "organization": "Lind Woodworks",
        "scryonContactId": str(contact_id),
        "durationSeconds": 31,
        "recordedAt": "2026-02-09T09:12:40Z",
        "createdAt": "2026-02-09T09:13:20.114Z",
        "updatedAt": "2026-02-09T09:14:31.902Z",
        "shortSummary": "The Thursday appointment moves.",
        "notes": "Prefers afternoons.",
        "tags": ["appointment", "x-ray"],
        "errorReason": None,
        "errorMessage": None,
        "actionItemCount": 0,
        "firstActionTitle": None,
    }


async def test_call_with_nothing_set_shows_nulls(client: Client, factory: Factory, alice: UUID) -> None:
    at = datetime(2026, 2, 6, 16, 40, 3, tzinfo=UTC)
    call = await factory.call(alice, status=CallStatus.QUEUED, created_at=at, updated_at=at)

    data = await client.get(CALL, id=str(call.id))

    shown = {name: value for name, value in data["call"].items() if value is not None}
    assert shown == {
        "id": str(call.id),
        "status": "QUEUED",
        "direction": "UNKNOWN",
        "recordedAt": "2026-02-06T16:40:03Z",
        "createdAt": "2026-02-06T16:40:03Z",
        "updatedAt": "2026-02-06T16:40:03Z",
        "tags": [],
        "actionItemCount": 0,
    }


async def test_failed_call_says_why(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice, status=CallStatus.FAILED, error_reason="transcription_timeout")

    data = await client.get("query ($id: ID!) { call(id: $id) { errorReason errorMessage } }", id=str(call.id))

    assert data["call"] == {
        "errorReason": "transcription_timeout",
        "errorMessage": "Transcription took too long.",
    }


async def test_call_counts_items_that_are_not_dismissed(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    at = datetime(2026, 2, 9, 9, 14, 31, tzinfo=UTC)
    await factory.action_item(call, title="Third", created_at=at.replace(second=33))
    await factory.action_item(call, title="Second, by id", created_at=at.replace(second=32), id=UUID(int=8))
    await factory.action_item(call, title="First, by id", created_at=at.replace(second=32), id=UUID(int=7))
    await factory.action_item(call, title="Dismissed", created_at=at, status=ActionStatus.DISMISSED)

    data = await client.get("query ($id: ID!) { call(id: $id) { actionItemCount firstActionTitle } }", id=str(call.id))

    assert data["call"] == {"actionItemCount": 3, "firstActionTitle": "First, by id"}


@pytest.mark.parametrize(
    "call_id", ["6a0c2cb1-52b1-4f52-8f7e-5f4f0d7a2c11", "nonsense", "", "{6a0c2cb1-52b1-4f52-8f7e-5f4f0d7a2c11}"]
)
async def test_unknown_and_malformed_ids_are_missing_calls(client: Client, call_id: str) -> None:
    assert await client.refused(CALL, id=call_id) == NOT_FOUND


async def test_foreign_call_is_a_missing_call(stranger: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)

    assert await stranger.refused(CALL, id=str(call.id)) == NOT_FOUND


async def test_call_is_one_statement(client: Client, factory: Factory, alice: UUID, statements: Counter) -> None:
    call = await factory.call(alice, notes="Prefers afternoons.")

    async with statements() as found:
        await client.get(CALL, id=str(call.id))

    assert len(found) == 1


async def test_call_page_comes_in_one_request(
    client: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    contact = Contact(user_id=alice, name="Tobias Lind")
    async with resources.database.transaction() as session:
        session.add(contact)
    call = await factory.call(alice, scryon_contact_id=contact.id)
    at = datetime(2026, 2, 9, 9, 14, 31, tzinfo=UTC)
    await factory.action_item(call, title="Older", created_at=at)
    await factory.action_item(call, title="Newer", created_at=at.replace(second=32))
    async with resources.database.transaction() as session:
        for second, status in ((20, StageStatus.STARTED), (25, StageStatus.COMPLETED)):
            session.add(
                CallProcessingEvent(
                    call_id=call.id,
                    user_id=alice,
                    stage=Stage.TRANSCRIBED,
                    status=status,
                    provider="local",
                    duration_ms=5000 if status is StageStatus.COMPLETED else None,
                    created_at=at.replace(second=second),
                )
            )
    await factory.document(call, ArtifactType.ANALYSIS_JSON, {"oneLineSummary": "It moves."}, schema_version=3)

    data = await client.get(
        """
        query ($id: ID!) {
          call(id: $id) {
            contact { name email }
            actionItems(first: 1) { title contactId }
            events { stage status provider durationMs createdAt }
            transcript { language }
            analysis { oneLineSummary }
          }
        }
        """,
        id=str(call.id),
    )

    assert data["call"] == {
        "contact": {"name": "Tobias Lind", "email": None},
        "actionItems": [{"title": "Newer", "contactId": str(contact.id)}],
        "events": [
            {
                "stage": "TRANSCRIBED",
                "status": "STARTED",
                "provider": "local",
                "durationMs": None,
                "createdAt": "2026-02-09T09:14:20Z",
            },
            {
                "stage": "TRANSCRIBED",
                "status": "COMPLETED",
                "provider": "local",
                "durationMs": 5000,
                "createdAt": "2026-02-09T09:14:25Z",
            },
        ],
        "transcript": None,
        "analysis": {"oneLineSummary": "It moves."},
    }


async def test_contact_of_somebody_else_stays_hidden(
    client: Client, factory: Factory, resources: Resources, alice: UUID, bob: UUID
) -> None:
    foreign = Contact(user_id=bob, name="Yara Haddad")
    async with resources.database.transaction() as session:
        session.add(foreign)
    call = await factory.call(alice, scryon_contact_id=foreign.id)

    data = await client.get("query ($id: ID!) { call(id: $id) { contact { name } } }", id=str(call.id))

    assert data["call"] == {"contact": None}


async def test_poll_keeps_the_order_of_first_mention(
    client: Client, factory: Factory, alice: UUID, bob: UUID, statements: Counter
) -> None:
    done = await factory.call(alice)
    failed = await factory.call(alice, status=CallStatus.FAILED, error_reason="audio_missing")
    foreign = await factory.call(bob)
    ids = [failed.id, uuid4(), done.id, foreign.id]

    async with statements() as found:
        data = await client.get(STATUSES, ids=[*map(str, ids), str(failed.id).upper()])

    assert data["callStatuses"] == {
        "items": [{"id": str(failed.id), "status": "FAILED"}, {"id": str(done.id), "status": "COMPLETED"}],
        "nextPollMs": 15000,
    }
    assert len(found) == 1


@pytest.mark.parametrize(
    "status", [CallStatus.QUEUED, CallStatus.TRANSCRIBING, CallStatus.ANALYZING, CallStatus.PROCESSING]
)
async def test_poll_is_quick_while_a_call_is_in_flight(
    client: Client, factory: Factory, alice: UUID, status: CallStatus
) -> None:
    done = await factory.call(alice)
    call = await factory.call(alice, status=status)

    data = await client.get(STATUSES, ids=[str(done.id), str(call.id)])

    assert data["callStatuses"]["nextPollMs"] == 3000


async def test_poll_of_unknown_calls_is_idle(client: Client) -> None:
    data = await client.get(STATUSES, ids=[str(uuid4())])

    assert data["callStatuses"] == {"items": [], "nextPollMs": 15000}


async def test_poll_takes_200_different_ids(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    ids = [str(call.id), *(str(uuid4()) for _ in range(199)), str(call.id)]

    data = await client.get(STATUSES, ids=ids)

    assert data["callStatuses"]["items"] == [{"id": str(call.id), "status": "COMPLETED"}]


@pytest.mark.parametrize(
    ("ids", "fields"),
    [
        ([], [{"field": "ids", "message": "must hold at least one id"}]),
        (
            ["nonsense", "6a0c2cb1-52b1-4f52-8f7e-5f4f0d7a2c11", "6a0c2cb152b14f528f7e5f4f0d7a2c11"],
            [{"field": "ids[0]", "message": "must be a UUID"}, {"field": "ids[2]", "message": "must be a UUID"}],
        ),
        (
            [str(UUID(int=number)) for number in range(201)],
            [{"field": "ids", "message": "must hold at most 200 different ids"}],
        ),
    ],
    ids=["none", "malformed", "too-many"],
)
async def test_poll_refuses_bad_ids(client: Client, ids: list[str], fields: list[dict[str, str]]) -> None:
    assert await client.refused(STATUSES, ids=ids) == {
        "code": "validation_failed",
        "status": 400,
        "details": {"fields": fields},
    }


def test_rows_of_calls_have_what_plain_fields_show() -> None:
    plain = [field.python_name for field in get_object_definition(Call, strict=True).fields if field.is_basic_field]

    assert [name for name in plain if not hasattr(CallRow, name)] == []
