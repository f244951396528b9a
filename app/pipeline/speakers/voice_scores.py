"""What the voice match tells: how much like the user each speaker sounds, and whom that makes the user.

The provider says who sounds like the user when; its own numbering of speakers is not trusted, only its times are.
Source: transcript.md, sections 5.12 and 6.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.pipeline.intervals import IntervalIndex, tidy
from app.pipeline.speaker_ids import canonicalize_turns
from app.pipeline.speakers.utterances import real_speaker_ids, utterances_of
from app.pipeline.speech import Turn
from app.pipeline.transcript import Confidence, LabelSource, Speaker, SpeakerRole, Transcript
from app.providers.protocols import VoiceInterval

_MIN_OVERLAP_SECONDS = 1.0
_SCORE_DECIMALS = 3


class VoiceMatchStatus(StrEnum):
    """How the voice match of a transcript went."""

    DISABLED = "DISABLED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    NO_MATCH = "NO_MATCH"
    MATCHED = "MATCHED"
    AMBIGUOUS = "AMBIGUOUS"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score on a speaker is taken for the user, and from which on with high confidence."""

    medium: float
    high: float


@dataclass(frozen=True, slots=True)
class VoiceMatch:
    """The outcome: NO_MATCH, MATCHED or AMBIGUOUS, and the speaker who scored best, if anybody did.

    `best` is a source speaker id; the first speaker of the transcript counts among equals.
    """

    status: VoiceMatchStatus
    best: str | None = None
    score: float | None = None


def score_speakers(intervals: Sequence[VoiceInterval], turns: Sequence[Turn]) -> dict[str, float]:
    """The score, 0 to 1, of each speaker of the turns who is heard in the intervals for at least a second.

    The keys are canonical source speaker ids.
    """
    canonical = canonicalize_turns(turns)
    index = IntervalIndex([(turn.start_seconds, turn.end_seconds) for turn in canonical])
    shared: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for interval in intervals:
        for at, seconds in index.overlapping(interval.start_seconds, interval.end_seconds):
            shared[canonical[at].speaker].append((seconds, interval.score))
    scores = {}
    for speaker, parts in sorted(shared.items()):
        overlap = tidy(math.fsum(seconds for seconds, _ in parts))
        if overlap >= _MIN_OVERLAP_SECONDS:
            scores[speaker] = tidy(math.fsum(seconds * score for seconds, score in parts) / overlap)
    return scores


def find_match(transcript: Transcript, scores: Mapping[str, float], thresholds: Thresholds) -> VoiceMatch:
    """Decide between the real speakers of the transcript; the thresholds are inclusive."""
    real = set(real_speaker_ids(transcript, utterances_of(transcript)))
    sources = [speaker.source_speaker_id for speaker in transcript.speakers if speaker.speaker_id in real]
    heard = [source for source in sources if source in scores]
    if not heard:
        return VoiceMatch(VoiceMatchStatus.NO_MATCH)
    best = max(heard, key=lambda source: scores[source])
    alike = sum(scores[source] >= thresholds.medium for source in heard)
    statuses = (VoiceMatchStatus.NO_MATCH, VoiceMatchStatus.MATCHED, VoiceMatchStatus.AMBIGUOUS)
    return VoiceMatch(statuses[min(alike, 2)], best, scores[best])


def apply_match(transcript: Transcript, match: VoiceMatch, thresholds: Thresholds) -> Transcript:
    """Note the outcome and the best score, and give the matched speaker the label that rule 1 goes by."""
    return note_status(
        replace(
            transcript,
            speakers=tuple(
                _label(speaker, match, thresholds) if speaker.source_speaker_id == match.best else speaker
                for speaker in transcript.speakers
            ),
        ),
        match.status,
        is_used=True,
    )


def _label(speaker: Speaker, match: VoiceMatch, thresholds: Thresholds) -> Speaker:
    assert match.score is not None
    scored = replace(speaker, voice_match_score=round(match.score, _SCORE_DECIMALS))
    if match.status is not VoiceMatchStatus.MATCHED:
        return scored
    return replace(
        scored,
        role=SpeakerRole.USER,
        confidence=Confidence.HIGH if match.score >= thresholds.high else Confidence.MEDIUM,
        label_source=LabelSource.VOICE_EMBEDDING,
        voice_profile_matched=True,
    )


def note_status(transcript: Transcript, status: VoiceMatchStatus, *, is_used: bool = False) -> Transcript:
    """Say how the voice match went; `is_used` when the provider was asked, with the user's profile."""
    return replace(
        transcript,
        resolution=replace(
            transcript.resolution,
            voice_embedding_enabled=status is not VoiceMatchStatus.DISABLED,
            voice_profile_used=is_used,
            voice_match_status=status,
        ),
    )
