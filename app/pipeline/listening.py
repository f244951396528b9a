"""From the recording to what was heard: preprocessing, diarization, transcription (stages 1 to 4).

Diarization and transcription run side by side, unless the transcript is to be brought later: then who spoke when is
stored before that is asked for. A failed diarization is soft, a failed transcription ends the call.
Source: pipeline.md, sections 3.2 to 3.5.
"""

import asyncio
import math
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col

from app.audio.preprocessing import prepare
from app.audio.recording import PreparedAudio
from app.calls.models import ArtifactType, CallRecord
from app.pipeline.claims import update_claimed
from app.pipeline.diarization import NO_DIARIZATION, Diarization
from app.pipeline.diarizing import diarize, read_stored_state
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.models import Stage
from app.pipeline.run import CallContext
from app.pipeline.submitting import find_submitter, submit
from app.pipeline.worker_run import WorkerRun
from app.storage.store import ObjectMissingError


@dataclass(frozen=True, slots=True)
class Heard:
    """All that later stages need of the audio; `audio` itself is None where it was not prepared in this run."""

    raw_transcript: bytes
    diarization: Diarization
    duration_seconds: float | None
    audio: PreparedAudio | None = None


async def listen(run: WorkerRun, context: CallContext) -> Heard | None:
    """Answer what was heard; what an earlier run has stored is read, not made again.

    None when the transcript is to be brought later: the claim is gone, and the run ends.

    Raises:
        HardFailureError: the audio is missing, undecodable or too long, or transcription failed.
    """
    stored = await run.list_stored()
    raw = await run.read(ArtifactType.RAW_TRANSCRIPT_JSON) if ArtifactType.RAW_TRANSCRIPT_JSON in stored else None
    state = await read_stored_state(run, stored)
    if raw is not None and state is not None and state.ticket is None:
        return Heard(raw, state.diarization, state.duration_seconds)
    audio = await prepare_audio(run, has_transcript=raw is not None)
    if audio is None:
        assert raw is not None
        return Heard(raw, NO_DIARIZATION, None)
    submitter = find_submitter(run)
    if submitter is not None:
        diarization = await diarize(run, context, audio, state)
        raw = raw or await submit(run, submitter, audio)
        return None if raw is None else Heard(raw, diarization, audio.duration_seconds, audio)
    try:
        async with asyncio.TaskGroup() as group:
            diarizing = group.create_task(diarize(run, context, audio, state))
            transcribing = group.create_task(_transcribe(run, audio, raw))
    except ExceptionGroup as failures:
        # Either of them decides about the call in the same way as if it had run alone.
        raise failures.exceptions[0] from None
    return Heard(transcribing.result(), diarizing.result(), audio.duration_seconds, audio)


async def prepare_audio(run: WorkerRun, *, has_transcript: bool) -> PreparedAudio | None:
    """Decode the recording; None when it is gone but a transcript is there already.

    Raises:
        HardFailureError: it is missing, undecodable or too long.
    """
    key = await run.find_audio_key()
    try:
        if key is None:
            raise ObjectMissingError
        async with run.stage(Stage.AUDIO_PREPROCESSED) as report:
            source = run.resources.storage.iter_chunks(key)
            engines = run.engines
            audio = await prepare(
                source,
                engines.audio_settings,
                needs_pcm=engines.needs_pcm,
                # Who is paid gets them together (pipeline.md, section 3.2).
                needs_channels=engines.transcriber.needs_pcm,
            )
            report.extra["channelMode"] = audio.channel_mode
            report.extra["reason"] = audio.fallback
            if audio.fallback is not None:
                run.resources.metrics.audio_preprocessing_fallback.inc(reason=audio.fallback)
    except ObjectMissingError as error:
        if has_transcript:
            return None
        raise HardFailureError(FailureReason.AUDIO_MISSING) from error
    if audio.duration_seconds is None:
        return audio
    async with run.resources.database.autocommit() as connection:
        measured = math.floor(audio.duration_seconds + 0.5)
        duration = func.coalesce(col(CallRecord.duration_seconds), measured)
        await update_claimed(connection, run.claim, duration_seconds=duration)
    return audio


async def _transcribe(run: WorkerRun, audio: PreparedAudio, stored: bytes | None) -> bytes:
    if stored is not None:
        return stored
    transcriber = run.engines.transcriber
    async with run.stage(Stage.TRANSCRIBED, transcriber.provider):
        raw = await transcriber.transcribe(audio)
        await run.write(ArtifactType.RAW_TRANSCRIPT_JSON, raw)
    return raw
