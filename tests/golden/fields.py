"""Which fields are always there, which are left out, and which show null: the field tables of rest.md.

By the names of their schemas in the OpenAPI document, or of the operation that alone answers so.
"""

ALWAYS, OMITTED, NULL_SHOWN = "always", "omitted", "null shown"
FIELDS: dict[str, dict[str, set[str]]] = {
    "CallSummary": {
        ALWAYS: {"callId", "id", "direction", "status", "recordedAt", "createdAt", "tags", "actionItemCount"},
        OMITTED: {
            "title", "originalFileName", "contactName", "durationSeconds", "shortSummary", "scryonContactId",
            "errorReason",
        },
        NULL_SHOWN: {"firstActionTitle"},
    },
    "ActionItem": {
        ALWAYS: {
            "id", "callRecordId", "title", "status", "ownerRole", "sourceSegmentIds", "createdAt", "updatedAt",
        },
        OMITTED: {"sourceText", "ownerSpeakerId", "ownerSpeakerLabel", "intentMetadata"},
        NULL_SHOWN: {
            "description", "dueDate", "priority", "source", "contactId", "ownerDisplayName", "intent",
        },
    },
    "Contact": {
        ALWAYS: {"id", "name", "createdAt", "updatedAt"},
        OMITTED: set(),
        NULL_SHOWN: {"phoneNumber", "email", "notes"},
    },
    "CallDetail": {
        ALWAYS: {"callId", "id", "status", "direction", "recordedAt", "createdAt", "updatedAt", "tags"},
        OMITTED: {
            "title", "originalFileName", "contactName", "contactId", "phoneNumber", "organization", "shortSummary",
            "notes", "scryonContactId", "durationSeconds",
        },
        NULL_SHOWN: {"errorReason", "errorMessage"},
    },
    "CallEvent": {
        ALWAYS: {"stage", "status", "createdAt"},
        OMITTED: {"provider", "durationMs", "errorCode", "errorMessage"},
        NULL_SHOWN: set(),
    },
    "UserProfile": {
        ALWAYS: {"id", "externalUserId", "createdAt", "marketingOptIn", "plan", "isAdmin", "accountStatus"},
        OMITTED: {"email", "displayName", "lastLoginAt"},
        NULL_SHOWN: {
            "photoUrl", "privacyPolicyVersion", "privacyPolicyAcceptedAt", "termsVersion", "termsAcceptedAt",
            "callRecordingDisclaimerVersion", "callRecordingDisclaimerAcceptedAt", "marketingOptInAt",
            "plansIntroShownAt", "accountStatusReason",
        },
    },
    "getStats": {
        ALWAYS: {
            "totalCalls", "callsThisWeek", "openActionItems", "overdueActionItems", "completedActionItems",
            "averageCallDurationSeconds",
        },
        OMITTED: set(),
        NULL_SHOWN: set(),
    },
    "getCallStatuses": {ALWAYS: {"items", "nextPollMs"}, OMITTED: set(), NULL_SHOWN: set()},
    "deleteCalls": {ALWAYS: {"deleted", "missing", "failed"}, OMITTED: set(), NULL_SHOWN: set()},
    "getVibe": {
        ALWAYS: {
            "sentimentDistribution", "userSentimentDistribution", "contactSentimentDistribution", "sentimentTrend",
            "toneProfile",
        },
        OMITTED: set(),
        NULL_SHOWN: set(),
    },
    "ActionIntentMetadata": {
        ALWAYS: set(),
        OMITTED: {
            "providerHint", "attendees", "proposedAt", "remindAt", "durationMinutes", "toEmail", "toName", "subject",
            "bodyPreview", "phoneNumber", "contactName", "handle", "channel", "title", "location", "notes",
        },
        NULL_SHOWN: set(),
    },
    "getVoiceProfileStatus": {
        ALWAYS: {"status", "enabled"},
        OMITTED: {
            "provider", "model", "consentVersion", "createdAt", "updatedAt", "sampleCount", "sampleDurationSeconds",
        },
        NULL_SHOWN: set(),
    },
}  # fmt: skip

TRANSCRIPT_FIELDS: dict[str, dict[str, set[str]]] = {
    "Transcript": {
        ALWAYS: {
            "schemaVersion", "callId", "cleanText", "speakers", "segments", "speakerResolution", "pipeline",
            "createdAt",
        },
        OMITTED: {"language", "durationSeconds"},
        NULL_SHOWN: set(),
    },
    "Speaker": {
        ALWAYS: {"speakerId", "sourceSpeakerId", "label", "role", "confidence", "labelSource"},
        OMITTED: set(),
        NULL_SHOWN: {"displayName", "voiceMatchScore", "voiceProfileMatched"},
    },
    "Segment": {
        ALWAYS: {
            "id", "speaker", "speakerLabel", "speakerId", "sourceSpeakerId", "text", "role", "alignmentConfidence",
            "startSeconds", "endSeconds",
        },
        OMITTED: set(),
        NULL_SHOWN: {"speakerDisplayName"},
    },
    "SpeakerResolution": {
        ALWAYS: {
            "strategyVersion", "usedUserDisplayName", "usedContactName", "usedDirection", "usedPhoneFallback",
            "voiceEmbeddingEnabled", "voiceProfileUsed", "voiceMatchStatus", "totalSpeakerCount",
            "resolvedSpeakerCount", "warnings",
        },
        OMITTED: set(),
        NULL_SHOWN: set(),
    },
    "PipelineInfo": {
        ALWAYS: {
            "transcriptionProvider", "transcriptionModel", "diarizationProvider", "alignmentVersion",
            "normalizationVersion", "status",
        },
        OMITTED: {"diarizationModel"},
        NULL_SHOWN: set(),
    },
}  # fmt: skip
"""Of a document that is served as it is stored: its schema stays open, and these are what the pipeline writes."""
