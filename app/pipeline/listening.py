"""From the recording to what was heard: preprocessing, diarization, transcription (stages 1, 2 and 4).

Diarization and transcription run side by side. A failed diarization is soft, a failed transcription ends the call.
Source: pipeline.md, sections 3.2 to 3.5.
"""

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from sqlalchemy import func
from sqlmodel import col

from app.audio.preprocessing import prepare
from app.audio.recording import ChannelMode, PreparedAudio
from app.calls.models import ArtifactType, CallRecord
from app.pipeline.claims import ClaimLostError, update_claimed
from app.pipeline.diarization import NO_DIARIZATION, Diarization, read_diarization
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.models import Stage, StageStatus
from app.pipeline.run import CallContext
from app.pipeline.speech import Turn
from app.pipeline.worker_run import WorkerRun
from app.providers.protocols import DiarizationAnswer
from app.storage.store import ObjectMissingError

log = structlog.get_logger()

DUAL_CHANNEL = "dual_channel"
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """All that later stages need of the audio."""

    raw_transcript: bytes
    diarization: Diarization
    duration_seconds: float | None


async def listen(run: WorkerRun, context: CallContext) -> Heard:
    """Answer what was heard; what an earlier run has stored is read, not made again.

    Raises:
        HardFailureError: the audio is missing, undecodable or too long, or transcription failed.
    """
    raw = await run.read(ArtifactType.RAW_TRANSCRIPT_JSON)
    state = await _read_state(run)
    if raw is not None and state is not None:
        return Heard(raw, read_diarization(state), state.get("durationSeconds"))
    audio = await _prepare(run, has_transcript=raw is not None)
    if audio is None:
        assert raw is not None
        return Heard(raw, NO_DIARIZATION, None)
    try:
        async with asyncio.TaskGroup() as group:
            diarizing = group.create_task(_diarize(run, context, audio, state))
            transcribing = group.create_task(_transcribe(run, audio, raw))
    except ExceptionGroup as failures:
        # Either of them decides about the call in the same way as if it had run alone.
        raise failures.exceptions[0] from None
    return Heard(transcribing.result(), diarizing.result(), audio.duration_seconds)


async def _prepare(run: WorkerRun, *, has_transcript: bool) -> PreparedAudio | None:
    """Decode the recording; None when it is gone but a transcript is there already."""
    key = await run.find_audio_key()
    try:
        if key is None:
            raise ObjectMissingError
        async with run.stage(Stage.AUDIO_PREPROCESSED) as report:
            audio = await prepare(run.resources.storage.iter_chunks(key), run.engines.audio_settings)
            report.extra["channelMode"] = audio.channel_mode
            report.extra["reason"] = audio.fallback
    except ObjectMissingError as error:
        if has_transcript:
            return None
        raise HardFailureError(FailureReason.AUDIO_MISSING) from error
    async with run.resources.database.transaction() as session:
        measured = math.floor(audio.duration_seconds + 0.5)
        duration = func.coalesce(col(CallRecord.duration_seconds), measured)
        await update_claimed(session, run.claim, duration_seconds=duration)
    return audio


async def _transcribe(run: WorkerRun, audio: PreparedAudio, stored: bytes | None) -> bytes:
    if stored is not None:
        return stored
    transcriber = run.engines.transcriber
    async with run.stage(Stage.TRANSCRIBED, transcriber.provider):
        raw = await transcriber.transcribe(audio)
        await run.write(ArtifactType.RAW_TRANSCRIPT_JSON, raw)
    return raw


async def _diarize(
    run: WorkerRun, context: CallContext, audio: PreparedAudio, state: dict[str, Any] | None
) -> Diarization:
    if state is not None:
        return read_diarization(state)
    diarizer = run.engines.diarizer
    fallback: str | None = None
    answer: DiarizationAnswer | None = None
    if audio.channel_mode is ChannelMode.DUAL_PARTY:
        async with run.stage(Stage.DIARIZED, DUAL_CHANNEL):
            diarization = Diarization(DUAL_CHANNEL, None, audio.channel_turns)
            answer = DiarizationAnswer(audio.channel_turns, _turns_document(diarization))
    elif diarizer is None:
        diarization = NO_DIARIZATION
        await run.events.write(Stage.DIARIZED, StageStatus.SKIPPED, extra={"reason": "disabled"})
    else:
        try:
            async with run.stage(Stage.DIARIZED, diarizer.provider):
                answer = await diarizer.diarize(audio, max_speakers=_max_speakers(run, context))
            diarization = Diarization(diarizer.provider, diarizer.model, answer.turns)
        except ClaimLostError:
            raise
        except Exception as error:
            # Soft: the call goes on with the transcription's labels, or with one speaker.
            log.warning("diarization_failed", callId=str(run.call_id), error=type(error).__name__)
            diarization, fallback = NO_DIARIZATION, "job_failed"
    if answer is not None:
        await run.write(ArtifactType.DIARIZATION_JSON, answer.content)
    document = _state_document(diarization, audio, fallback)
    await run.write(ArtifactType.DIARIZATION_RESULT_STATE, document)
    return diarization


def _max_speakers(run: WorkerRun, context: CallContext) -> int | None:
    """A call with a direction has two parties; of any other recording nobody knows (pipeline.md, section 3.3)."""
    hint = run.resources.settings.diarization_hint_two_speakers
    return 2 if hint and context.direction in ("INCOMING", "OUTGOING") else None


async def _read_state(run: WorkerRun) -> dict[str, Any] | None:
    content = await run.read(ArtifactType.DIARIZATION_RESULT_STATE)
    if content is not None:
        state: dict[str, Any] = orjson.loads(content)
        return state
    # A call that was set back to QUEUED by an operator has lost its state but kept its turns.
    content = await run.read(ArtifactType.DIARIZATION_JSON)
    return None if content is None else dict(orjson.loads(content))


def _turns(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    return [{"start": turn.start_seconds, "end": turn.end_seconds, "speaker": turn.speaker} for turn in turns]


def _turns_document(diarization: Diarization) -> bytes:
    """DIARIZATION_JSON for turns of our own making (pipeline.md, section 3.1, A4)."""
    return orjson.dumps({"provider": diarization.provider, "turns": _turns(diarization.turns)})


def _state_document(diarization: Diarization, audio: PreparedAudio, fallback: str | None) -> bytes:
    """DIARIZATION_RESULT_STATE (pipeline.md, section 3.1, A5)."""
    document: dict[str, Any] = {
        "version": STATE_VERSION,
        "provider": diarization.provider,
        "model": diarization.model,
        "channelMode": audio.channel_mode,
        "durationSeconds": audio.duration_seconds,
        "turns": _turns(diarization.turns),
    }
    if fallback is not None:
        document["fallbackReason"] = fallback
    return orjson.dumps(document)
