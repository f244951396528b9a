"""Who spoke when, by pyannoteAI. Source: pipeline.md, sections 3.1 (A5), 3.3 and 8 (D3)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.audio.encoding import encode_wav
from app.audio.recording import PreparedAudio
from app.pipeline.failures import DiarizationFailedError, DiarizationFallback
from app.providers.protocols import DiarizationAnswer, JobContext
from app.providers.pyannote.answers import read_job_turns
from app.providers.pyannote.client import Endpoint, PyannoteClient
from app.providers.pyannote.faults import Cause, JobError, Step
from app.providers.pyannote.jobs import (
    MAX_SUBMISSIONS,
    FinishedJob,
    Order,
    count_submissions,
    submit_job,
    time_limit,
    wait_for_job,
)

_REASONS: Mapping[Cause, DiarizationFallback] = {
    Cause.REFUSED: DiarizationFallback.HTTP_4XX,
    Cause.RATE_LIMITED: DiarizationFallback.HTTP_4XX,
    Cause.OUTAGE: DiarizationFallback.HTTP_5XX,
    Cause.NETWORK: DiarizationFallback.NETWORK,
    Cause.TIMEOUT: DiarizationFallback.TIMEOUT,
    Cause.MALFORMED: DiarizationFallback.JOB_FAILED,
    Cause.FAILED: DiarizationFallback.JOB_FAILED,
    Cause.CANCELED: DiarizationFallback.JOB_FAILED,
    Cause.WITHOUT_OUTPUT: DiarizationFallback.JOB_FAILED,
}


class PyannoteDiarizer:
    """`Diarizer` at pyannoteAI. Its answer is stored as it came, and its turns may overlap."""

    provider = "pyannote"
    needs_pcm = False

    def __init__(self, client: PyannoteClient | None, *, model: str, max_audio_minutes: int) -> None:
        self._client = client
        self.model: str | None = model
        self._max_audio_seconds = max_audio_minutes * 60

    async def diarize(self, audio: PreparedAudio, *, max_speakers: int | None, job: JobContext) -> DiarizationAnswer:
        """Answer the turns, which are never none; `max_speakers` is a hint that the answer may disregard.

        Raises:
            DiarizationFailedError: the recording is too long, or pyannoteAI did not deliver.
        """
        if audio.duration_seconds is not None and audio.duration_seconds > self._max_audio_seconds:
            raise DiarizationFailedError(DiarizationFallback.TOO_LONG)
        if self._client is None:
            raise DiarizationFailedError(DiarizationFallback.NOT_CONFIGURED)
        try:
            finished = await self._find_finished(self._client, audio, max_speakers, job)
        except JobError as error:
            raise DiarizationFailedError(_find_reason(error), error.detail) from error
        turns = read_job_turns(finished.document)
        if not turns:
            raise DiarizationFailedError(DiarizationFallback.EMPTY_RESULT)
        return DiarizationAnswer(turns, finished.content)

    async def _find_finished(
        self, client: PyannoteClient, audio: PreparedAudio, max_speakers: int | None, job: JobContext
    ) -> FinishedJob:
        """Wait for the job of an earlier run; have another one done only if nothing is to be had of that."""
        if job.pending is None:
            return await self._run(client, audio, max_speakers, job, submitted=0)
        submitted = count_submissions(job.pending)
        try:
            async with time_limit(client.timeout_seconds):
                return await wait_for_job(client, job.pending.job_id, job.ensure_wanted)
        except JobError as error:
            if not error.is_job_lost or submitted >= MAX_SUBMISSIONS:
                raise
        return await self._run(client, audio, max_speakers, job, submitted=submitted)

    async def _run(
        self, client: PyannoteClient, audio: PreparedAudio, max_speakers: int | None, job: JobContext, *, submitted: int
    ) -> FinishedJob:
        fields: dict[str, Any] = {"model": self.model}
        if max_speakers is not None:
            fields["maxSpeakers"] = max_speakers
        order = Order(Endpoint.DIARIZE, fields, await encode(audio), f"scryon-{job.call_id}-{job.run_key}")
        async with time_limit(client.timeout_seconds):
            ticket = await submit_job(client, order, job.ensure_wanted, submitted=submitted)
            # Its file, which may be large, is not kept while the job runs.
            del order
            await job.remember(ticket)
            return await wait_for_job(client, ticket.job_id, job.ensure_wanted)


async def encode(audio: PreparedAudio) -> bytes:
    """The file to upload: the recording as it came, where nothing was decoded."""
    if audio.original is not None:
        return audio.original.content
    return await asyncio.to_thread(encode_wav, audio.diarization)


def _find_reason(error: JobError) -> DiarizationFallback:
    if error.step is Step.UPLOAD and error.cause is not Cause.TIMEOUT:
        return DiarizationFallback.UPLOAD_FAILED
    if error.step is Step.MEDIA and error.cause is Cause.MALFORMED:
        return DiarizationFallback.UPLOAD_FAILED
    return _REASONS[error.cause]
