"""A call as a collector sees it, from its upload to its end, with everything that it takes. Source: pipeline.md, 13."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.calls.models import CallStatus
from app.resources import Resources
from tests.doubles import lemonfox, openai, pyannote
from tests.doubles.lemonfox import Lemonfox, make_transcript
from tests.doubles.openai import Completion, OpenAi
from tests.doubles.otlp import CollectedSpan, Collector
from tests.doubles.pyannote import Pyannote
from tests.jobs.working import working
from tests.rest.serving import rest_client
from tests.voices import add_profile, make_sample

DEADLINE_SECONDS = 30
SECRETS = (
    "Wolpertinger",
    "5550613",
    "Okapi",
    "bandersnatch",
    "zebracrossing",
    "quaggasummary",
    "palimpsest",
    "127.0.0.1:",
)
METADATA = {"title": "Okapi", "phoneNumber": "+49 170 5550613", "direction": "OUTGOING"}
STAGES = {
    "pipeline.audio_preprocess": "AUDIO_PREPROCESSED",
    "pipeline.diarize": "DIARIZED",
    "pipeline.transcribe": "TRANSCRIBED",
    "pipeline.align": "TRANSCRIPT_ALIGNED",
    "pipeline.normalize": "TRANSCRIPT_NORMALIZED",
    "pipeline.voice_match": "VOICE_MATCH_STARTED",
    "pipeline.speaker_resolve": "SPEAKER_REFINED",
    "pipeline.speaker_naming_llm": "SPEAKER_NAMING_LLM",
    "pipeline.analyze": "ANALYZED",
    "pipeline.action_items": "ACTION_ITEMS_EXTRACTED",
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as double:
        yield double


@pytest.fixture
def tracing(collector: Collector) -> dict[str, Any]:
    """The settings of a process that traces everything."""
    return {
        "tracing_enabled": True,
        "management_tracing_enabled": True,
        "otel_exporter_otlp_endpoint": collector.endpoint,
        "otel_traces_sampler_arg": 1.0,
    }


@pytest.fixture
def providers() -> Iterator[dict[str, Any]]:
    """The settings of a process that asks all three providers, of whom each says something secret."""
    with Lemonfox() as transcription, Pyannote() as diarization, OpenAi() as model:
        document = make_transcript()
        document["segments"][0] |= {"text": "Hello from the zebracrossing.", "words": []}
        transcription.document = document
        model.completion = Completion(json.dumps({"oneLineSummary": "quaggasummary", "speakers": []}))
        yield {
            "lemonfox_api_key": lemonfox.KEY,
            "lemonfox_base_url": transcription.base_url,
            "pyannote_api_key": pyannote.KEY,
            "pyannote_base_url": diarization.url,
            "diarization_poll_interval_seconds": 0.05,
            "voice_embedding_enabled": True,
            "llm_api_key": openai.API_KEY,
            "llm_base_url": model.base_url,
            "llm_model": openai.MODEL,
            "llm_speaker_naming_enabled": True,
        }


async def process(client: httpx.AsyncClient) -> UUID:
    """A call from its upload to COMPLETED; `client` asks for one."""
    answer = await client.post(
        "/api/calls/analyze",
        files={"file": ("bandersnatch.wav", make_sample(8.0))},
        data={"metadata": json.dumps(METADATA)},
        headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"},
    )
    assert answer.status_code == 202, answer.text
    call_id = answer.json()["callId"]

    async def is_over() -> bool:
        call = (await client.get(f"/api/calls/{call_id}")).json()
        return call["status"] in (CallStatus.COMPLETED, CallStatus.FAILED)

    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await is_over():  # noqa: ASYNC110  (it is in the database)
            await asyncio.sleep(0.05)
    return UUID(call_id)


def draw(spans: list[CollectedSpan], parent: CollectedSpan | None = None) -> dict[str, Any]:
    """The names of spans as a tree; of several alike below one parent, one is shown."""
    below = [span for span in spans if span.parent_id == (parent.span_id if parent else None)]
    return {_plain(span.name): draw(spans, span) for span in below}


def _plain(name: str) -> str:
    """Without the numbers that providers have given to jobs and addresses."""
    return re.sub(r"/(jobs|put)/\S+", r"/\1/…", name)


async def test_whole_call_is_one_tree(
    resources: Resources, owner: UUID, collector: Collector, tracing: dict[str, Any], providers: dict[str, Any]
) -> None:
    values = tracing | providers
    await add_profile(resources, owner)
    async with rest_client(resources, **values) as client, working(resources.settings.model_copy(update=values)):
        call_id = await process(client)

    [upload] = [span for span in collector.spans if span.name == "POST /api/calls/analyze"]
    spans = [span for span in collector.spans if span.trace_id == upload.trace_id]
    assert upload.trace_id != "a" * 32
    asks = "http.client POST 127.0.0.1/v1"
    job = {f"{asks}/media/input": {}, "http.client PUT 127.0.0.1/put/…": {}, "http.client GET 127.0.0.1/v1/jobs/…": {}}
    assert draw(spans) == {
        "POST /api/calls/analyze": {
            "pipeline.run": {
                "pipeline.audio_preprocess": {},
                "pipeline.diarize": {**job, f"{asks}/diarize": {}},
                "pipeline.transcribe": {f"{asks}/audio/transcriptions": {}},
                "pipeline.align": {},
                "pipeline.normalize": {},
                "pipeline.voice_match": {**job, f"{asks}/identify": {}},
                "pipeline.speaker_resolve": {},
                "pipeline.speaker_naming_llm": {f"{asks}/chat/completions": {}},
                "pipeline.analyze": {f"{asks}/chat/completions": {}},
                "pipeline.action_items": {},
            }
        }
    }
    assert {(span.name, *sorted(span.attributes.items())) for span in spans if span.kind == "internal"} == {
        ("pipeline.run", ("callId", str(call_id))),
        *((name, ("callId", str(call_id)), ("stage", stage)) for name, stage in STAGES.items()),
    }
    assert {tuple(span.attributes.items()) for span in spans if span.kind != "internal"} == {
        (("http.response.status_code", status),) for status in (200, 201, 202)
    }
    assert {(span.is_error, span.message, span.events) for span in spans} == {(False, "", ())}
    assert [secret for secret in SECRETS if secret.encode().lower() in collector.received.lower()] == []
