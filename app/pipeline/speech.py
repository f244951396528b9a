"""What engines heard: turns, words, segments, before anybody is given a name.

All times are float seconds from the start of the recording. Speaker ids are canonical (`SPEAKER_00`), see
`app/pipeline/alignment.py`; `UNKNOWN_SPEAKER` is nobody in particular.
"""

from dataclasses import dataclass

UNKNOWN_SPEAKER = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one speaker speaks; turns of different speakers may overlap."""

    start_seconds: float
    end_seconds: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. Times and confidence (0 to 1) are None when the engine does not tell them."""

    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None
    speaker: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class AsrSegment:
    """A stretch of text of the transcription engine, with its words in order (possibly none)."""

    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None
    words: tuple[Word, ...] = ()
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """A transcription engine's answer, parsed.

    `language` is as the engine named it (`english`, `en` or None). `words` is the flat list that some servers send
    beside the segments, empty when the segments have their own. `is_formatted` is False for engines that return bare
    lower-case words (transcript.md 4.0). `is_speaker_exact`: each word's speaker is known for sure, since its channel
    was decoded on its own. `text` is the whole text; it counts only when there are no segments. `engine` names
    the one of our own engines that wrote it, whose `duration_seconds` is the measured length; None for anybody else's.
    """

    segments: tuple[AsrSegment, ...]
    words: tuple[Word, ...] = ()
    language: str | None = None
    duration_seconds: float | None = None
    is_formatted: bool = True
    is_speaker_exact: bool = False
    text: str = ""
    engine: str | None = None
