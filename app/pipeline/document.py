"""The transcript document: a transcript as the JSON that is stored and served, and back.

Source: transcript.md, sections 1 and 7.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from app.pipeline.transcript import (
    ALIGNMENT_VERSION,
    NORMALIZATION_VERSION,
    SCHEMA_VERSION,
    STRATEGY_VERSION,
    Confidence,
    LabelSource,
    PipelineInfo,
    Segment,
    Speaker,
    SpeakerResolution,
    SpeakerRole,
    Transcript,
)

_SECONDS_PER_HOUR = 3600
_STATUS = "COMPLETED"


def to_document(transcript: Transcript) -> dict[str, Any]:
    """The document, members in the order of the schema; members without a value are omitted unless shown as null."""
    speakers = {speaker.speaker_id: speaker for speaker in transcript.speakers}
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "callId": transcript.call_id,
        "language": transcript.language,
        "durationSeconds": transcript.duration_seconds,
        "cleanText": clean_text(transcript),
        "speakers": [_speaker_document(speaker) for speaker in transcript.speakers],
        "segments": [_segment_document(segment, speakers[segment.speaker_id]) for segment in transcript.segments],
        "speakerResolution": _resolution_document(transcript.resolution),
        "pipeline": _pipeline_document(transcript.pipeline),
        "createdAt": transcript.created_at,
    }
    return _without_none(document)


def clean_text(transcript: Transcript) -> str:
    """The call as plain text: a line `[MM:SS - MM:SS] Name: text` per segment, no newline at the end.

    Times are floored; a call of an hour or more has `HH:MM:SS` throughout.

    Source: transcript.md, section 7.
    """
    names = {speaker.speaker_id: " ".join(speaker.name.split()) for speaker in transcript.speakers}
    last_end = max((segment.end_seconds for segment in transcript.segments), default=0.0)
    is_long = max(last_end, transcript.duration_seconds or 0) >= _SECONDS_PER_HOUR
    return "\n".join(
        f"[{_stamp(segment.start_seconds, is_long)} - {_stamp(segment.end_seconds, is_long)}]"
        f" {names[segment.speaker_id]}: {segment.text}"
        for segment in transcript.segments
    )


def from_document(document: Mapping[str, Any]) -> Transcript:
    """Read a stored document of schema version 2 back; members that it does not know are ignored.

    What is derived (`cleanText`, the speaker's members of a segment) is not read.

    Raises:
        KeyError, ValueError: it is no such document.
    """
    return Transcript(
        call_id=document["callId"],
        speakers=tuple(_read_speaker(speaker) for speaker in document["speakers"]),
        segments=tuple(_read_segment(segment) for segment in document["segments"]),
        pipeline=_read_pipeline(document["pipeline"]),
        created_at=document["createdAt"],
        language=document.get("language"),
        duration_seconds=document.get("durationSeconds"),
        resolution=_read_resolution(document.get("speakerResolution") or {}),
    )


def _speaker_document(speaker: Speaker) -> dict[str, Any]:
    score = speaker.voice_match_score
    return {
        "speakerId": speaker.speaker_id,
        "sourceSpeakerId": speaker.source_speaker_id,
        "label": speaker.label,
        "displayName": speaker.display_name,
        "role": str(speaker.role),
        "confidence": str(speaker.confidence),
        "labelSource": str(speaker.label_source),
        "voiceMatchScore": None if score is None else round(score, 3),
        "voiceProfileMatched": speaker.voice_profile_matched,
    }


def _segment_document(segment: Segment, speaker: Speaker) -> dict[str, Any]:
    return {
        "id": segment.id,
        "speaker": speaker.name,
        "speakerLabel": speaker.label,
        "speakerDisplayName": speaker.display_name,
        "speakerId": speaker.speaker_id,
        "sourceSpeakerId": speaker.source_speaker_id,
        "role": str(speaker.role),
        "startSeconds": round(segment.start_seconds, 2),
        "endSeconds": round(segment.end_seconds, 2),
        "text": segment.text,
        "alignmentConfidence": str(segment.alignment_confidence),
    }


def _resolution_document(resolution: SpeakerResolution) -> dict[str, Any]:
    members = {_camel(member.name): getattr(resolution, member.name) for member in fields(resolution)}
    return {"strategyVersion": STRATEGY_VERSION, **members, "warnings": list(resolution.warnings)}


def _pipeline_document(pipeline: PipelineInfo) -> dict[str, Any]:
    document = {
        "transcriptionProvider": pipeline.transcription_provider,
        "transcriptionModel": pipeline.transcription_model,
        "diarizationProvider": pipeline.diarization_provider,
        "diarizationModel": pipeline.diarization_model,
        "alignmentVersion": ALIGNMENT_VERSION,
        "normalizationVersion": NORMALIZATION_VERSION,
        "status": _STATUS,
    }
    return _without_none(document)


def _read_speaker(document: Mapping[str, Any]) -> Speaker:
    return Speaker(
        number=int(document["speakerId"].removeprefix("spk_")),
        source_speaker_id=document["sourceSpeakerId"],
        display_name=document.get("displayName"),
        role=SpeakerRole(document["role"]),
        confidence=Confidence(document["confidence"]),
        label_source=LabelSource(document["labelSource"]),
        voice_match_score=document.get("voiceMatchScore"),
        voice_profile_matched=document.get("voiceProfileMatched"),
    )


def _read_segment(document: Mapping[str, Any]) -> Segment:
    return Segment(
        id=document["id"],
        speaker_id=document["speakerId"],
        start_seconds=document["startSeconds"],
        end_seconds=document["endSeconds"],
        text=document["text"],
        alignment_confidence=Confidence(document["alignmentConfidence"]),
    )


def _read_pipeline(document: Mapping[str, Any]) -> PipelineInfo:
    return PipelineInfo(
        transcription_provider=document["transcriptionProvider"],
        transcription_model=document["transcriptionModel"],
        diarization_provider=document["diarizationProvider"],
        diarization_model=document.get("diarizationModel"),
    )


def _read_resolution(document: Mapping[str, Any]) -> SpeakerResolution:
    known = {member.name: document.get(_camel(member.name)) for member in fields(SpeakerResolution)}
    known["warnings"] = tuple(document.get("warnings") or ())
    return SpeakerResolution(**_without_none(known))


def _camel(name: str) -> str:
    """The wire name of a field: `used_direction` is `usedDirection`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


def _stamp(seconds: float, is_long: bool) -> str:
    minutes, second = divmod(int(seconds), 60)
    if not is_long:
        return f"{minutes:02d}:{second:02d}"
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"
