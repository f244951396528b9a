"""What a job at pyannoteAI is asked with in tests, and waits that are none."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from app.audio.recording import ChannelMode, PreparedAudio
from app.providers.protocols import JobContext, JobTicket
from app.providers.pyannote.client import PyannoteClient
from app.providers.pyannote.diarizer import PyannoteDiarizer

CALL_ID = UUID("7d1f0f9e-52f1-4c57-9c0e-6d2a41f0e8b3")
AUDIO = PreparedAudio(8.0, ChannelMode.MONO, transcription=b"", diarization=bytes(16_000))


@dataclass
class Waits:
    """Instead of waiting, lets others run for a moment and writes down how long it would have been."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Job:
    """The run that asks: what it was told to remember, and how often it was asked whether the job is wanted.

    After `wanted` of those questions it raises `error`.
    """

    pending: JobTicket | None = None
    wanted: float = float("inf")
    error: type[Exception] = RuntimeError
    remembered: list[JobTicket] = field(default_factory=list)
    questions: int = 0

    @property
    def context(self) -> JobContext:
        return JobContext(CALL_ID, "run1", self._remember, self.ensure_wanted, self.pending)

    async def _remember(self, ticket: JobTicket) -> None:
        self.remembered.append(ticket)

    async def ensure_wanted(self) -> None:
        self.questions += 1
        if self.questions > self.wanted:
            raise self.error


def make_diarizer(client: PyannoteClient | None) -> PyannoteDiarizer:
    return PyannoteDiarizer(client, model="precision-2", max_audio_minutes=30)
