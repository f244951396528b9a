"""Calls whose analysis comes from a double of OpenAI, with the analyst that the settings choose."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.actions.models import ActionItem
from app.calls.artifacts import read_artifact
from app.calls.models import ArtifactType, CallRecord, CallStatus
from app.db import Database
from app.observability.logging import configure_logging
from app.pipeline.heartbeat import Heartbeat
from app.pipeline.orchestrator import process_call
from app.providers.openai.analyst import OpenAiAnalyst
from app.resources import Resources, open_resources
from app.settings import AnalysisProvider, Settings, load_settings
from tests.app.audio.recordings import read
from tests.doubles.http_double import Answer
from tests.doubles.openai import API_KEY, MODEL, PROSE, REFUSAL, Completion, OpenAi, refusal
from tests.engines import MARKER, RAW, Script
from tests.factories import Factory


@pytest.fixture
def service() -> Iterator[OpenAi]:
    """A double of OpenAI."""
    with OpenAi() as double:
        yield double


@pytest.fixture
async def process(
    settings: Settings, resources: Resources, database: Database, service: OpenAi
) -> AsyncIterator[Resources]:
    """What a process has when there is a key for a model."""
    values = {"llm_api_key": API_KEY, "llm_base_url": service.base_url, "llm_model": MODEL}
    async with open_resources(settings.model_copy(update=values)) as opened:
        yield replace(opened, database=database)


async def finish(process: Resources, factory: Factory, owner: UUID, **values: Any) -> CallRecord:
    """Take a call of three sentences from QUEUED to its end; returns its row."""
    call = await factory.call(owner, status=CallStatus.QUEUED, **values)
    await factory.audio(call, read("voicemail.mono.flac"), extension="flac")
    script = Script()
    script.transcriber.content = RAW
    engines = replace(script.engines(), analyst=process.analyst)
    await process_call(process, engines, Heartbeat(process.database), call.id)
    async with process.database.read() as session:
        return (await session.execute(select(CallRecord).where(col(CallRecord.id) == call.id))).scalar_one()


async def items_of(process: Resources, call: CallRecord) -> list[ActionItem]:
    async with process.database.read() as session:
        statement = select(ActionItem).where(col(ActionItem.call_record_id) == call.id)
        return list((await session.execute(statement.order_by(col(ActionItem.created_at)))).scalars())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"llm_api_key": None}, "local"),
        ({}, "openai"),
        ({"llm_provider": AnalysisProvider.LOCAL}, "local"),
        ({"llm_api_key": None, "llm_provider": AnalysisProvider.OPENAI}, "openai"),
    ],
    ids=["no key", "key", "forced local", "forced openai"],
)
async def test_settings_choose_the_analyst(settings: Settings, values: dict[str, Any], expected: str) -> None:
    async with open_resources(settings.model_copy(update={"llm_api_key": API_KEY} | values)) as opened:
        assert opened.analyst.provider == expected


async def test_answer_is_stored_byte_for_byte_and_only_what_is_true_reaches_rows(
    process: Resources, factory: Factory, alice: UUID, service: OpenAi
) -> None:
    invented = {
        "title": "Write to the bank",
        "ownerSpeakerId": "spk_9",
        "ownerSpeakerLabel": "Speaker 9",
        "ownerDisplayName": "Mallory",
        "sourceSegmentIds": ["seg_0099", "seg_0003", "seg_abc"],
        "intent": "email",
        "intentMetadata": {"toEmail": "mallory@bank.example", "subject": "Price"},
    }
    many = [{"title": f"Task {number}", "ownerSpeakerId": "spk_1"} for number in range(199)]
    document = orjson.dumps({"oneLineSummary": "A price.", "actionItems": [invented, *many]}).decode()
    content = document.replace('"A price."', '\t"A price.","price": 1.50') + "\n "
    service.completion = Completion(content)

    call = await finish(process, factory, alice)

    items = await items_of(process, call)
    assert (call.status, call.short_summary) == (CallStatus.COMPLETED, "A price.")
    assert [item.title for item in items] == ["Write to the bank", *(f"Task {number}" for number in range(199))]
    first = items[0]
    assert (first.owner_speaker_id, first.owner_speaker_label) == (None, None)
    assert (first.owner_display_name, first.owner_role) == (None, None)
    assert (first.source_segment_ids_json, first.intent) == (["seg_0003"], "email")
    assert first.intent_metadata_json == {"subject": "Price"}
    assert await read_artifact(process, call.id, ArtifactType.ANALYSIS_JSON) == (content.encode(), 3)


@pytest.mark.parametrize(
    ("said", "reason", "requests"),
    [
        (refusal(401, "invalid_api_key"), "analysis_4xx", 1),
        (REFUSAL, "analysis_refused", 1),
        (PROSE, "analysis_invalid_response", 2),
    ],
    ids=["wrong key", "refusal", "prose"],
)
async def test_call_without_an_analysis_fails_and_tells_nothing(
    process: Resources,
    factory: Factory,
    alice: UUID,
    service: OpenAi,
    capsys: pytest.CaptureFixture[str],
    said: Answer | Completion,
    reason: str,
    requests: int,
) -> None:
    configure_logging(load_settings(log_level="DEBUG"))
    if isinstance(said, Answer):
        service.failure = said
    else:
        service.completion = said

    call = await finish(process, factory, alice)

    configure_logging(load_settings(log_level="ERROR"))
    assert (call.status, call.error_reason, len(service.requests)) == (CallStatus.FAILED, reason, requests)
    assert await read_artifact(process, call.id, ArtifactType.ANALYSIS_JSON) is None
    assert await items_of(process, call) == []
    told = capsys.readouterr().err
    assert "stage=ANALYZED status=FAILED" in told
    assert [secret for secret in (MARKER, API_KEY, "my analysis", "can't help") if secret in told] == []


async def test_forced_model_without_a_key_is_not_configured(
    resources: Resources, factory: Factory, alice: UUID
) -> None:
    process = replace(resources, analyst=OpenAiAnalyst(None, max_transcript_chars=200_000))

    call = await finish(process, factory, alice)

    assert (call.status, call.error_reason) == (CallStatus.FAILED, "analysis_not_configured")


async def test_nothing_that_was_not_said_leaves_the_machine(
    process: Resources, factory: Factory, service: OpenAi
) -> None:
    owner = await factory.user("ext-walrus", email="walrus@example.org", display_name="Wanda Walrus")
    contact = await factory.contact(owner, name="Quincy Quagmire", email="quagmire@example.org", notes="Wombat")
    values = {
        "title": "Xylophone with Quincy, 0151 12345678",
        "contact_name": "Quincy Quagmire",
        "contact_id": "device-4711",
        "scryon_contact_id": contact.id,
        "phone_number": "+4915112345678",
        "organization": "Yeti Incorporated",
        "notes": "Narwhal",
        "original_file_name": "Umbrella.flac",
        "direction": "OUTGOING",
    }

    call = await finish(process, factory, owner, **values)

    assert call.status == CallStatus.COMPLETED
    [request] = service.requests
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    sent = f"{request.path}\n{headers}\n".encode() + request.body
    assert MARKER.encode() in sent
    # Digits that stand there by chance.
    sent = sent.replace(str(call.id).encode(), b"").replace(service.host.encode(), b"")
    secrets = (
        *("walrus", "wanda", "quagmire", "quincy", "wombat", "xylophone", "device-4711", "yeti", "narwhal", "umbrella"),
        *("12345678", "345678", "5678", "contact ending", "example.org", str(owner), str(contact.id)),
    )
    assert [secret for secret in secrets if secret.encode() in sent.lower()] == []
