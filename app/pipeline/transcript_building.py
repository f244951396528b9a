"""Stages 5 to 9: from what was heard to a named transcript, in memory. The rules are pure functions elsewhere.

Source: pipeline.md, sections 3 and 3.5.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

import structlog

from app.observability.error_tracking import report_error
from app.pipeline.alignment import AlignedSegment, align
from app.pipeline.claims import ClaimLostError
from app.pipeline.diarization import PROVIDER_NONE, Diarization
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.models import Stage
from app.pipeline.normalization.stage import normalize
from app.pipeline.restoration import restore_formatting
from app.pipeline.run import CallContext, Run
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.known_names import known_names
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speech import RawTranscript
from app.pipeline.suggested_names import add_suggested_names
from app.pipeline.transcript import PipelineInfo, Transcript

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

RESOLUTION_FAILED = "speaker_resolution_failed"
_REASONS = {
    Stage.TRANSCRIPT_ALIGNED: FailureReason.ALIGNMENT_FAILED,
    Stage.TRANSCRIPT_NORMALIZED: FailureReason.NORMALIZATION_FAILED,
}


@dataclass(frozen=True, slots=True)
class Material:
    """What a transcript is made of. `duration_seconds` is the measured length, None when nobody knows it any more."""

    raw: RawTranscript
    diarization: Diarization
    duration_seconds: float | None
    pipeline: PipelineInfo


def name_engines(provider: str, model: str, raw: RawTranscript, diarization: Diarization) -> PipelineInfo:
    """Say which engines made a transcript; `provider` and `model` are those of the transcription."""
    # Words without segments become segments by their labels (transcript.md, section 3, A9).
    has_labels = diarization.provider == PROVIDER_NONE and any(part.speaker for part in raw.segments or raw.words)
    return PipelineInfo(
        transcription_provider=provider,
        transcription_model=model,
        diarization_provider=provider if has_labels else diarization.provider,
        diarization_model=diarization.model,
    )


async def build_transcript(
    run: Run, context: CallContext, material: Material, tell_voices: Callable[[Transcript], Awaitable[Transcript]]
) -> Transcript:
    """Align, normalise and name; each stage leaves its event, nothing is stored.

    `tell_voices` is what knows the user's voice (stage 7), and labels an anonymous transcript.

    Raises:
        HardFailureError: alignment or normalisation failed, or nobody said anything.
        ClaimLostError: the call is not ours any more.
    """
    who = SpeakerContext(
        user_display_name=context.user_display_name,
        contact_name=context.contact_name,
        phone_number=context.phone_number,
        direction=context.direction,
    )
    async with run.stage(Stage.TRANSCRIPT_ALIGNED):
        turns = material.diarization.turns
        aligned = await _guarded(Stage.TRANSCRIPT_ALIGNED, align, material.raw, turns)
    async with run.stage(Stage.TRANSCRIPT_NORMALIZED) as report:
        transcript = await _guarded(Stage.TRANSCRIPT_NORMALIZED, _normalize, run.call_id, material, aligned, who)
        report.extra |= {"segments": len(transcript.segments), "speakers": len(transcript.speakers)}
    transcript = await _name_speakers(run, await tell_voices(transcript), who)
    transcript = await add_suggested_names(run, transcript, who)
    run.events.log_event("SPEAKER_RESOLUTION", **describe_resolution(transcript))
    return transcript


def describe_resolution(transcript: Transcript) -> dict[str, float | str | None]:
    """How the speakers were found, in counts and codes that tell nobody who they are (pipeline.md, section 11.1)."""
    resolution = transcript.resolution
    sources = Counter(str(speaker.label_source) for speaker in transcript.speakers)
    return {
        "totalSpeakers": resolution.total_speaker_count,
        "resolvedSpeakers": resolution.resolved_speaker_count,
        "labelSources": ",".join(f"{source}:{count}" for source, count in sorted(sources.items())),
        "warnings": ",".join(resolution.warnings) or None,
    }


async def _guarded(stage: Stage, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a pure stage outside the event loop; an error in it is a bug of ours and ends the run."""
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except HardFailureError:
        raise
    except Exception as error:
        reason = _REASONS[stage]
        log.error("stage_failed", reason=reason, exc_info=error)
        report_error(error, stage)
        raise HardFailureError(reason) from error


def _normalize(call_id: UUID, material: Material, aligned: list[AlignedSegment], who: SpeakerContext) -> Transcript:
    if not material.raw.is_formatted:
        aligned = restore_formatting(aligned, known_names(who))
    return normalize(
        aligned,
        material.raw,
        call_id=call_id,
        duration_seconds=material.duration_seconds,
        pipeline=material.pipeline,
        created_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


async def _name_speakers(run: Run, transcript: Transcript, who: SpeakerContext) -> Transcript:
    """Name the speakers; soft: an error in the rules leaves `Speaker N` and a warning."""
    try:
        async with run.stage(Stage.SPEAKER_REFINED):
            return await asyncio.to_thread(resolve_speakers, transcript, who)
    except ClaimLostError:
        raise
    except Exception as error:
        log.error("stage_failed", reason=RESOLUTION_FAILED, exc_info=error)
        report_error(error, Stage.SPEAKER_REFINED)
        return replace(transcript, resolution=replace(transcript.resolution, warnings=(RESOLUTION_FAILED,)))
