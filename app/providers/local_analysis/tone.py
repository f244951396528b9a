"""Tone of a call as far as words and pace tell it; energy is in the voice, which is not here.

Source: analysis.md, section 3.7.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from app.pipeline.transcript import Segment, SpeakerRole, Transcript
from app.providers.local_analysis.feeling_lexicon import FORMAL, INFORMAL, POLITE, TENSE
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.sentiment import Polarity, find_emotions, rate
from app.providers.local_analysis.task_lexicon import HIGH_PRIORITY

MIN_WORDS = 20
"""With fewer words than this no tone is told."""
SLOW_WORDS_PER_MINUTE = 110
FAST_WORDS_PER_MINUTE = 185
"""Conversational English has about 120 to 180 words a minute."""
MIN_PACE_SECONDS = 10
MAX_DESCRIPTORS = 4
"""Source: analysis.md, section 3.7."""


class Tone(StrEnum):
    """Those tones of analysis.md, section 3.7, that words alone can show."""

    TENSE = "tense"
    URGENT = "urgent"
    FRIENDLY = "friendly"
    PROFESSIONAL = "professional"
    CASUAL = "casual"
    INFORMATIONAL = "informational"
    CONVERSATIONAL = "conversational"


class Formality(StrEnum):
    """How formal the wording is."""

    FORMAL = "formal"
    SEMI_FORMAL = "semi-formal"
    INFORMAL = "informal"


class Pace(StrEnum):
    """How fast people speak."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"


def describe_tone(transcript: Transcript, clauses: Sequence[Clause]) -> dict[str, Any]:
    """Answer `tone`; what the words do not show is null or empty."""
    descriptors = find_descriptors(clauses)
    return {
        "overall": find_tone(clauses),
        "descriptors": descriptors,
        "formality": find_formality(clauses),
        "energy": None,
        "pace": find_pace(transcript.segments),
        "notes": f"The wording is {', '.join(descriptors)}." if descriptors else None,
        "byParty": {
            "userTone": _describe_party(transcript, clauses, SpeakerRole.USER),
            "contactTone": _describe_party(transcript, clauses, SpeakerRole.CONTACT),
        },
    }


def find_tone(clauses: Sequence[Clause]) -> Tone | None:
    """Answer the tone by the strongest evidence first: anger, urgency, register, then who speaks at all."""
    if _count_words(clauses) < MIN_WORDS:
        return None
    if any(not TENSE.isdisjoint(clause.text.split(" ")) for clause in clauses):
        return Tone.TENSE
    if _count(clauses, HIGH_PRIORITY) >= 2:
        return Tone.URGENT
    formality, (polarity, _) = find_formality(clauses), rate(clauses)
    if formality is Formality.FORMAL:
        return Tone.PROFESSIONAL
    if polarity is Polarity.POSITIVE:
        return Tone.FRIENDLY
    if formality is Formality.INFORMAL:
        return Tone.CASUAL
    is_monologue = len({clause.speaker_id for clause in clauses}) == 1
    return Tone.INFORMATIONAL if is_monologue else Tone.CONVERSATIONAL


def find_formality(clauses: Sequence[Clause]) -> Formality | None:
    """Weigh formal against informal wording; without either it is in between."""
    if _count_words(clauses) < MIN_WORDS:
        return None
    formal, informal = _count(clauses, FORMAL), _count(clauses, INFORMAL)
    if formal >= 3 and formal > 3 * informal:
        return Formality.FORMAL
    return Formality.INFORMAL if informal >= 2 and informal > formal else Formality.SEMI_FORMAL


def find_pace(segments: Sequence[Segment]) -> Pace | None:
    """Answer the pace by words per minute of speech; None when there is too little of it."""
    seconds = sum(segment.end_seconds - segment.start_seconds for segment in segments)
    words = sum(len(segment.text.split()) for segment in segments)
    if seconds < MIN_PACE_SECONDS or words < MIN_WORDS:
        return None
    per_minute = 60 * words / seconds
    if per_minute < SLOW_WORDS_PER_MINUTE:
        return Pace.SLOW
    return Pace.FAST if per_minute > FAST_WORDS_PER_MINUTE else Pace.NORMAL


def find_descriptors(clauses: Sequence[Clause]) -> list[str]:
    """Answer adjectives for the wording: polite, urgent, and the feelings that are named."""
    polite = ["polite"] if _count(clauses, POLITE) >= 2 else []
    urgent = ["urgent"] if _count(clauses, HIGH_PRIORITY) else []
    return [*polite, *urgent, *find_emotions(clauses)][:MAX_DESCRIPTORS]


def _describe_party(transcript: Transcript, clauses: Sequence[Clause], role: SpeakerRole) -> dict[str, Any]:
    own = [clause for clause in clauses if transcript.speaker(clause.speaker_id).role is role]
    descriptors = find_descriptors(own)
    notes = f"The wording is {', '.join(descriptors)}." if descriptors else None
    return {"overall": find_tone(own), "descriptors": descriptors, "notes": notes}


def _count_words(clauses: Sequence[Clause]) -> int:
    return sum(len(clause.words) for clause in clauses)


def _count(clauses: Sequence[Clause], phrases: Sequence[str]) -> int:
    return sum(f" {clause.text} ".count(f" {phrase} ") for clause in clauses for phrase in phrases)
