"""What the pipeline asks of its engines, whoever they are: paid providers or local ones.

Each engine answers with the bytes that are stored as the artifact; a parser beside it makes our values of them, so
that a call can be rebuilt from its artifacts alone. A failure that ends a call is a
`app.pipeline.failures.HardFailureError`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from app.audio.recording import PreparedAudio
from app.pipeline.speech import RawTranscript, Turn
from app.pipeline.transcript import Transcript


@dataclass(frozen=True, slots=True)
class JobTicket:
    """A job at a diarization provider, remembered, so that a resumed run asks for it and does not pay for another."""

    job_id: str
    media_key: str


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a diarizer with jobs at a provider may know of the run that asks, and how it talks with it.

    `run_key` is a word of this run alone, for names at the provider. `pending` is the job of an earlier run. `remember`
    stores a job right after its submission; `ensure_wanted` is called before each request and raises when the call is
    not ours any more.
    """

    call_id: UUID
    run_key: str
    remember: Callable[[JobTicket], Awaitable[None]]
    ensure_wanted: Callable[[], Awaitable[None]]
    pending: JobTicket | None = None


@dataclass(frozen=True, slots=True)
class DiarizationAnswer:
    """Who spoke when. `content` is what is stored (DIARIZATION_JSON); `turns` are sorted by start."""

    turns: tuple[Turn, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What an analyst may know besides the transcript. `recorded_at` carries the offset that it was sent with.

    `contact_name` is never told to anybody; it is there so that a `title` that holds it can be kept back (analysis.md,
    section 6.1, N6).
    """

    call_id: UUID
    recorded_at: datetime
    title: str | None
    contact_name: str | None = None


@dataclass(frozen=True, slots=True)
class TokenCount:
    """What a model has read and written, as it counts it."""

    prompt: int
    completion: int

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: "TokenCount") -> "TokenCount":
        return TokenCount(self.prompt + other.prompt, self.completion + other.completion)


@dataclass(frozen=True, slots=True)
class AnalysisAnswer:
    """The analysis as the engine wrote it, byte for byte; `tokens` is None when nobody counted.

    `windows`: into how many pieces the transcript was cut for it.
    """

    content: bytes
    tokens: TokenCount | None = None
    windows: int = 1


@dataclass(frozen=True, slots=True)
class NameSuggestion:
    """Whom a model takes a speaker for, and the words that shall prove it; nothing of it is checked yet.

    Source: transcript.md, section 5.11.
    """

    speaker_id: str
    name: str
    role: str | None
    confidence: str
    segment_id: str | None
    quote: str


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """A voice as its provider tells it; `content` is opaque to everybody else (pipeline.md, section 14, P4)."""

    content: Mapping[str, Any]
    model: str
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class VoiceInterval:
    """A stretch in which somebody speaks; `score`, 0 to 1, says how much like the voice that was asked for."""

    start_seconds: float
    end_seconds: float
    score: float


class Transcriber(Protocol):
    """Speech to words."""

    provider: str
    model: str
    needs_pcm: bool
    """Whether it can do nothing with a recording that was not decoded."""

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        """Answer the raw transcript; parse it with `parse`."""
        ...

    def parse(self, content: bytes) -> RawTranscript:
        """Read an answer of `transcribe`, also one stored long ago."""
        ...


@runtime_checkable
class CallbackTranscriber(Protocol):
    """Speech to words, told later, at an address of ours; a `Transcriber` that can do this, too."""

    async def submit(self, audio: PreparedAudio, callback_url: str) -> bytes | None:
        """Hand the audio over; answers the raw transcript if it came at once, else None."""
        ...


class Diarizer(Protocol):
    """Speech to speaker turns."""

    provider: str
    model: str | None
    needs_pcm: bool

    async def diarize(self, audio: PreparedAudio, *, max_speakers: int | None, job: JobContext) -> DiarizationAnswer:
        """Answer the turns; an empty tuple means that no speech was found.

        Raises:
            DiarizationFailedError: the provider did not deliver; the call goes on without.
        """
        ...


class Analyst(Protocol):
    """Transcript to analysis document."""

    provider: str

    async def analyze(self, transcript: Transcript, request: AnalysisRequest) -> AnalysisAnswer:
        """Answer one JSON object of analysis schema version 3."""
        ...


class SpeakerNamer(Protocol):
    """Transcript to names of speakers whom the rules could not name."""

    provider: str

    async def suggest_names(self, transcript: Transcript) -> tuple[NameSuggestion, ...]:
        """Answer what the model takes the speakers for; whatever it raises leaves the transcript as it is."""
        ...


class VoiceIdentifier(Protocol):
    """A voice, and where it is heard in a recording."""

    provider: str

    async def make_voiceprint(self, sample: bytes) -> Voiceprint:
        """Learn a voice from PCM of at most 30 s in which only it is heard.

        Raises:
            VoiceProviderError: the provider refused, failed or took too long.
        """
        ...

    async def identify(
        self, audio: PreparedAudio, voiceprint: Mapping[str, Any], ensure_wanted: Callable[[], Awaitable[None]]
    ) -> tuple[VoiceInterval, ...]:
        """Answer who speaks when and how much like the voice each of them sounds.

        `ensure_wanted` as in `JobContext`.

        Raises:
            VoiceProviderError: the provider refused, failed or took too long.
        """
        ...
