"""The schema that a model is held to: the strict double takes it, and it is the schema of analysis.md."""

import re
from collections.abc import Iterator
from typing import Any

from app.providers.openai.schema import ANALYSIS_SHAPE
from tests.doubles.openai import iter_schema_problems

FIELDS = (
    "schemaVersion callType suggestedTitle oneLineSummary executiveSummary executiveSummaryBullets conversationOutcome "
    "sections keyDiscussionPoints actionItems nextSteps followUps importantDates decisions commitments openQuestions "
    "risks opportunities peopleMentioned numbersAndAmounts sentiment tone tags qualityWarnings"
)
ITEM_FIELDS = (
    "title description ownerSpeaker ownerSpeakerId ownerSpeakerLabel ownerDisplayName ownerRole dueDate priority "
    "sourceSegmentIds intent intentMetadata"
)
METADATA_FIELDS = (
    "providerHint attendees proposedAt remindAt durationMinutes title location toEmail toName subject bodyPreview "
    "contactName phoneNumber channel handle notes"
)


def iter_members(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for member in schema.get("properties", {}).values():
        yield member
        yield from iter_members(member)
        yield from iter_members(member.get("items", {}))


def test_every_server_takes_it() -> None:
    assert list(iter_schema_problems(ANALYSIS_SHAPE.schema)) == []
    assert re.fullmatch("[A-Za-z0-9_-]{1,64}", ANALYSIS_SHAPE.name)


def test_it_has_the_fields_of_the_document() -> None:
    document = ANALYSIS_SHAPE.schema["properties"]
    item = document["actionItems"]["items"]["properties"]

    assert list(document) == FIELDS.split()
    assert list(item) == ITEM_FIELDS.split()
    assert list(item["intentMetadata"]["properties"]) == METADATA_FIELDS.split()


def test_it_stays_within_the_bounds_of_the_service() -> None:
    members = list(iter_members(dict(ANALYSIS_SHAPE.schema)))

    assert len(members) <= 5000
    assert sum(len(member.get("enum", ())) for member in members) <= 1000
