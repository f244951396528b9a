"""Rule 1, transcript.md 5.2, and what a later transcript of the same recording takes over (pipeline.md, section 10)."""

from dataclasses import replace

from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speakers.voices import carry_over_voices
from app.pipeline.transcript import Confidence, LabelSource, SpeakerResolution, SpeakerRole, Transcript
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, conversation, described

FACTS = SpeakerResolution(voice_embedding_enabled=True, voice_profile_used=True, voice_match_status="MATCHED")


def recognised(transcript: Transcript, number: int, confidence: Confidence = Confidence.HIGH) -> Transcript:
    """The transcript with a speaker whom the voice match has labelled."""
    speakers = tuple(
        replace(
            speaker,
            role=SpeakerRole.USER,
            confidence=confidence,
            label_source=LabelSource.VOICE_EMBEDDING,
            voice_match_score=0.91,
            voice_profile_matched=True,
        )
        if speaker.number == number
        else speaker
        for speaker in transcript.speakers
    )
    return replace(transcript, speakers=speakers, resolution=FACTS)


def test_recognised_speaker_bears_the_users_name_and_keeps_score_and_confidence() -> None:
    call = recognised(conversation((1, "So it is."), (2, "I see.")), 2, Confidence.MEDIUM)

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 2) == ("USER", "Meera Nair", "MEDIUM", "VOICE_EMBEDDING")
    assert described(resolved, 1) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")
    assert (resolved.speaker("spk_2").voice_match_score, resolved.resolution.voice_match_status) == (0.91, "MATCHED")
    assert resolved.resolution.used_user_display_name is True


def test_words_do_not_overrule_the_voice() -> None:
    call = recognised(conversation((1, "Hello, this is Robert."), (2, "My name is Meera. Hi Tobias.")), 1)

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == ("USER", "Meera Nair", "HIGH", "VOICE_EMBEDDING")
    assert described(resolved, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")


def test_recognised_user_without_a_profile_name_has_the_name_that_was_told() -> None:
    call = recognised(conversation((1, "Hello, this is Robert."), (2, "I see.")), 1)

    resolved = resolve_speakers(call, replace(MEERA_AND_TOBIAS, user_display_name=None))

    assert described(resolved, 1) == ("USER", "Robert", "HIGH", "VOICE_EMBEDDING")


def test_label_is_carried_over_by_the_source_of_the_speaker() -> None:
    earlier = resolve_speakers(recognised(conversation((1, "So it is."), (2, "I see.")), 2), MEERA_AND_TOBIAS)
    # Another order of speaking: who was Speaker 2 is Speaker 1 now.
    rebuilt = conversation((1, "I see."), (2, "So it is."))
    first, second = rebuilt.speakers
    rebuilt = replace(
        rebuilt,
        speakers=(replace(first, source_speaker_id="SPEAKER_01"), replace(second, source_speaker_id="SPEAKER_00")),
    )

    carried = carry_over_voices(rebuilt, earlier)

    assert described(carried, 1) == ("USER", None, "HIGH", "VOICE_EMBEDDING")
    assert described(carried, 2) == ("UNKNOWN", None, "LOW", "DIARIZATION")
    assert (carried.speakers[0].voice_match_score, carried.speakers[0].voice_profile_matched) == (0.91, True)
    assert carried.resolution == FACTS


def test_score_of_a_voice_that_was_not_recognised_is_carried_over_without_a_label() -> None:
    call = conversation((1, "So it is."), (2, "I see."))
    heard = replace(call.speakers[0], voice_match_score=0.6)
    earlier = replace(
        call, speakers=(heard, call.speakers[1]), resolution=replace(FACTS, voice_match_status="NO_MATCH")
    )

    carried = carry_over_voices(call, resolve_speakers(earlier, MEERA_AND_TOBIAS))

    assert carried.speakers == (heard, call.speakers[1])
    assert carried.resolution == replace(FACTS, voice_match_status="NO_MATCH")


def test_transcript_without_voice_match_changes_nothing() -> None:
    call = conversation((1, "This is Meera."), (2, "I see."))

    assert carry_over_voices(call, resolve_speakers(call, MEERA_AND_TOBIAS)) == call
