"""Stage 9: names that a model suggests for speakers whom the rules could not name; soft, and off unless switched on.

The rules about what is used of it are pure functions elsewhere. Source: pipeline.md, section 3; transcript.md, 5.11.
"""

import asyncio

import structlog

from app.pipeline.claims import ClaimLostError
from app.pipeline.models import Stage, StageStatus
from app.pipeline.run import Run
from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.suggestions import apply_suggestions, is_naming_wanted
from app.pipeline.transcript import Transcript
from app.providers.protocols import SpeakerNamer

log = structlog.get_logger()


async def add_suggested_names(run: Run, transcript: Transcript, who: SpeakerContext) -> Transcript:
    """Ask the model, if there is one and it could add something; whatever fails leaves the transcript as it is.

    Raises:
        ClaimLostError: the call is not ours any more.
    """
    namer = run.resources.speaker_namer
    if namer is None:
        return transcript
    try:
        if await asyncio.to_thread(is_naming_wanted, transcript):
            return await _ask(run, namer, transcript, who)
        await run.events.write(Stage.SPEAKER_NAMING_LLM, StageStatus.SKIPPED, extra={"reason": "nothing_unresolved"})
    except ClaimLostError:
        raise
    except Exception as error:
        run.resources.metrics.speaker_naming_outcome.inc(outcome="failed")
        log.warning("speaker_naming_failed", callId=str(run.call_id), error=type(error).__name__)
    return transcript


async def _ask(run: Run, namer: SpeakerNamer, transcript: Transcript, who: SpeakerContext) -> Transcript:
    async with run.stage(Stage.SPEAKER_NAMING_LLM, namer.provider) as report:
        suggestions = await namer.suggest_names(transcript)
        named = await asyncio.to_thread(apply_suggestions, transcript, suggestions, who)
        outcome = "discarded" if named == transcript else "applied"
        report.extra["outcome"] = outcome
    run.resources.metrics.speaker_naming_outcome.inc(outcome=outcome)
    return named
