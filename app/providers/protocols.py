"""What the pipeline asks of its engines, whoever they are: paid providers or local ones.

Each engine answers with the bytes that are stored as the artifact; a parser beside it makes our values of them, so
that a call can be rebuilt from its artifacts alone. A failure that ends a call is a
`app.pipeline.failures.HardFailureError`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.audio.recording import PreparedAudio
from app.pipeline.speech import RawTranscript, Turn
from app.pipeline.transcript import Transcript


@dataclass(frozen=True, slots=True)
class DiarizationAnswer:
    """Who spoke when. `content` is what is stored (DIARIZATION_JSON); `turns` are sorted by start."""

    turns: tuple[Turn, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What an analyst may know besides the transcript. `recorded_at` carries the offset that it was sent with."""

    call_id: UUID
    recorded_at: datetime
    title: str | None


@dataclass(frozen=True, slots=True)
class AnalysisAnswer:
    """The analysis as the engine wrote it, byte for byte; `tokens` is None when nobody counted."""

    content: bytes
    tokens: int | None = None


class Transcriber(Protocol):
    """Speech to words."""

    provider: str
    model: str
    has_speaker_labels: bool

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        """Answer the raw transcript; parse it with `parse`."""
        ...

    def parse(self, content: bytes) -> RawTranscript:
        """Read an answer of `transcribe`, also one stored long ago."""
        ...


class Diarizer(Protocol):
    """Speech to speaker turns."""

    provider: str
    model: str | None

    async def diarize(self, audio: PreparedAudio, *, max_speakers: int | None) -> DiarizationAnswer:
        """Answer the turns; an empty tuple means that no speech was found."""
        ...


class Analyst(Protocol):
    """Transcript to analysis document."""

    provider: str

    async def analyze(self, transcript: Transcript, request: AnalysisRequest) -> AnalysisAnswer:
        """Answer one JSON object of analysis schema version 3."""
        ...
