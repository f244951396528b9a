"""Who spoke when, and who found that out. Source: pipeline.md, section 3.1, A4 and A5."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.pipeline.speech import Turn

PROVIDER_NONE = "none"


@dataclass(frozen=True, slots=True)
class Diarization:
    """The turns of a call and the engine behind them; no turns mean that the transcription's own labels count."""

    provider: str
    model: str | None
    turns: tuple[Turn, ...]


NO_DIARIZATION = Diarization(PROVIDER_NONE, None, ())


def read_diarization(document: Mapping[str, Any]) -> Diarization:
    """Read a DIARIZATION_RESULT_STATE, or a DIARIZATION_JSON of our own shape.

    Raises:
        KeyError: it is neither.
    """
    turns = tuple(Turn(turn["start"], turn["end"], turn["speaker"]) for turn in document["turns"])
    return Diarization(document["provider"], document.get("model"), turns)
