"""Say what a reader should know about how the analysis came about.

Source: analysis.md, section 8 (the local engine names itself in `qualityWarnings`).
"""

from collections.abc import Sequence

from app.pipeline.transcript import Confidence, Transcript
from app.providers.local_analysis.sentences import Clause

LOCAL = "local"
RELIABLE_LOCAL_MODELS = frozenset({"faster-whisper"})
LOW_CONFIDENCE_SHARE = 0.3
"""From this share of words with low alignment confidence on, owners are doubtful (our choice)."""
MIN_WORDS = 12
"""Fewer words than these hold hardly anything to analyse (our choice)."""

ENGINE = (
    "This analysis was made offline by an extractive engine; it repeats what was said and may miss or misread things."
)
TRANSCRIPTION = (
    "The words were recognised by an offline engine; some of them may be wrong, and many on telephone recordings."
)
CONFIDENCE = "It is often uncertain who speaks, so the owners of tasks may be wrong."
SHORT = "There are too few words for more than a sparse analysis."
LANGUAGE = "The offline engine reads English only, so next to nothing was extracted from this call."


def list_warnings(transcript: Transcript, clauses: Sequence[Clause]) -> list[str]:
    """Answer `qualityWarnings`; the engine's own comes first."""
    warnings = [ENGINE]
    if transcript.pipeline.transcription_provider == LOCAL:
        warnings.append(TRANSCRIPTION)
    if find_low_confidence_share(transcript) >= LOW_CONFIDENCE_SHARE:
        warnings.append(CONFIDENCE)
    if not reads_language(transcript.language):
        warnings.append(LANGUAGE)
    elif sum(len(clause.words) for clause in clauses) < MIN_WORDS:
        warnings.append(SHORT)
    return warnings


def is_misheard(transcript: Transcript) -> bool:
    """Whether the words come from an offline recogniser that mishears much; a local Whisper does not."""
    pipeline = transcript.pipeline
    return pipeline.transcription_provider == LOCAL and pipeline.transcription_model not in RELIABLE_LOCAL_MODELS


def reads_language(language: str | None) -> bool:
    """Whether the lexicons fit; a language that nobody named is taken for English."""
    return language is None or language.casefold().split("-")[0] == "en"


def find_low_confidence_share(transcript: Transcript) -> float:
    """Answer the share of words in segments of low alignment confidence, 0 to 1."""
    lengths = [(len(segment.text.split()), segment.alignment_confidence) for segment in transcript.segments]
    total = sum(length for length, _ in lengths)
    low = sum(length for length, confidence in lengths if confidence is Confidence.LOW)
    return low / total if total else 0.0
