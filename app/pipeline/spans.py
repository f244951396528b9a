"""The spans of a run: the run itself, and one per stage below it. Source: pipeline.md, section 13."""

from contextlib import AbstractContextManager
from uuid import UUID

from app.observability.tracing import OpenSpan, span
from app.pipeline.models import Stage

RUN = "pipeline.run"
STAGES = {
    Stage.AUDIO_PREPROCESSED: "pipeline.audio_preprocess",
    Stage.DIARIZED: "pipeline.diarize",
    # With callbacks, all that we see of the transcription.
    Stage.LEMONFOX_SUBMITTED: "pipeline.transcribe",
    Stage.TRANSCRIBED: "pipeline.transcribe",
    Stage.TRANSCRIPT_ALIGNED: "pipeline.align",
    Stage.TRANSCRIPT_NORMALIZED: "pipeline.normalize",
    Stage.VOICE_MATCH_STARTED: "pipeline.voice_match",
    Stage.SPEAKER_REFINED: "pipeline.speaker_resolve",
    Stage.SPEAKER_NAMING_LLM: "pipeline.speaker_naming_llm",
    Stage.ANALYZED: "pipeline.analyze",
    Stage.ACTION_ITEMS_EXTRACTED: "pipeline.action_items",
}


def run_span(call_id: UUID) -> AbstractContextManager[OpenSpan]:
    """The span of a run, below the request that has caused it."""
    return span(RUN, attributes={"callId": str(call_id)})


def stage_span(call_id: UUID, stage: Stage) -> AbstractContextManager[OpenSpan]:
    """The span of a stage, below its run."""
    return span(STAGES[stage], attributes={"callId": str(call_id), "stage": str(stage)})
