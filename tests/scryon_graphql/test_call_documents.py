"""`callTranscript`, `callAnalysis` and the same as fields of a call. Source: rest.md, sections 2.6 and 2.7."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.calls.models import ArtifactType, CallStatus
from app.resources import Resources
from tests.factories import Factory
from tests.scryon_graphql.conftest import Client

TRANSCRIPT = "query GetTranscript($id: ID!) { callTranscript(id: $id) { document } }"
ANALYSIS = "query GetAnalysis($id: ID!) { callAnalysis(id: $id) { document } }"
BOTH = "query ($id: ID!) { call(id: $id) { transcript { document } analysis { document } } }"


def transcript_document(call_id: UUID) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "callId": str(call_id),
        "language": "en",
        "durationSeconds": 31,
        "cleanText": "[00:00 - 00:01] Tobias Lind: Hello?",
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
            }
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
            }
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
            "diarizationProvider": "none",
            "alignmentVersion": "1.0",
            "normalizationVersion": 3,
            "status": "COMPLETED",
        },
        "createdAt": "2026-02-09T09:14:07Z",
    }


async def test_transcript_is_served_as_stored(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    document = {**transcript_document(call.id), "mood": None}
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, document, schema_version=2)

    data = await client.get(TRANSCRIPT, id=str(call.id))

    assert data["callTranscript"]["document"] == document


async def test_transcript_is_fully_typed(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    document = transcript_document(call.id)
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, document, schema_version=2)

    data = await client.get(
        """
        query ($id: ID!) {
          callTranscript(id: $id) {
            schemaVersion callId language durationSeconds cleanText
            speakers {
              speakerId sourceSpeakerId label displayName role confidence labelSource voiceMatchScore
              voiceProfileMatched
            }
            segments {
              id speaker speakerLabel speakerDisplayName speakerId sourceSpeakerId role startSeconds endSeconds text
              alignmentConfidence
            }
            speakerResolution {
              strategyVersion usedUserDisplayName usedContactName usedDirection usedPhoneFallback
              voiceEmbeddingEnabled voiceProfileUsed voiceMatchStatus totalSpeakerCount resolvedSpeakerCount warnings
            }
            pipeline {
              transcriptionProvider transcriptionModel diarizationProvider diarizationModel alignmentVersion
              normalizationVersion status
            }
            createdAt
          }
        }
        """,
        id=str(call.id),
    )

    expected = {**document, "pipeline": {**document["pipeline"], "diarizationModel": None}}
    assert data["callTranscript"] == expected


async def test_typed_fields_of_an_old_transcript_fail_alone(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    old = {"schemaVersion": 1, "segments": [{"text": "Hello?"}]}
    await factory.document(call, ArtifactType.NORMALIZED_TRANSCRIPT_JSON, old, schema_version=1)

    data = await client.get(
        "query ($id: ID!) { callTranscript(id: $id) { schemaVersion language document } }", id=str(call.id)
    )
    refused = await client.refused("query ($id: ID!) { callTranscript(id: $id) { cleanText } }", id=str(call.id))

    assert data["callTranscript"] == {"schemaVersion": 1, "language": None, "document": old}
    assert refused == {"code": "internal_error", "status": 500, "details": {}}


async def test_analysis_has_its_legacy_aliases_and_unknown_members(
    client: Client, factory: Factory, alice: UUID
) -> None:
    call = await factory.call(alice)
    stored = {"oneLineSummary": "It moves.", "tone": None, "mood": 7}
    await factory.document(call, ArtifactType.ANALYSIS_JSON, stored, schema_version=3)

    data = await client.get(ANALYSIS, id=str(call.id))

    assert data["callAnalysis"]["document"] == {**stored, "schemaVersion": 3, "shortSummary": "It moves."}


async def test_analysis_is_typed_as_far_as_it_can_be_read(client: Client, factory: Factory, alice: UUID) -> None:
    call = await factory.call(alice)
    stored = {
        "schemaVersion": 3,
        "oneLineSummary": "It moves.",
        "executiveSummaryBullets": [
            {"header": "New time", "startTimestamp": "00:06", "paragraphs": ["Half past four."]}
        ],
        "decisions": ["A bare text", {"text": "The visit moves.", "sourceSegmentIds": ["seg_0004"]}, 7],
        "actionItems": [{"title": "Mail it", "intentMetadata": {"toName": "Meera", "durationMinutes": "soon"}}],
        "sentiment": {"overall": "positive", "score": 0.3, "userSentiment": {"overall": "neutral"}},
        "tone": "friendly",
        "tags": "none",
    }
    await factory.document(call, ArtifactType.ANALYSIS_JSON, stored, schema_version=3)

    data = await client.get(
        """
        query ($id: ID!) {
          callAnalysis(id: $id) {
            schemaVersion oneLineSummary executiveSummary
            executiveSummaryBullets { header startTimestamp paragraphs text }
            decisions { text sourceSegmentIds }
            actionItems { title intentMetadata { toName durationMinutes } }
            sentiment { overall score userSentiment { overall score } }
            tone { overall pace }
            tags
          }
        }
        """,
        id=str(call.id),
    )

    assert data["callAnalysis"] == {
        "schemaVersion": 3,
        "oneLineSummary": "It moves.",
        "executiveSummary": None,
        "executiveSummaryBullets": [
            {"header": "New time", "startTimestamp": "00:06", "paragraphs": ["Half past four."], "text": None}
        ],
        "decisions": [
            {"text": "A bare text", "sourceSegmentIds": None},
            {"text": "The visit moves.", "sourceSegmentIds": ["seg_0004"]},
        ],
        "actionItems": [{"title": "Mail it", "intentMetadata": {"toName": "Meera", "durationMinutes": None}}],
        "sentiment": {"overall": "positive", "score": 0.3, "userSentiment": {"overall": "neutral", "score": None}},
        "tone": {"overall": "friendly", "pace": None},
        "tags": None,
    }


@pytest.mark.parametrize("document", [TRANSCRIPT, ANALYSIS])
@pytest.mark.parametrize("status", [status for status in CallStatus if status is not CallStatus.COMPLETED])
async def test_documents_of_unfinished_calls_are_refused(
    client: Client, factory: Factory, alice: UUID, document: str, status: CallStatus
) -> None:
    reason = "transcription_timeout" if status is CallStatus.FAILED else None
    call = await factory.call(alice, status=status, error_reason=reason)
    for artifact_type in (ArtifactType.NORMALIZED_TRANSCRIPT_JSON, ArtifactType.ANALYSIS_JSON):
        await factory.document(call, artifact_type, {"schemaVersion": 3})

    refused = await client.refused(document, id=str(call.id))
    shown = await client.get(BOTH, id=str(call.id))

    details = {"status": str(status)} if reason is None else {"status": "FAILED", "errorReason": reason}
    assert refused == {"code": "call_not_completed", "status": 422, "details": details}
    assert shown["call"] == {"transcript": None, "analysis": None}


@pytest.mark.parametrize(("document", "code"), [(TRANSCRIPT, "transcript_not_found"), (ANALYSIS, "analysis_not_found")])
async def test_missing_documents_have_their_own_errors(
    client: Client, factory: Factory, alice: UUID, document: str, code: str
) -> None:
    call = await factory.call(alice)

    assert await client.refused(document, id=str(call.id)) == {"code": code, "status": 404, "details": {}}


@pytest.mark.parametrize(("document", "code"), [(TRANSCRIPT, "transcript_not_found"), (ANALYSIS, "analysis_not_found")])
async def test_row_without_object_counts_as_missing(
    client: Client, factory: Factory, resources: Resources, alice: UUID, document: str, code: str
) -> None:
    call = await factory.call(alice)
    for artifact_type in (ArtifactType.NORMALIZED_TRANSCRIPT_JSON, ArtifactType.ANALYSIS_JSON):
        await resources.storage.delete(await factory.document(call, artifact_type, {}))

    shown = await client.get(BOTH, id=str(call.id))
    refused = await client.refused(document, id=str(call.id))

    assert shown["call"] == {"transcript": None, "analysis": None}
    assert refused["code"] == code


@pytest.mark.parametrize("document", [TRANSCRIPT, ANALYSIS])
async def test_documents_of_missing_foreign_and_malformed_calls_are_missing_calls(
    stranger: Client, factory: Factory, alice: UUID, document: str
) -> None:
    call = await factory.call(alice, status=CallStatus.QUEUED)

    for call_id in (str(uuid4()), str(call.id), "nonsense"):
        assert await stranger.refused(document, id=call_id) == {
            "code": "call_not_found",
            "status": 404,
            "details": {},
        }


@pytest.mark.parametrize("document", [TRANSCRIPT, ANALYSIS, BOTH])
async def test_store_that_does_not_answer_is_said_so(
    client: Client, factory: Factory, resources: Resources, alice: UUID, document: str
) -> None:
    call = await factory.call(alice)
    for artifact_type in (ArtifactType.NORMALIZED_TRANSCRIPT_JSON, ArtifactType.ANALYSIS_JSON):
        key = await factory.document(call, artifact_type, {})
        path = resources.settings.storage_path / key
        path.unlink()
        path.symlink_to(path.name)  # a link to itself cannot be opened

    result = await client.run(document, id=str(call.id))

    assert {error.extensions["code"] for error in result.errors} == {"storage_unavailable"}
