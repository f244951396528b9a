"""Rule 1: the speaker whom the voice profile has told. Source: transcript.md, section 5.2; pipeline.md, section 10."""

from dataclasses import replace

from app.pipeline.speakers.naming import Naming
from app.pipeline.transcript import LabelSource, Speaker, Transcript


def apply_voices(naming: Naming) -> None:
    """Give the speaker who came with a label of the voice match the user's name; nothing else of it is touched."""
    for speaker in naming.real_speakers:
        if speaker.label_source is LabelSource.VOICE_EMBEDDING:
            naming.update(replace(speaker, display_name=naming.context.user_name))


def carry_over_voices(transcript: Transcript, earlier: Transcript) -> Transcript:
    """Take over what the voice match once found in the same recording, which is gone and cannot be heard again.

    Speakers are the same when their `source_speaker_id` is. `transcript` is anonymous.
    """
    known = {speaker.source_speaker_id: speaker for speaker in earlier.speakers}
    before = earlier.resolution
    return replace(
        transcript,
        speakers=tuple(
            _carry_over(speaker, known.get(speaker.source_speaker_id, speaker)) for speaker in transcript.speakers
        ),
        resolution=replace(
            transcript.resolution,
            voice_embedding_enabled=before.voice_embedding_enabled,
            voice_profile_used=before.voice_profile_used,
            voice_match_status=before.voice_match_status,
        ),
    )


def _carry_over(speaker: Speaker, earlier: Speaker) -> Speaker:
    heard = replace(
        speaker,
        voice_match_score=earlier.voice_match_score,
        voice_profile_matched=earlier.voice_profile_matched,
    )
    if earlier.label_source is not LabelSource.VOICE_EMBEDDING:
        return heard
    return replace(heard, role=earlier.role, confidence=earlier.confidence, label_source=earlier.label_source)
