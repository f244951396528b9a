"""Calls to analyse: transcripts made of turns, and the sample dialogues as spoken and as recognisers heard them."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.pipeline.transcript import Confidence, PipelineInfo, Segment, Speaker, Transcript
from app.providers.local_analysis.document import build_analysis
from app.providers.local_analysis.sentences import Clause, read_clauses
from app.providers.local_analysis.statements import Statement, find_statements
from app.providers.protocols import AnalysisRequest

Turn = Sequence[str]

CALL_ID = "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3"
SECONDS_PER_WORD = 0.4


def _build(turns: Sequence[Turn], speakers: dict[str, Speaker] | None = None, **fields: Any) -> Transcript:
    """Make a transcript with one segment per turn; letters become speakers by first appearance."""
    known: dict[str, Speaker] = dict(speakers or {})
    segments: list[Segment] = []
    clock = 0.0
    for who, text in turns:
        if who not in known:
            known[who] = Speaker(number=len(known) + 1, source_speaker_id=f"SPEAKER_{len(known):02d}")
        length = SECONDS_PER_WORD * max(1, len(text.split()))
        number = len(segments) + 1
        segments.append(
            Segment(f"seg_{number:04d}", known[who].speaker_id, clock, clock + length, text, Confidence.HIGH)
        )
        clock += length + 0.5
    defaults: dict[str, Any] = {
        "call_id": CALL_ID,
        "pipeline": PipelineInfo("lemonfox", "whisper-1", "pyannote", "precision-2"),
        "created_at": "2026-02-09T09:14:07Z",
        "language": "en",
        "duration_seconds": round(clock),
    }
    return Transcript(speakers=tuple(known.values()), segments=tuple(segments), **(defaults | fields))


@pytest.fixture(scope="session")
def recorded_at() -> datetime:
    """Monday the 9th of February 2026, late in the evening in Mumbai: in UTC it is still the afternoon."""
    return datetime(2026, 2, 9, 22, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.fixture(scope="session")
def local_pipeline() -> PipelineInfo:
    """A transcript made by the offline recogniser."""
    return PipelineInfo("local", "pocketsphinx", "local")


@pytest.fixture(scope="session")
def make_transcript() -> Callable[..., Transcript]:
    return _build


@pytest.fixture(scope="session")
def dialogues() -> dict[str, list[Turn]]:
    """The sample calls by name; `*_heard` and `*_by_telephone` are what an offline recogniser made of them."""
    content: dict[str, list[Turn]] = json.loads((Path(__file__).parent / "dialogues.json").read_text())
    return content


@pytest.fixture(scope="session")
def analyze(recorded_at: datetime) -> Callable[..., dict[str, Any]]:
    """Analyse turns; `recorded` replaces the time of the call, other arguments go to the transcript."""

    def run(turns: Sequence[Turn], recorded: datetime = recorded_at, **fields: Any) -> dict[str, Any]:
        request = AnalysisRequest(call_id=UUID(CALL_ID), recorded_at=recorded, title=None)
        return build_analysis(_build(turns, **fields), request)

    return run


@pytest.fixture(scope="session")
def read_turns() -> Callable[..., tuple[Clause, ...]]:
    """Cut turns into clauses."""
    return lambda *turns: read_clauses(_build(turns))


@pytest.fixture(scope="session")
def read(read_turns: Callable[..., tuple[Clause, ...]]) -> Callable[[str], tuple[Clause, ...]]:
    """Cut one speaker's text into clauses."""
    return lambda text: read_turns(("A", text))


@pytest.fixture(scope="session")
def find(read: Callable[[str], tuple[Clause, ...]], recorded_at: datetime) -> Callable[[str], list[Statement]]:
    """Find the statements in one speaker's text."""
    return lambda text: [found for clause in read(text) for found in find_statements(clause, recorded_at)]
