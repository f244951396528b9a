"""The transcript of a call. Source: transcript.md, section 1; rest.md, section 2.6."""

from datetime import datetime
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from scryon_graphql.enums import Confidence, LabelSource, SpeakerRole


@strawberry.type(description="One voice of a call.")
class Speaker:
    speaker_id: str = strawberry.field(description="`spk_1`, `spk_2`, in order of first appearance.")
    source_speaker_id: str = strawberry.field(description="Canonical id of the diarization: `SPEAKER_00`, `UNKNOWN`.")
    label: str = strawberry.field(description="Always generic: `Speaker 1`.")
    display_name: str | None = strawberry.field(description="The name, when it is known; never a guess.")
    role: SpeakerRole = strawberry.field(description="Whose voice it is.")
    confidence: Confidence = strawberry.field(description="How sure name and role are.")
    label_source: LabelSource = strawberry.field(description="Which rule named the speaker.")
    voice_match_score: float | None = strawberry.field(
        description="Likeness to the user's voice profile, 0 to 1; only on the speaker who is most alike."
    )
    voice_profile_matched: bool | None = strawberry.field(
        description="True on the speaker whom the voice profile matched, else null."
    )


@strawberry.type(description="What one speaker said in one stretch.")
class Segment:
    id: str = strawberry.field(description="`seg_0001`, in the order of the list; analyses cite it.")
    speaker: str = strawberry.field(description="Legacy: the display name, else the label.")
    speaker_label: str = strawberry.field(description="The speaker's `label`.")
    speaker_display_name: str | None = strawberry.field(description="The speaker's `displayName`.")
    speaker_id: str = strawberry.field(description="The speaker's `speakerId`.")
    source_speaker_id: str = strawberry.field(description="The speaker's `sourceSpeakerId`.")
    role: SpeakerRole = strawberry.field(description="The speaker's `role`.")
    start_seconds: float = strawberry.field(description="Seconds from the start of the recording, two decimals.")
    end_seconds: float = strawberry.field(description="Never before `startSeconds`.")
    text: str = strawberry.field(description="What was said; at most 200 characters, never blank.")
    alignment_confidence: Confidence = strawberry.field(description="How sure it is that this speaker said it.")


@strawberry.type(description="How the speakers got their names: counts, flags and codes, never a name.")
class SpeakerResolution:
    strategy_version: int = strawberry.field(description="Version of the naming rules.")
    used_user_display_name: bool = strawberry.field(description="The account's display name helped.")
    used_contact_name: bool = strawberry.field(description="The contact's name helped.")
    used_direction: bool = strawberry.field(description="The direction of the call helped.")
    used_phone_fallback: bool = strawberry.field(description="The phone number stands in for a name.")
    voice_embedding_enabled: bool = strawberry.field(description="Voice match was switched on.")
    voice_profile_used: bool = strawberry.field(description="The user's voice profile was compared.")
    voice_match_status: str = strawberry.field(description="How the voice match ended; `DISABLED` when it is off.")
    total_speaker_count: int = strawberry.field(description="Speakers of the call.")
    resolved_speaker_count: int = strawberry.field(description="Speakers who got a name or a role.")
    warnings: list[str] = strawberry.field(description="Codes of what was doubtful.")


@strawberry.type(description="Which engines made a transcript.")
class TranscriptPipeline:
    transcription_provider: str = strawberry.field(description="`lemonfox`, `local`.")
    transcription_model: str = strawberry.field(description="Model or engine of the transcription.")
    diarization_provider: str = strawberry.field(
        description="`pyannote`, `pyannote-fallback`, `lemonfox`, `local`, `dual_channel`, `none`."
    )
    diarization_model: str | None = strawberry.field(description="Model of the diarization, if it has one.")
    alignment_version: str = strawberry.field(description="Version of the alignment rules.")
    normalization_version: int = strawberry.field(description="Version of the normalisation rules.")
    status: str = strawberry.field(description="`COMPLETED`.")


@strawberry.type(description="Who said what and when. Typed for schema version 2; `document` is what is stored.")
class Transcript:
    schema_version: int = strawberry.field(description="2.")
    call_id: UUID = strawberry.field(description="The call.")
    language: str | None = strawberry.field(description="ISO-639-1, when the engine told.")
    duration_seconds: int | None = strawberry.field(description="Length of the recording.")
    clean_text: str = strawberry.field(description="The whole text, one line per segment, with times and names.")
    speakers: list[Speaker] = strawberry.field(description="By number, ascending.")
    segments: list[Segment] = strawberry.field(description="By start time.")
    speaker_resolution: SpeakerResolution = strawberry.field(description="How the speakers got their names.")
    pipeline: TranscriptPipeline = strawberry.field(description="Which engines made it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    document: JSON = strawberry.field(description="The stored document, whatever its version.")
