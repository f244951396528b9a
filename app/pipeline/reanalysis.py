"""The analysis of a finished call, made again with the present code from what is stored.

Everything is made in memory; what is stored stays until the analyst has answered. Source: pipeline.md, section 10.
"""

import asyncio
from dataclasses import replace

import orjson
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.models import ArtifactType
from app.errors import TranscriptNotFoundError
from app.idempotency.keyed import KeyedRequest
from app.observability.error_tracking import report_error
from app.pipeline.analysis_rows import WrittenRows, field_updates, replace_rows, write_rows_event
from app.pipeline.analyzing import ANALYSIS_SCHEMA_VERSION, Analysis, ask_analyst
from app.pipeline.claims import end_reanalysis
from app.pipeline.diarization import NO_DIARIZATION, Diarization, read_diarization
from app.pipeline.document import from_document, to_document
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.models import Stage, StageStatus
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.replacing import NewDocument, replace_documents
from app.pipeline.run import CallContext, Run
from app.pipeline.speakers.voices import carry_over_voices
from app.pipeline.speech import RawTranscript
from app.pipeline.transcript import SCHEMA_VERSION, PipelineInfo, Transcript
from app.pipeline.transcript_building import Material, build_transcript, name_engines

log = structlog.get_logger()

OWN_PROVIDER = "local"
UNKNOWN_ENGINE = "unknown"


async def analyze_again(run: Run, keyed: KeyedRequest | None) -> None:
    """Build the transcript anew where what was heard is stored, have it analysed, and replace documents and rows.

    Raises:
        TranscriptNotFoundError: nothing is stored to begin with.
        HardFailureError: the analyst did not deliver, or the transcript cannot be built; nothing has changed.
        ClaimLostError: the call is not ours any more.
        StorageUnavailableError: the store does not answer.
    """
    raw = await run.read(ArtifactType.RAW_TRANSCRIPT_JSON)
    stored = await run.read(ArtifactType.NORMALIZED_TRANSCRIPT_JSON)
    if raw is None and stored is None:
        raise TranscriptNotFoundError
    await run.events.write(Stage.REANALYZE_STARTED, StageStatus.STARTED)
    context = await run.read_context()
    documents = []
    if raw is not None:
        transcript = await _rebuild(run, context, raw, _read_earlier(stored))
        content = orjson.dumps(to_document(transcript))
        documents.append(NewDocument(ArtifactType.NORMALIZED_TRANSCRIPT_JSON, content, SCHEMA_VERSION))
    else:
        assert stored is not None
        transcript = from_document(orjson.loads(stored))
    analysis = await _analyze(run, context, transcript)
    documents.append(NewDocument(ArtifactType.ANALYSIS_JSON, analysis.content, ANALYSIS_SCHEMA_VERSION))
    await _replace(run, documents, transcript, analysis, keyed)


def _read_earlier(stored: bytes | None) -> Transcript | None:
    """The transcript that is to be replaced; None also when it cannot be read, since that is about to be mended."""
    try:
        return None if stored is None else from_document(orjson.loads(stored))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("earlier_transcript_unreadable", error=type(error).__name__)
        return None


async def _rebuild(run: Run, context: CallContext, content: bytes, earlier: Transcript | None) -> Transcript:
    # Every engine's answer has this shape, whichever of them is configured by now.
    raw = await asyncio.to_thread(parse_verbose_json, content)
    turns = await run.read(ArtifactType.DIARIZATION_JSON)
    diarization = NO_DIARIZATION if turns is None else read_diarization(orjson.loads(turns))
    measured_seconds = None if raw.engine is None else raw.duration_seconds
    material = Material(raw, diarization, measured_seconds, _name_engines(raw, diarization, earlier))

    async def take_over_voices(transcript: Transcript) -> Transcript:
        # The recording is gone: what its voices have told before is all that there is.
        return transcript if earlier is None else carry_over_voices(transcript, earlier)

    transcript = await build_transcript(run, context, material, take_over_voices)
    if earlier is None or earlier.duration_seconds is None:
        return transcript
    return replace(transcript, duration_seconds=earlier.duration_seconds)


def _name_engines(raw: RawTranscript, diarization: Diarization, earlier: Transcript | None) -> PipelineInfo:
    """The engines that have listened, which are not those of today."""
    if earlier is not None:
        return earlier.pipeline
    provider = UNKNOWN_ENGINE if raw.engine is None else OWN_PROVIDER
    return name_engines(provider, raw.engine or UNKNOWN_ENGINE, raw, diarization)


async def _analyze(run: Run, context: CallContext, transcript: Transcript) -> Analysis:
    """Ask the analyst; whatever it raises is its failure."""
    analyst = run.resources.analyst
    async with run.stage(Stage.ANALYZED, analyst.provider) as report:
        try:
            analysis = await ask_analyst(analyst, run.call_id, context, transcript)
        except HardFailureError:
            raise
        except Exception as error:
            log.error("analyst_failed", exc_info=error)
            report_error(error, Stage.ANALYZED)
            is_late = isinstance(error, TimeoutError)
            reason = FailureReason.ANALYSIS_TIMEOUT if is_late else FailureReason.ANALYSIS_UNAVAILABLE
            raise HardFailureError(reason) from error
        report.extra |= analysis.facts
    return analysis


async def _replace(
    run: Run, documents: list[NewDocument], transcript: Transcript, analysis: Analysis, keyed: KeyedRequest | None
) -> None:
    written: list[WrittenRows] = []

    async def change_rows(session: AsyncSession) -> None:
        await end_reanalysis(session, run.claim, **field_updates(analysis.document))
        written.append(await replace_rows(session, run.call_id, analysis.document, transcript))
        if keyed is not None:
            await keyed.name_resource(session, run.call_id)

    await replace_documents(run, documents, change_rows)
    await write_rows_event(run.events, written[0])
