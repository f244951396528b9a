"""`reanalyzeCall`. Source: rest.md, section 3.3."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.calls.models import CallStatus
from app.deadline import deadline
from app.errors import ServiceUnavailableError
from app.pipeline.failures import FailureReason, HardFailureError
from app.resources import Resources
from app.settings import Profile
from tests.engines import ScriptedAnalyst
from tests.factories import Factory
from tests.finished import finished_call, read_stored
from tests.scryon_graphql.conftest import Client

REANALYZE = """
mutation ReanalyzeCall($id: ID!) {
  reanalyzeCall(id: $id) {
    id status title shortSummary notes tags actionItemCount firstActionTitle
    transcript { speakers { displayName } }
    analysis { oneLineSummary }
    actionItems { title source }
  }
}
"""


@pytest.fixture
def analyst() -> ScriptedAnalyst:
    return ScriptedAnalyst()


@pytest.fixture
def process(resources: Resources, analyst: ScriptedAnalyst) -> Resources:
    """What an API process with that analyst has."""
    return replace(resources, analyst=analyst)


@pytest.fixture
def client(process: Resources, alice: UUID) -> Client:
    """The schema as alice sees it."""
    return Client(process, alice)


async def test_answer_is_the_call_as_it_is_now(client: Client, factory: Factory, alice: UUID) -> None:
    call = await finished_call(factory, alice, notes="Prefers afternoons.")

    data = await client.get(REANALYZE, id=str(call.id))

    assert data == {
        "reanalyzeCall": {
            "id": str(call.id),
            "status": "COMPLETED",
            "title": "Old title",
            "shortSummary": "A revised price is to be sent by Friday.",
            "notes": "Prefers afternoons.",
            "tags": ["price", "offer"],
            "actionItemCount": 3,
            "firstActionTitle": "Mine",
            "transcript": {"speakers": [{"displayName": "Alice"}, {"displayName": "Robert"}]},
            "analysis": {"oneLineSummary": "A revised price is to be sent by Friday."},
            "actionItems": [
                {"title": "Call the warehouse", "source": "AI"},
                {"title": "Send the revised price", "source": "AI"},
                {"title": "Mine", "source": "MANUAL"},
            ],
        }
    }


async def test_missing_malformed_and_foreign_calls_look_the_same(
    client: Client, factory: Factory, process: Resources, bob: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, bob)
    before = await read_stored(process, call)

    refusals = [await client.refused(REANALYZE, id=id) for id in (str(call.id), str(uuid4()), "nonsense")]

    assert refusals == [{"code": "call_not_found", "status": 404, "details": {}}] * 3
    assert await read_stored(process, call) == before
    assert analyst.asked == 0


async def test_states_that_cannot_be_analysed_have_their_errors(client: Client, factory: Factory, alice: UUID) -> None:
    queued = await finished_call(factory, alice, status=CallStatus.QUEUED)
    failed = await finished_call(factory, alice, status=CallStatus.FAILED, error_reason="audio_missing")
    empty = await finished_call(factory, alice, raw=None, transcript=None)

    refusals = [await client.refused(REANALYZE, id=str(call.id)) for call in (queued, failed, empty)]

    assert refusals == [
        {"code": "call_not_reanalyzable", "status": 409, "details": {"status": "QUEUED"}},
        {
            "code": "call_not_reanalyzable",
            "status": 409,
            "details": {"status": "FAILED", "errorReason": "audio_missing"},
        },
        {"code": "transcript_not_found", "status": 404, "details": {}},
    ]


async def test_second_one_at_the_same_time_is_refused(
    client: Client, factory: Factory, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    analyst.gate = asyncio.Event()
    running = asyncio.create_task(client.get(REANALYZE, id=str(call.id)))
    await asyncio.wait_for(analyst.entered.wait(), 30)

    refusal = await client.refused(REANALYZE, id=str(call.id))
    analyst.gate.set()
    data = await running

    assert refusal == {"code": "reanalyze_in_progress", "status": 409, "details": {}}
    assert data["reanalyzeCall"]["tags"] == ["price", "offer"]


async def test_failure_of_the_analyst_is_told_with_its_reason(
    client: Client, factory: Factory, process: Resources, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.errors = [HardFailureError(FailureReason.ANALYSIS_TRUNCATED)]

    refusal = await client.refused(REANALYZE, id=str(call.id))

    assert refusal == {"code": "analysis_failed", "status": 502, "details": {"reason": "analysis_truncated"}}
    assert await read_stored(process, call) == before


async def test_it_is_not_offered_in_production(
    factory: Factory, process: Resources, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    settings = process.settings.model_copy(update={"configured_profile": Profile.PROD})
    client = Client(replace(process, settings=settings), alice)

    refusal = await client.refused(REANALYZE, id=str(call.id))

    assert refusal == {"code": "feature_not_available", "status": 404, "details": {}}
    assert analyst.asked == 0


async def test_analyst_who_takes_too_long_is_not_waited_for(
    client: Client, factory: Factory, process: Resources, alice: UUID, analyst: ScriptedAnalyst
) -> None:
    call = await finished_call(factory, alice)
    before = await read_stored(process, call)
    analyst.gate = asyncio.Event()

    with pytest.raises(ServiceUnavailableError):
        async with deadline(0.5):
            await client.run(REANALYZE, id=str(call.id))
    after = await read_stored(process, call)
    analyst.gate.set()
    data = await client.get(REANALYZE, id=str(call.id))

    assert after == before
    assert data["reanalyzeCall"]["tags"] == ["price", "offer"]
