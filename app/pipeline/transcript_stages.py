"""From what was heard to the stored, named transcript (stages 5, 6 and 8). The rules are pure functions elsewhere.

Source: pipeline.md, sections 3 and 3.5.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

import orjson
import structlog

from app.calls.models import ArtifactType, CallStatus
from app.pipeline.alignment import AlignedSegment, align
from app.pipeline.claims import ClaimLostError
from app.pipeline.document import from_document, to_document
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.listening import NO_DIARIZATION, Heard
from app.pipeline.models import Stage
from app.pipeline.normalization.stage import normalize
from app.pipeline.restoration import restore_formatting
from app.pipeline.run import CallContext
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.known_names import known_names
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speech import RawTranscript
from app.pipeline.transcript import SCHEMA_VERSION, PipelineInfo, Transcript
from app.pipeline.worker_run import WorkerRun

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

RESOLUTION_FAILED = "speaker_resolution_failed"


async def write_transcript(run: WorkerRun, context: CallContext, heard: Heard) -> Transcript:
    """Build, name and store the transcript; a call that was TRANSCRIBING is ANALYZING afterwards.

    Raises:
        HardFailureError: alignment or normalisation failed, or nobody said anything.
    """
    raw = run.engines.transcriber.parse(heard.raw_transcript)
    who = SpeakerContext(
        user_display_name=context.user_display_name,
        contact_name=context.contact_name,
        phone_number=context.phone_number,
        direction=context.direction,
    )
    async with run.stage(Stage.TRANSCRIPT_ALIGNED):
        aligned = await _guarded(FailureReason.ALIGNMENT_FAILED, align, raw, heard.diarization.turns)
    async with run.stage(Stage.TRANSCRIPT_NORMALIZED) as report:
        transcript = await _guarded(FailureReason.NORMALIZATION_FAILED, _normalize, run, raw, aligned, heard, who)
        report.extra |= {"segments": len(transcript.segments), "speakers": len(transcript.speakers)}
    transcript = await _name_speakers(run, transcript, who)
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


async def _guarded(reason: FailureReason, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a pure stage outside the event loop; an error in it is a bug of ours and ends the call with `reason`."""
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except HardFailureError:
        raise
    except Exception as error:
        log.error("stage_failed", reason=reason, exc_info=error)
        raise HardFailureError(reason) from error


def _normalize(
    run: WorkerRun, raw: RawTranscript, aligned: list[AlignedSegment], heard: Heard, who: SpeakerContext
) -> Transcript:
    if not raw.is_formatted:
        aligned = restore_formatting(aligned, known_names(who))
    return normalize(
        aligned,
        raw,
        call_id=run.call_id,
        duration_seconds=heard.duration_seconds,
        pipeline=_pipeline_info(run, raw, heard),
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _pipeline_info(run: WorkerRun, raw: RawTranscript, heard: Heard) -> PipelineInfo:
    transcriber = run.engines.transcriber
    has_labels = heard.diarization.provider == NO_DIARIZATION and any(part.speaker for part in raw.segments)
    return PipelineInfo(
        transcription_provider=transcriber.provider,
        transcription_model=transcriber.model,
        diarization_provider=transcriber.provider if has_labels else heard.diarization.provider,
        diarization_model=heard.diarization.model,
    )


async def _name_speakers(run: WorkerRun, transcript: Transcript, who: SpeakerContext) -> Transcript:
    """Name the speakers; soft: an error in the rules leaves `Speaker N` and a warning."""
    try:
        async with run.stage(Stage.SPEAKER_REFINED):
            return await asyncio.to_thread(resolve_speakers, transcript, who)
    except ClaimLostError:
        raise
    except Exception as error:
        log.error("stage_failed", reason=RESOLUTION_FAILED, exc_info=error)
        return replace(transcript, resolution=replace(transcript.resolution, warnings=(RESOLUTION_FAILED,)))
