"""Voices at pyannoteAI: learning one, and finding it in a recording.

Only this module knows what a voiceprint looks like. Source: providers.md, sections 2.5 and 2.6; pipeline.md, section
14 (P4).
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from app.audio.encoding import encode_wav
from app.audio.recording import PreparedAudio
from app.errors import VoiceProviderError, VoiceProviderProblem
from app.providers.protocols import VoiceInterval, Voiceprint
from app.providers.pyannote.answers import read_voice_intervals, read_voiceprint
from app.providers.pyannote.client import Endpoint, EnsureWanted, PyannoteClient
from app.providers.pyannote.diarizer import encode
from app.providers.pyannote.faults import Cause, JobError
from app.providers.pyannote.jobs import FinishedJob, Order, submit_job, time_limit, wait_for_job

MODEL = "precision-2"
"""The only model that knows voices."""

LABEL = "v1"
"""What the voice is called towards the provider: no name."""

MAX_VOICEPRINT_SECONDS = 120.0
"""A request of a client waits for a voiceprint, and five minutes are the longest that any of them lasts."""

_REJECTIONS = frozenset({Cause.REFUSED, Cause.FAILED, Cause.CANCELED})


class PyannoteVoices:
    """`VoiceIdentifier` at pyannoteAI."""

    provider = "pyannote"

    def __init__(self, client: PyannoteClient, *, max_voiceprint_seconds: float = MAX_VOICEPRINT_SECONDS) -> None:
        self._client = client
        self._voiceprint_seconds = min(max_voiceprint_seconds, client.timeout_seconds)

    async def make_voiceprint(self, sample: bytes) -> Voiceprint:
        """Learn a voice from PCM of at most 30 s in which only it is heard.

        Raises:
            VoiceProviderError: pyannoteAI refused, failed or took too long.
        """

        async def go_on() -> None:
            """The sample is wanted as long as the request waits."""

        content = await asyncio.to_thread(encode_wav, sample)
        order = Order(Endpoint.VOICEPRINT, {"model": MODEL}, content, f"scryon-voice-{uuid4().hex}")
        finished = await self._run(order, self._voiceprint_seconds, go_on)
        voiceprint = read_voiceprint(finished.document)
        if voiceprint is None:
            raise VoiceProviderError(VoiceProviderProblem.UNAVAILABLE)
        return Voiceprint({"voiceprint": voiceprint}, MODEL)

    async def identify(
        self, audio: PreparedAudio, voiceprint: Mapping[str, Any], ensure_wanted: EnsureWanted
    ) -> tuple[VoiceInterval, ...]:
        """Answer who speaks when, by start, and how much like the voice each of them sounds.

        Raises:
            VoiceProviderError: pyannoteAI refused, failed or took too long.
        """
        if not isinstance(voiceprint.get("voiceprint"), str):
            raise VoiceProviderError(VoiceProviderProblem.REJECTED)
        fields = {
            "model": MODEL,
            "voiceprints": [{"label": LABEL, "voiceprint": voiceprint["voiceprint"]}],
            # So that every speaker gets a score. By default only the best one might.
            "matching": {"threshold": 0, "exclusive": False},
        }
        finished = await self._run(
            Order(Endpoint.IDENTIFY, fields, await encode(audio), f"scryon-identify-{uuid4().hex}"),
            self._client.timeout_seconds,
            ensure_wanted,
        )
        intervals = read_voice_intervals(finished.document, LABEL)
        if intervals is None:
            raise VoiceProviderError(VoiceProviderProblem.UNAVAILABLE)
        return intervals

    async def _run(self, order: Order, seconds: float, ensure_wanted: EnsureWanted) -> FinishedJob:
        try:
            async with time_limit(seconds):
                ticket = await submit_job(self._client, order, ensure_wanted)
                # Its file, which may be large, is not kept while the job runs.
                del order
                return await wait_for_job(self._client, ticket.job_id, ensure_wanted)
        except JobError as error:
            is_rejected = error.cause in _REJECTIONS
            problem = VoiceProviderProblem.REJECTED if is_rejected else VoiceProviderProblem.UNAVAILABLE
            raise VoiceProviderError(problem) from error
