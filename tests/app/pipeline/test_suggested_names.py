"""Stage 9 on a call's way, with a scripted namer over the real database, storage and queue. pipeline.md, section 3."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import update
from sqlmodel import col

from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.calls.reanalysis import reanalyze_call
from app.observability.logging import configure_logging
from app.providers.protocols import NameSuggestion
from app.resources import Resources
from app.settings import load_settings
from tests.app.pipeline.test_orchestrator import artifact_types, events_of, queued, read_call, work
from tests.engines import MARKER, RAW, TURNS, Script, ScriptedAnalyst, ScriptedNamer
from tests.factories import Factory
from tests.finished import finished_call, read_events, read_stored

LINES = (f"We talk about the {MARKER}.", "Oh, and it's Anneke, by the way.", "So it is.")
NAMELESS = orjson.dumps(
    {
        "segments": [
            {"id": index, "start": turn.start_seconds, "end": turn.end_seconds, "text": said}
            for index, (turn, said) in enumerate(zip(TURNS, LINES, strict=True))
        ]
    }
)
ANNEKE = NameSuggestion("spk_2", "Anneke", "CONTACT", "HIGH", "seg_0002", "it's Anneke, by the way")


@pytest.fixture
def script() -> Script:
    made = Script()
    made.transcriber.content = NAMELESS
    return made


@pytest.fixture
def namer() -> ScriptedNamer:
    return ScriptedNamer(suggestions=(ANNEKE,))


@pytest.fixture
def process(resources: Resources, namer: ScriptedNamer) -> Resources:
    """What a process with that namer has."""
    return replace(resources, speaker_namer=namer)


async def read_transcript(resources: Resources, call: CallRecord) -> dict[str, Any]:
    artifact = await read_artifact(resources, call.id, ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    assert artifact is not None
    document: dict[str, Any] = orjson.loads(artifact[0])
    return document


def without_own_members(document: dict[str, Any]) -> dict[str, Any]:
    """What is the same for two calls with one content."""
    return {name: value for name, value in document.items() if name not in ("callId", "createdAt")}


async def test_name_that_is_proven_is_stored_and_analysed(
    process: Resources, factory: Factory, alice: UUID, script: Script, namer: ScriptedNamer
) -> None:
    call = await queued(factory, alice)

    await work(process, script, call.id)

    document = await read_transcript(process, call)
    [(analysed, _)] = script.analyst.requests
    assert (await read_call(process, call.id)).status == CallStatus.COMPLETED
    assert [speaker["displayName"] for speaker in document["speakers"]] == [None, "Anneke"]
    assert [speaker["labelSource"] for speaker in document["speakers"]] == ["DIARIZATION", "LLM_INFERENCE"]
    assert document["segments"][1]["speaker"] == "Anneke"
    assert "Anneke: Oh, and it's Anneke, by the way." in document["cleanText"]
    assert document["speakerResolution"]["resolvedSpeakerCount"] == 1
    assert document["speakerResolution"]["warnings"] == []
    assert analysed.speakers[1].display_name == "Anneke"
    events = await events_of(process, call.id)
    refined = events.index("SPEAKER_REFINED COMPLETED")
    assert events[refined : refined + 3] == [
        "SPEAKER_REFINED COMPLETED",
        "SPEAKER_NAMING_LLM COMPLETED",
        "ANALYZED COMPLETED",
    ]
    assert namer.asked == 1


async def test_failing_model_leaves_the_transcript_as_it_was(
    process: Resources, factory: Factory, alice: UUID, script: Script, namer: ScriptedNamer
) -> None:
    call, plain = await queued(factory, alice), await queued(factory, alice)
    namer.errors = [TimeoutError()]

    await work(process, script, call.id)
    await work(replace(process, speaker_namer=None), script, plain.id)

    left, expected = await read_transcript(process, call), await read_transcript(process, plain)
    assert without_own_members(left) == without_own_members(expected)
    assert (await read_call(process, call.id)).status == CallStatus.COMPLETED
    assert "SPEAKER_NAMING_LLM FAILED" in await events_of(process, call.id)
    assert not [event for event in await events_of(process, plain.id) if event.startswith("SPEAKER_NAMING_LLM")]


async def test_unproven_name_leaves_the_transcript_as_it_was(
    process: Resources, factory: Factory, alice: UUID, script: Script, namer: ScriptedNamer
) -> None:
    call, plain = await queued(factory, alice), await queued(factory, alice)
    namer.suggestions = (replace(ANNEKE, speaker_id="spk_1"),)

    await work(process, script, call.id)
    await work(replace(process, speaker_namer=None), script, plain.id)

    left, expected = await read_transcript(process, call), await read_transcript(process, plain)
    assert without_own_members(left) == without_own_members(expected)
    assert "SPEAKER_NAMING_LLM COMPLETED" in await events_of(process, call.id)


async def test_model_is_not_asked_when_everybody_is_known(
    process: Resources, factory: Factory, script: Script, namer: ScriptedNamer
) -> None:
    meera = await factory.user("meera", display_name="Alice")
    call = await queued(factory, meera, contact_name="Robert")
    script.transcriber.content = RAW

    await work(process, script, call.id)

    document = await read_transcript(process, call)
    assert [speaker["role"] for speaker in document["speakers"]] == ["USER", "CONTACT"]
    assert "SPEAKER_NAMING_LLM SKIPPED" in await events_of(process, call.id)
    assert namer.asked == 0


async def test_claim_lost_while_the_model_thinks_ends_the_run(
    process: Resources, factory: Factory, alice: UUID, script: Script, namer: ScriptedNamer
) -> None:
    call = await queued(factory, alice)
    namer.gate = asyncio.Event()
    run = asyncio.create_task(work(process, script, call.id))
    await asyncio.wait_for(namer.entered.wait(), 30)
    async with process.database.transaction() as session:
        await session.execute(update(CallRecord).where(col(CallRecord.id) == call.id).values(claim_token=uuid4()))

    namer.gate.set()
    await run

    assert (await read_call(process, call.id)).status == CallStatus.TRANSCRIBING
    assert "NORMALIZED_TRANSCRIPT_JSON" not in await artifact_types(process, call.id)
    assert script.analyst.asked == 0


async def test_reanalysis_asks_anew_where_the_transcript_is_rebuilt(
    process: Resources, factory: Factory, alice: UUID, namer: ScriptedNamer
) -> None:
    rebuilt = await finished_call(factory, alice, raw=NAMELESS)
    kept = await finished_call(factory, alice, raw=None)
    process = replace(process, analyst=ScriptedAnalyst())

    for call in (rebuilt, kept):
        await reanalyze_call(process, user_id=alice, call_id=call.id, keyed=None)

    stored = await read_stored(process, rebuilt)
    assert [speaker["displayName"] for speaker in stored.transcript["speakers"]] == [None, "Anneke"]
    assert "SPEAKER_NAMING_LLM COMPLETED" in await read_events(process, rebuilt)
    assert namer.asked == 1


async def test_no_log_line_holds_what_was_suggested(
    process: Resources,
    factory: Factory,
    alice: UUID,
    script: Script,
    namer: ScriptedNamer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(load_settings(log_level="INFO"))
    good, bad = await queued(factory, alice), await queued(factory, alice)

    await work(process, script, good.id)
    namer.errors = [RuntimeError(f"could not digest {MARKER} of Anneke")]
    await work(process, script, bad.id)

    told = capsys.readouterr().err
    assert (MARKER in told, "anneke" in told.lower()) == (False, False)
    assert "stage=SPEAKER_NAMING_LLM" in told
    assert "event=speaker_naming_failed" in told
    assert "error=RuntimeError" in told
