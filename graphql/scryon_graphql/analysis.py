"""The analysis of a call. Every member is optional: documents are open, and three versions of them exist.

Source: analysis.md, sections 2 to 4 and 7; rest.md, section 2.7.
"""

import strawberry
from strawberry.scalars import JSON

_SEGMENTS = "Ids of the transcript segments that show it."
_OVERALL_SENTIMENT = "`positive`, `neutral`, `negative`, `mixed`, `unclear`."
_SCORE = "-1 to 1; null when really unclear."
_PHASE = "`opening`, `middle`, `closing`, `followup`."
_IMPORTANCE = "`low`, `medium`, `high`."
_OWNER = "Who it falls to, as the transcript labels them."


@strawberry.type(description="A part of the detailed summary.")
class SummarySection:
    header: str | None = strawberry.field(description="Short heading of a phase or topic.")
    start_timestamp: str | None = strawberry.field(description="Where it starts: `MM:SS`, or `HH:MM:SS`.")
    paragraphs: list[str] | None = strawberry.field(description="Complete paragraphs.")
    text: str | None = strawberry.field(description="Version 2: the bullet.")
    category: str | None = strawberry.field(description="Version 2: kind of bullet, such as `decision`.")
    importance: str | None = strawberry.field(description=f"Version 2: {_IMPORTANCE}")
    source_segment_ids: list[str] | None = strawberry.field(description=f"Version 2: {_SEGMENTS}")


@strawberry.type(description="An entry of a thematic section.")
class SectionItem:
    text: str | None = strawberry.field(description="What was said.")
    importance: str | None = strawberry.field(description=_IMPORTANCE)
    speaker: str | None = strawberry.field(description="Legacy, no longer filled.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="A thematic group.")
class AnalysisSection:
    id: str | None = strawberry.field(description="`sec_001`.")
    title: str | None = strawberry.field(description="Heading.")
    type: str | None = strawberry.field(description="Free word, such as `concern`.")
    summary: str | None = strawberry.field(description="One sentence.")
    items: list[SectionItem] | None = strawberry.field(description="What belongs to it.")


@strawberry.type(description="A step of the conversation.")
class DiscussionPoint:
    text: str | None = strawberry.field(description="What it was about.")
    topic: str | None = strawberry.field(description="Free word.")
    phase: str | None = strawberry.field(description=_PHASE)
    speaker_id: str | None = strawberry.field(description="Legacy, no longer filled.")
    speaker_label: str | None = strawberry.field(description="Legacy, no longer filled.")
    speaker_display_name: str | None = strawberry.field(description="Legacy, no longer filled.")
    speaker_role: str | None = strawberry.field(description="Legacy, no longer filled.")
    importance: str | None = strawberry.field(description=_IMPORTANCE)
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="Somebody invited.")
class Attendee:
    name: str | None = strawberry.field(description="As spoken.")
    email: str | None = strawberry.field(description="Only when it was spoken.")


@strawberry.type(description="What an app needs to launch a task; which members occur depends on the intent.")
class IntentMetadata:
    provider_hint: str | None = strawberry.field(
        description="`meet`, `zoom`, `teams`, `phone`, `whatsapp`, `sms`, `telegram`; only when it was said."
    )
    attendees: list[Attendee] | None = strawberry.field(description="Who takes part.")
    proposed_at: str | None = strawberry.field(description="ISO-8601 date-time as extracted; the offset is optional.")
    remind_at: str | None = strawberry.field(description="ISO-8601 date-time as extracted; the offset is optional.")
    duration_minutes: int | None = strawberry.field(description="Only when it was said.")
    to_email: str | None = strawberry.field(description="Only when it was spoken.")
    to_name: str | None = strawberry.field(description="Whom to write to.")
    subject: str | None = strawberry.field(description="May be composed.")
    body_preview: str | None = strawberry.field(description="A draft of one or two sentences.")
    phone_number: str | None = strawberry.field(description="Only a number that was spoken.")
    contact_name: str | None = strawberry.field(description="Whom to phone.")
    handle: str | None = strawberry.field(description="Only when it was said.")
    channel: str | None = strawberry.field(description="`whatsapp`, `sms`, `telegram`; only when it was said.")
    title: str | None = strawberry.field(description="Title of the meeting, reminder or task.")
    location: str | None = strawberry.field(description="Where.")
    notes: str | None = strawberry.field(description="More to know.")


@strawberry.type(description="A task as the analysis found it: a snapshot. The ones that can be edited are on `Call`.")
class AnalysisActionItem:
    title: str | None = strawberry.field(description="Short.")
    description: str | None = strawberry.field(description="More to know.")
    owner_speaker: str | None = strawberry.field(description="Legacy twin of `ownerSpeakerLabel`.")
    owner_speaker_id: str | None = strawberry.field(description="`spk_1`.")
    owner_speaker_label: str | None = strawberry.field(description="`Speaker 1`.")
    owner_display_name: str | None = strawberry.field(description="The owner's name, when known.")
    owner_role: str | None = strawberry.field(description="`USER`, `CONTACT`, `UNKNOWN`.")
    due_date: str | None = strawberry.field(description="`YYYY-MM-DD`; never a guess.")
    priority: str | None = strawberry.field(description="`low`, `medium`, `high`.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)
    intent: str | None = strawberry.field(
        description="`meeting`, `email`, `call`, `message`, `reminder`, `task`, `none`."
    )
    intent_metadata: IntentMetadata | None = strawberry.field(description="What an app needs to launch it.")


@strawberry.type(description="Planned progression, or a promise.")
class PlannedStep:
    text: str | None = strawberry.field(description="What.")
    owner_speaker: str | None = strawberry.field(description=_OWNER)
    when: str | None = strawberry.field(description="Free text, such as `on Monday`.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="Something to come back to; kept for old clients.")
class FollowUp:
    text: str | None = strawberry.field(description="What.")
    owner_speaker: str | None = strawberry.field(description=_OWNER)
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="A statement with its evidence.")
class Finding:
    text: str | None = strawberry.field(description="What.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="Something that may go wrong.")
class Risk:
    text: str | None = strawberry.field(description="What.")
    severity: str | None = strawberry.field(description="How bad it would be.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="A date that matters.")
class ImportantDate:
    text: str | None = strawberry.field(description="What happens then.")
    date: str | None = strawberry.field(description="`YYYY-MM-DD`, when it is certain.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="Somebody who was mentioned.")
class PersonMentioned:
    name: str | None = strawberry.field(description="As spoken.")
    context: str | None = strawberry.field(description="In what connection.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="A number that was mentioned.")
class NumberOrAmount:
    value: str | None = strawberry.field(description="As spoken or written.")
    unit: str | None = strawberry.field(description="Currency or unit.")
    context: str | None = strawberry.field(description="In what connection.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="One party's sentiment.")
class PartySentiment:
    overall: str | None = strawberry.field(description=_OVERALL_SENTIMENT)
    score: float | None = strawberry.field(description=_SCORE)
    notes: str | None = strawberry.field(description="Why.")


@strawberry.type(description="Sentiment in one phase.")
class SentimentPhase:
    phase: str | None = strawberry.field(description=_PHASE)
    overall: str | None = strawberry.field(description=_OVERALL_SENTIMENT)
    note: str | None = strawberry.field(description="Why.")
    source_segment_ids: list[str] | None = strawberry.field(description=_SEGMENTS)


@strawberry.type(description="Polarity of the conversation.")
class Sentiment:
    overall: str | None = strawberry.field(description=_OVERALL_SENTIMENT)
    score: float | None = strawberry.field(description=_SCORE)
    reason: str | None = strawberry.field(description="Short.")
    user_sentiment: PartySentiment | None = strawberry.field(description="The user's.")
    contact_sentiment: PartySentiment | None = strawberry.field(description="The other party's.")
    progression: list[SentimentPhase] | None = strawberry.field(description="How it developed.")
    emotional_signals: list[str] | None = strawberry.field(description="Up to six adjectives.")


@strawberry.type(description="One party's tone.")
class PartyTone:
    overall: str | None = strawberry.field(description="One word, as in `Tone.overall`.")
    descriptors: list[str] | None = strawberry.field(description="Adjectives.")
    notes: str | None = strawberry.field(description="Why.")


@strawberry.type(description="Tone, party by party.")
class ToneByParty:
    user_tone: PartyTone | None = strawberry.field(description="The user's.")
    contact_tone: PartyTone | None = strawberry.field(description="The other party's.")


@strawberry.type(description="Register of the conversation.")
class Tone:
    overall: str | None = strawberry.field(description="One word, such as `friendly` or `transactional`.")
    descriptors: list[str] | None = strawberry.field(description="One to four adjectives.")
    formality: str | None = strawberry.field(description="`formal`, `semi-formal`, `informal`.")
    energy: str | None = strawberry.field(description="`low`, `medium`, `high`.")
    pace: str | None = strawberry.field(description="`slow`, `normal`, `fast`.")
    notes: str | None = strawberry.field(description="One or two sentences.")
    by_party: ToneByParty | None = strawberry.field(description="Tone, party by party.")


@strawberry.type(
    description="What the call was about. `document` is what is stored, unknown members and legacy aliases included."
)
class Analysis:
    schema_version: int | None = strawberry.field(description="3; absent in the legacy shape.")
    call_type: str | None = strawberry.field(description="One word, such as `business` or `healthcare`.")
    suggested_title: str | None = strawberry.field(description="Headline of at most 80 characters.")
    one_line_summary: str | None = strawberry.field(description="One sentence.")
    executive_summary: str | None = strawberry.field(description="Two to four sentences.")
    executive_summary_bullets: list[SummarySection] | None = strawberry.field(
        description="The detailed summary; when it is empty, show `executiveSummary`."
    )
    conversation_outcome: str | None = strawberry.field(description="What was decided or resolved.")
    sections: list[AnalysisSection] | None = strawberry.field(description="Thematic groups.")
    key_discussion_points: list[DiscussionPoint] | None = strawberry.field(description="The conversation in order.")
    action_items: list[AnalysisActionItem] | None = strawberry.field(description="Tasks, as found.")
    next_steps: list[PlannedStep] | None = strawberry.field(description="Planned progression without a task.")
    follow_ups: list[FollowUp] | None = strawberry.field(description="Kept for old clients.")
    important_dates: list[ImportantDate] | None = strawberry.field(description="Dates that matter.")
    decisions: list[Finding] | None = strawberry.field(description="What was decided.")
    commitments: list[PlannedStep] | None = strawberry.field(description="What was promised.")
    open_questions: list[Finding] | None = strawberry.field(description="What nobody could answer.")
    risks: list[Risk] | None = strawberry.field(description="What may go wrong.")
    opportunities: list[Finding] | None = strawberry.field(description="What may come of it.")
    people_mentioned: list[PersonMentioned] | None = strawberry.field(description="Who was mentioned.")
    numbers_and_amounts: list[NumberOrAmount] | None = strawberry.field(description="Numbers that were mentioned.")
    sentiment: Sentiment | None = strawberry.field(description="Polarity.")
    tone: Tone | None = strawberry.field(description="Register.")
    tags: list[str] | None = strawberry.field(description="Short, lower case, at most eight.")
    quality_warnings: list[str] | None = strawberry.field(description="Trouble with audio or transcript.")
    short_summary: str | None = strawberry.field(description="Legacy alias of `oneLineSummary`.")
    detailed_summary: str | None = strawberry.field(description="Legacy alias of `executiveSummary`.")
    key_points: list[str] | None = strawberry.field(description="Legacy: texts of the important section items.")
    document: JSON = strawberry.field(description="The stored document with the legacy aliases.")
