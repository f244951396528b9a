"""Engines with scripted answers, for tests of what happens around engines. They count how often they are asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.audio.recording import PreparedAudio
from app.audio.settings import AudioSettings
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.speech import RawTranscript, Turn
from app.pipeline.transcript import Transcript
from app.providers.engines import Engines
from app.providers.protocols import AnalysisAnswer, AnalysisRequest, DiarizationAnswer, JobContext, NameSuggestion

MARKER = "zebracrossing"
"""A word of the scripted call; it must never appear in a log line."""

LINES = (
    ("SPEAKER_00", 0.0, 2.0, "Hello, this is Alice from the sales team."),
    ("SPEAKER_01", 2.5, 5.0, f"Hi Alice, this is Robert. I am at the {MARKER}."),
    ("SPEAKER_00", 5.5, 8.0, "I will send you the revised price by Friday."),
)
RAW = orjson.dumps(
    {
        "language": "english",
        "duration": 8.0,
        "text": " ".join(line[3] for line in LINES),
        "segments": [
            {"id": index, "start": start, "end": end, "text": said, "speaker": speaker}
            for index, (speaker, start, end, said) in enumerate(LINES)
        ],
    }
)
TURNS = tuple(Turn(start, end, speaker) for speaker, start, end, _ in LINES)
ANALYSIS: dict[str, Any] = {
    "schemaVersion": 3,
    "suggestedTitle": "Revised price",
    "oneLineSummary": "A revised price is to be sent by Friday.",
    "actionItems": [
        {
            "title": "Send the revised price",
            "ownerSpeakerId": "spk_1",
            "dueDate": "2026-02-13",
            "priority": "high",
            "sourceSegmentIds": ["seg_0003"],
            "intent": "email",
        },
        {"title": "Call the warehouse", "ownerSpeaker": "nobody in particular"},
    ],
    "sentiment": {"overall": "positive", "userSentiment": {"overall": "neutral"}},
    "tags": ["Price", "price", " offer "],
}


@dataclass
class ScriptedEngine:
    """Answers what it is told; raises what it is told, once per entry of `errors`; waits at `gate` if there is one."""

    errors: list[Exception] = field(default_factory=list)
    gate: asyncio.Event | None = None
    asked: int = 0
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def _enter(self) -> None:
        self.asked += 1
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class ScriptedTranscriber(ScriptedEngine):
    provider: str = "stub"
    model: str = "script"
    needs_pcm: bool = True
    content: bytes = RAW

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        await self._enter()
        return self.content

    def parse(self, content: bytes) -> RawTranscript:
        return parse_verbose_json(content)


@dataclass
class ScriptedCallbackTranscriber(ScriptedTranscriber):
    """Can be told where to bring its transcript; `answer` is what it says to that at once, after `on_submit`."""

    answer: bytes | None = None
    on_submit: Callable[[str], Awaitable[None]] | None = None
    urls: list[str] = field(default_factory=list)

    async def submit(self, audio: PreparedAudio, callback_url: str) -> bytes | None:
        self.urls.append(callback_url)
        await self._enter()
        if self.on_submit is not None:
            await self.on_submit(callback_url)
        return self.answer


@dataclass
class ScriptedDiarizer(ScriptedEngine):
    provider: str = "stub"
    model: str | None = "script"
    needs_pcm: bool = True
    turns: Sequence[Turn] = TURNS

    async def diarize(self, audio: PreparedAudio, *, max_speakers: int | None, job: JobContext) -> DiarizationAnswer:
        await self._enter()
        turns = [{"start": turn.start_seconds, "end": turn.end_seconds, "speaker": turn.speaker} for turn in self.turns]
        return DiarizationAnswer(tuple(self.turns), orjson.dumps({"provider": self.provider, "turns": turns}))


@dataclass
class ScriptedAnalyst(ScriptedEngine):
    provider: str = "stub"
    content: bytes = field(default_factory=lambda: orjson.dumps(ANALYSIS))
    requests: list[tuple[Transcript, AnalysisRequest]] = field(default_factory=list)

    async def analyze(self, transcript: Transcript, request: AnalysisRequest) -> AnalysisAnswer:
        await self._enter()
        self.requests.append((transcript, request))
        return AnalysisAnswer(self.content)


@dataclass
class ScriptedNamer(ScriptedEngine):
    provider: str = "stub"
    suggestions: tuple[NameSuggestion, ...] = ()

    async def suggest_names(self, transcript: Transcript) -> tuple[NameSuggestion, ...]:
        await self._enter()
        return self.suggestions


@dataclass
class Script:
    """The engines of a worker, each at hand for the test."""

    transcriber: ScriptedTranscriber = field(default_factory=ScriptedTranscriber)
    diarizer: ScriptedDiarizer = field(default_factory=ScriptedDiarizer)
    analyst: ScriptedAnalyst = field(default_factory=ScriptedAnalyst)

    def engines(self) -> Engines:
        return Engines(AudioSettings(), self.transcriber, self.diarizer, self.analyst)

    @property
    def asked(self) -> tuple[int, int, int]:
        """How often transcriber, diarizer and analyst were asked."""
        return self.transcriber.asked, self.diarizer.asked, self.analyst.asked
