"""The transcript document, schema version 2, as typed values.

Stages pass these values around; `to_document` gives the JSON that is stored and served, `from_document` reads it back.
Source: transcript.md, section 1.
"""

from dataclasses import dataclass, field
from enum import StrEnum

SCHEMA_VERSION = 2
ALIGNMENT_VERSION = "1.0"
NORMALIZATION_VERSION = 3
STRATEGY_VERSION = 2


class Confidence(StrEnum):
    """How sure a stage is; `HIGH` > `MEDIUM` > `LOW`."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class SpeakerRole(StrEnum):
    """Whose voice it is: the owner of the account, the other party, or nobody can tell."""

    USER = "USER"
    CONTACT = "CONTACT"
    UNKNOWN = "UNKNOWN"


class LabelSource(StrEnum):
    """Which rule named a speaker (transcript.md, section 2). The last four are never written, only read."""

    DIARIZATION = "DIARIZATION"
    VOICE_EMBEDDING = "VOICE_EMBEDDING"
    SELF_INTRODUCTION = "SELF_INTRODUCTION"
    GREETING_MATCH = "GREETING_MATCH"
    NAME_MENTION = "NAME_MENTION"
    AMBIGUOUS = "AMBIGUOUS"
    BY_ELIMINATION = "BY_ELIMINATION"
    ANSWERING_PATTERN = "ANSWERING_PATTERN"
    PHONE_FALLBACK = "PHONE_FALLBACK"
    LLM_INFERENCE = "LLM_INFERENCE"
    USER_PROFILE = "USER_PROFILE"
    CONTACT_METADATA = "CONTACT_METADATA"
    POSITIONAL_FALLBACK = "POSITIONAL_FALLBACK"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice of the call; `number` is the N of `spk_N` and `Speaker N`, by first appearance."""

    number: int
    source_speaker_id: str
    display_name: str | None = None
    role: SpeakerRole = SpeakerRole.UNKNOWN
    confidence: Confidence = Confidence.LOW
    label_source: LabelSource = LabelSource.DIARIZATION
    voice_match_score: float | None = None
    voice_profile_matched: bool | None = None

    @property
    def speaker_id(self) -> str:
        return f"spk_{self.number}"

    @property
    def label(self) -> str:
        return f"Speaker {self.number}"

    @property
    def name(self) -> str:
        """What a reader sees: the name, else the generic label."""
        return self.display_name or self.label


@dataclass(frozen=True, slots=True)
class Segment:
    """What one speaker said in one stretch: at most 200 characters, times in seconds with two decimals."""

    id: str
    speaker_id: str
    start_seconds: float
    end_seconds: float
    text: str
    alignment_confidence: Confidence


@dataclass(frozen=True, slots=True)
class SpeakerResolution:
    """How the speakers got their names: counts, booleans and codes, never a name or a number."""

    used_user_display_name: bool = False
    used_contact_name: bool = False
    used_direction: bool = False
    used_phone_fallback: bool = False
    voice_embedding_enabled: bool = False
    voice_profile_used: bool = False
    voice_match_status: str = "DISABLED"
    total_speaker_count: int = 0
    resolved_speaker_count: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineInfo:
    """Which engines made the transcript."""

    transcription_provider: str
    transcription_model: str
    diarization_provider: str
    diarization_model: str | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole call. `speakers` ascend by number; `segments` are sorted as transcript.md 4.5 says.

    `created_at` is the finished ISO-8601 string with `Z`; `language` is ISO-639-1.
    """

    call_id: str
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    pipeline: PipelineInfo
    created_at: str
    language: str | None = None
    duration_seconds: int | None = None
    resolution: SpeakerResolution = field(default_factory=SpeakerResolution)

    def speaker(self, speaker_id: str) -> Speaker:
        """The speaker of that id; raises KeyError when there is none."""
        for speaker in self.speakers:
            if speaker.speaker_id == speaker_id:
                return speaker
        raise KeyError(speaker_id)
