"""The analysis, schema version 3, as the JSON schema that a model is held to.

In the part of JSON Schema that servers share (providers.md, section 3.2): every member required, absence as null,
objects closed and at most four inside each other, no bounds on numbers, texts or lists. What a bound would say stands
in a description, and is checked where the document is read. Members that are only there for old clients and always
null are left out. Source: analysis.md, sections 2 to 4.
"""

from typing import Any

from app.analysis.intents import CHANNELS, INTENTS, PROVIDER_HINTS
from app.analysis.sentiment import ENERGIES, FORMALITIES, PACES, SENTIMENTS, TONES
from app.pipeline.transcript import SpeakerRole
from app.providers.openai.chat import AnswerShape

Schema = dict[str, Any]

_CALL_TYPES = (
    "personal", "business", "sales", "support", "interview", "finance", "healthcare", "legal", "education",
    "unknown", "other",
)  # fmt: skip
_LEVELS = ("low", "medium", "high")
_PHASES = ("opening", "middle", "closing", "followup")


def _described(schema: Schema, description: str | None) -> Schema:
    return schema if description is None else {**schema, "description": description}


def _text(description: str | None = None) -> Schema:
    return _described({"type": "string"}, description)


def _maybe(kind: str, description: str | None = None) -> Schema:
    return _described({"type": [kind, "null"]}, description)


def _maybe_text(description: str | None = None) -> Schema:
    return _maybe("string", description)


def _word(words: tuple[str, ...], description: str | None = None) -> Schema:
    return _described({"type": "string", "enum": list(words)}, description)


def _maybe_word(words: tuple[str, ...], description: str | None = None) -> Schema:
    return _described({"type": ["string", "null"], "enum": [*words, None]}, description)


def _list(items: Schema, description: str | None = None) -> Schema:
    return _described({"type": "array", "items": items}, description)


def _object(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _maybe_object(description: str | None = None, **members: Schema) -> Schema:
    return _described({**_object(**members), "type": ["object", "null"]}, description)


_SEGMENTS = _list({"type": "string"}, "ids of segments of the transcript")
_OWNER = _maybe_text("label of the speaker, e.g. Speaker 2")
_DATE = _maybe_text("YYYY-MM-DD")
_STATEMENT = _object(text=_text(), sourceSegmentIds=_SEGMENTS)

_SUMMARY_SECTION = _object(
    header=_text("short heading of a phase or topic"),
    startTimestamp=_text("where it starts in the call, MM:SS, or HH:MM:SS from one hour on"),
    paragraphs=_list({"type": "string"}, "one or more complete, self-contained paragraphs"),
)
_SECTION = _object(
    id=_text("sec_001, sec_002, …"),
    title=_text(),
    type=_text("free, e.g. concern"),
    summary=_text(),
    items=_list(_object(text=_text(), importance=_word(_LEVELS), sourceSegmentIds=_SEGMENTS)),
)
_DISCUSSION_POINT = _object(
    text=_text(), topic=_text(), phase=_word(_PHASES), importance=_word(_LEVELS), sourceSegmentIds=_SEGMENTS
)
_INTENT_METADATA = _maybe_object(
    "what was said for the intent; null for none",
    providerHint=_maybe_word(PROVIDER_HINTS, "only when said"),
    attendees=_list(_object(name=_text(), email=_maybe_text("only when spoken"))),
    proposedAt=_maybe_text("ISO-8601 date-time"),
    remindAt=_maybe_text("ISO-8601 date-time"),
    durationMinutes=_maybe("integer", "only when said"),
    title=_maybe_text(),
    location=_maybe_text(),
    toEmail=_maybe_text("only when spoken in the transcript"),
    toName=_maybe_text(),
    subject=_maybe_text("may be composed"),
    bodyPreview=_maybe_text("draft of 1-2 sentences; may be composed"),
    contactName=_maybe_text(),
    phoneNumber=_maybe_text("only when spoken in the transcript"),
    channel=_maybe_word(CHANNELS, "only when said"),
    handle=_maybe_text("only when said"),
    notes=_maybe_text(),
)
_ACTION_ITEM = _object(
    title=_text("short"),
    description=_maybe_text(),
    ownerSpeaker=_OWNER,
    ownerSpeakerId=_maybe_text("speakerId of the transcript, e.g. spk_2"),
    ownerSpeakerLabel=_OWNER,
    ownerDisplayName=_maybe_text("displayName of that speaker, when there is one"),
    ownerRole=_word(tuple(str(role) for role in SpeakerRole)),
    dueDate=_DATE,
    priority=_word(_LEVELS),
    sourceSegmentIds=_SEGMENTS,
    intent=_word(INTENTS),
    intentMetadata=_INTENT_METADATA,
)
_OWNED_STATEMENT = _object(
    text=_text(),
    ownerSpeaker=_OWNER,
    when=_maybe_text("free text, e.g. on Monday"),
    sourceSegmentIds=_SEGMENTS,
)


def _party_sentiment(party: str) -> Schema:
    return _maybe_object(
        party, overall=_word(SENTIMENTS), score=_maybe("number", "-1.0 to 1.0"), notes=_maybe_text("short")
    )


def _party_tone(party: str) -> Schema:
    return _maybe_object(
        party,
        overall=_word(TONES),
        descriptors=_list({"type": "string"}, "1-4 adjectives"),
        notes=_maybe_text("1-2 sentences"),
    )


_SENTIMENT = _object(
    overall=_word(SENTIMENTS),
    score=_maybe("number", "-1.0 to 1.0; null only when really unclear"),
    reason=_maybe_text("short"),
    userSentiment=_party_sentiment("the speaker with role USER; null when there is none"),
    contactSentiment=_party_sentiment("the speaker with role CONTACT; null when there is none"),
    progression=_list(
        _object(phase=_word(_PHASES), overall=_word(SENTIMENTS), note=_maybe_text("short"), sourceSegmentIds=_SEGMENTS),
        "2-4 entries",
    ),
    emotionalSignals=_list({"type": "string"}, "0-6 adjectives"),
)
_TONE = _object(
    overall=_word(TONES),
    descriptors=_list({"type": "string"}, "1-4 adjectives"),
    formality=_word(FORMALITIES),
    energy=_word(ENERGIES),
    pace=_word(PACES),
    notes=_maybe_text("1-2 sentences"),
    byParty=_object(
        userTone=_party_tone("the speaker with role USER; null when there is none"),
        contactTone=_party_tone("the speaker with role CONTACT; null when there is none"),
    ),
)

ANALYSIS_SHAPE = AnswerShape(
    "call_analysis",
    _object(
        schemaVersion={"type": "integer", "enum": [3]},
        callType=_word(_CALL_TYPES),
        suggestedTitle=_text("headline, at most 80 characters"),
        oneLineSummary=_text("one sentence"),
        executiveSummary=_text("2-4 sentences, headline prose only"),
        executiveSummaryBullets=_list(_SUMMARY_SECTION, "the main, detailed summary"),
        conversationOutcome=_maybe_text("what was decided or resolved"),
        sections=_list(_SECTION, "groups by theme, only where they add structure beyond the bullets"),
        keyDiscussionPoints=_list(_DISCUSSION_POINT, "in the order of the call, only where order adds something"),
        actionItems=_list(_ACTION_ITEM, "discrete tasks that can be launched"),
        nextSteps=_list(_OWNED_STATEMENT, "what is planned and cannot be launched"),
        followUps=_list(_object(text=_text(), ownerSpeaker=_OWNER, sourceSegmentIds=_SEGMENTS), "always empty"),
        importantDates=_list(_object(date=_DATE, text=_text(), sourceSegmentIds=_SEGMENTS)),
        decisions=_list(_STATEMENT),
        commitments=_list(_OWNED_STATEMENT),
        openQuestions=_list(_STATEMENT),
        risks=_list(_object(text=_text(), severity=_word(_LEVELS), sourceSegmentIds=_SEGMENTS)),
        opportunities=_list(_STATEMENT),
        peopleMentioned=_list(_object(name=_text(), context=_maybe_text(), sourceSegmentIds=_SEGMENTS)),
        numbersAndAmounts=_list(
            _object(value=_maybe("number"), unit=_maybe_text(), context=_maybe_text(), sourceSegmentIds=_SEGMENTS)
        ),
        sentiment=_SENTIMENT,
        tone=_TONE,
        tags=_list({"type": "string"}, "short, lower case, at most 8"),
        qualityWarnings=_list({"type": "string"}, "problems of the audio or the transcript that you noticed"),
    ),
)
