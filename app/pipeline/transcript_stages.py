"""The named transcript of a worker's run: built and stored, or read again. Source: pipeline.md, section 3."""

import asyncio
from functools import partial

import orjson
import structlog

from app.calls.models import ArtifactType, CallStatus
from app.pipeline.document import from_document, to_document
from app.pipeline.listening import Heard
from app.pipeline.run import CallContext
from app.pipeline.transcript import SCHEMA_VERSION, Transcript
from app.pipeline.transcript_building import Material, build_transcript, name_engines
from app.pipeline.voice_matching import match_voice
from app.pipeline.worker_run import WorkerRun

log = structlog.get_logger()


async def write_transcript(run: WorkerRun, context: CallContext, heard: Heard) -> Transcript:
    """Build, name and store the transcript; a call that was TRANSCRIBING is ANALYZING afterwards.

    Raises:
        HardFailureError: alignment or normalisation failed, or nobody said anything.
    """
    transcriber = run.engines.transcriber
    # Outside the event loop: a long one takes seconds, in which no lease would be extended.
    raw = await asyncio.to_thread(transcriber.parse, heard.raw_transcript)
    engines = name_engines(transcriber.provider, transcriber.model, raw, heard.diarization)
    material = Material(raw, heard.diarization, heard.duration_seconds, engines)
    transcript = await build_transcript(run, context, material, partial(match_voice, run, heard))
    if not run.resources.settings.redact_transcripts:
        # At this level only, whatever the operator wants (pipeline.md, section 11.2, L6).
        log.debug("TRANSCRIPT", text=" ".join(segment.text for segment in transcript.segments))
    await run.write(
        ArtifactType.NORMALIZED_TRANSCRIPT_JSON,
        orjson.dumps(to_document(transcript)),
        schema_version=SCHEMA_VERSION,
        moves_to_analyzing=run.claim.status is not CallStatus.ANALYZING,
    )
    return transcript


async def read_transcript(run: WorkerRun) -> Transcript | None:
    """The stored, named transcript of an earlier run; None when it is missing."""
    content = await run.read(ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    return None if content is None else from_document(orjson.loads(content))
