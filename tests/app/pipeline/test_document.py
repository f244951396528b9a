from dataclasses import replace
from typing import Any

import pytest

from app.pipeline.document import clean_text, from_document, to_document
from app.pipeline.transcript import (
    Confidence,
    LabelSource,
    PipelineInfo,
    Segment,
    Speaker,
    SpeakerResolution,
    SpeakerRole,
    Transcript,
)

TRANSCRIPT = Transcript(
    call_id="0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
    language="en",
    duration_seconds=31,
    speakers=(
        Speaker(1, "SPEAKER_01", "Tobias Lind", SpeakerRole.CONTACT, Confidence.MEDIUM, LabelSource.BY_ELIMINATION),
        Speaker(2, "SPEAKER_00", "Meera Nair", SpeakerRole.USER, Confidence.HIGH, LabelSource.SELF_INTRODUCTION),
    ),
    segments=(
        Segment("seg_0001", "spk_1", 0.42, 1.1, "Hello?", Confidence.HIGH),
        Segment("seg_0002", "spk_2", 1.35, 6.02, "Hi Tobias, this is Meera.", Confidence.MEDIUM),
    ),
    resolution=SpeakerResolution(
        used_user_display_name=True, used_contact_name=True, total_speaker_count=2, resolved_speaker_count=2
    ),
    pipeline=PipelineInfo("lemonfox", "whisper-1", "pyannote", "precision-2"),
    created_at="2026-02-09T09:14:07Z",
)

DOCUMENT: dict[str, Any] = {
    "schemaVersion": 2,
    "callId": "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
    "language": "en",
    "durationSeconds": 31,
    "cleanText": "[00:00 - 00:01] Tobias Lind: Hello?\n[00:01 - 00:06] Meera Nair: Hi Tobias, this is Meera.",
    "speakers": [
        {
            "speakerId": "spk_1",
            "sourceSpeakerId": "SPEAKER_01",
            "label": "Speaker 1",
            "displayName": "Tobias Lind",
            "role": "CONTACT",
            "confidence": "MEDIUM",
            "labelSource": "BY_ELIMINATION",
            "voiceMatchScore": None,
            "voiceProfileMatched": None,
        },
        {
            "speakerId": "spk_2",
            "sourceSpeakerId": "SPEAKER_00",
            "label": "Speaker 2",
            "displayName": "Meera Nair",
            "role": "USER",
            "confidence": "HIGH",
            "labelSource": "SELF_INTRODUCTION",
            "voiceMatchScore": None,
            "voiceProfileMatched": None,
        },
    ],
    "segments": [
        {
            "id": "seg_0001",
            "speaker": "Tobias Lind",
            "speakerLabel": "Speaker 1",
            "speakerDisplayName": "Tobias Lind",
            "speakerId": "spk_1",
            "sourceSpeakerId": "SPEAKER_01",
            "role": "CONTACT",
            "startSeconds": 0.42,
            "endSeconds": 1.1,
            "text": "Hello?",
            "alignmentConfidence": "HIGH",
        },
        {
            "id": "seg_0002",
            "speaker": "Meera Nair",
            "speakerLabel": "Speaker 2",
            "speakerDisplayName": "Meera Nair",
            "speakerId": "spk_2",
            "sourceSpeakerId": "SPEAKER_00",
            "role": "USER",
            "startSeconds": 1.35,
            "endSeconds": 6.02,
            "text": "Hi Tobias, this is Meera.",
            "alignmentConfidence": "MEDIUM",
        },
    ],
    "speakerResolution": {
        "strategyVersion": 2,
        "usedUserDisplayName": True,
        "usedContactName": True,
        "usedDirection": False,
        "usedPhoneFallback": False,
        "voiceEmbeddingEnabled": False,
        "voiceProfileUsed": False,
        "voiceMatchStatus": "DISABLED",
        "totalSpeakerCount": 2,
        "resolvedSpeakerCount": 2,
        "warnings": [],
    },
    "pipeline": {
        "transcriptionProvider": "lemonfox",
        "transcriptionModel": "whisper-1",
        "diarizationProvider": "pyannote",
        "diarizationModel": "precision-2",
        "alignmentVersion": "1.0",
        "normalizationVersion": 3,
        "status": "COMPLETED",
    },
    "createdAt": "2026-02-09T09:14:07Z",
}


def test_document_has_the_members_of_the_schema_in_its_order() -> None:
    document = to_document(TRANSCRIPT)

    assert document == DOCUMENT
    assert repr(document) == repr(DOCUMENT)


def test_members_without_a_value_are_omitted_or_null() -> None:
    anonymous = replace(
        TRANSCRIPT,
        language=None,
        duration_seconds=None,
        speakers=tuple(Speaker(number, "UNKNOWN") for number in (1, 2)),
        pipeline=PipelineInfo("local", "pocketsphinx", "none"),
    )

    document = to_document(anonymous)

    assert DOCUMENT.keys() - document.keys() == {"language", "durationSeconds"}
    assert DOCUMENT["pipeline"].keys() - document["pipeline"].keys() == {"diarizationModel"}
    assert document["speakers"][0]["displayName"] is None
    assert document["segments"][0]["speakerDisplayName"] is None
    assert document["segments"][0]["speaker"] == "Speaker 1"


def test_voice_score_has_three_decimals() -> None:
    speakers = tuple(replace(speaker, voice_match_score=0.87654) for speaker in TRANSCRIPT.speakers)

    assert to_document(replace(TRANSCRIPT, speakers=speakers))["speakers"][0]["voiceMatchScore"] == 0.877


def test_document_is_read_back() -> None:
    voice = replace(TRANSCRIPT.speakers[0], voice_match_score=0.9, voice_profile_matched=True)
    resolution = replace(TRANSCRIPT.resolution, voice_match_status="MATCHED", warnings=("single_speaker_detected",))
    transcript = replace(TRANSCRIPT, speakers=(voice, TRANSCRIPT.speakers[1]), resolution=resolution)

    assert from_document(to_document(transcript)) == transcript


def test_unknown_members_are_ignored() -> None:
    document = {
        **DOCUMENT,
        "mood": "sunny",
        "speakers": [{**speaker, "age": 3} for speaker in DOCUMENT["speakers"]],
        "segments": [{**segment, "volume": None} for segment in DOCUMENT["segments"]],
        "speakerResolution": {**DOCUMENT["speakerResolution"], "usedMagic": True},
        "pipeline": {**DOCUMENT["pipeline"], "costs": 7},
    }

    assert from_document(document) == TRANSCRIPT


def test_missing_resolution_is_read_as_the_default() -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != "speakerResolution"}

    assert from_document(document).resolution == SpeakerResolution()


@pytest.mark.parametrize(
    ("duration", "line"),
    [(3599, "[00:59 - 59:59] Tobias Lind: So."), (3600, "[00:00:59 - 00:59:59] Tobias Lind: So.")],
    ids=["under an hour", "an hour"],
)
def test_stamps_have_hours_from_an_hour_on(duration: int, line: str) -> None:
    segment = Segment("seg_0001", "spk_1", 59.99, 3599.5, "So.", Confidence.LOW)

    assert clean_text(replace(TRANSCRIPT, duration_seconds=duration, segments=(segment,))) == line


def test_without_a_duration_the_last_segment_counts() -> None:
    segment = Segment("seg_0001", "spk_2", 3600.0, 3725.0, "So.", Confidence.LOW)

    text = clean_text(replace(TRANSCRIPT, duration_seconds=None, segments=(segment,)))

    assert text == "[01:00:00 - 01:02:05] Meera Nair: So."


def test_speaker_without_a_name_has_the_label_and_names_are_one_line() -> None:
    speakers = (
        replace(TRANSCRIPT.speakers[0], display_name=None),
        replace(TRANSCRIPT.speakers[1], display_name="M\nN"),
    )

    text = clean_text(replace(TRANSCRIPT, speakers=speakers))

    assert text == "[00:00 - 00:01] Speaker 1: Hello?\n[00:01 - 00:06] M N: Hi Tobias, this is Meera."
