"""Put the whole analysis document together.

Source: analysis.md, sections 2 and 3.
"""

from typing import Any

from app.pipeline.transcript import Transcript
from app.providers.local_analysis.action_items import (
    write_action_item,
    write_commitments,
    write_important_dates,
    write_next_step,
)
from app.providers.local_analysis.amounts import find_amounts
from app.providers.local_analysis.call_type import find_call_type
from app.providers.local_analysis.findings import Findings, collect_findings
from app.providers.local_analysis.keywords import choose_tags
from app.providers.local_analysis.quality import list_warnings, reads_language
from app.providers.local_analysis.sections import write_bullets, write_discussion_points, write_sections
from app.providers.local_analysis.sentences import cite, read_clauses
from app.providers.local_analysis.sentiment import describe_sentiment
from app.providers.local_analysis.summary import (
    suggest_title,
    write_executive_summary,
    write_one_line,
    write_outcome,
)
from app.providers.local_analysis.titles import neutralize
from app.providers.local_analysis.tone import describe_tone
from app.providers.protocols import AnalysisRequest

SCHEMA_VERSION = 3


def build_analysis(transcript: Transcript, request: AnalysisRequest) -> dict[str, Any]:
    """Answer the document of schema version 3: all fields, null or empty where the words tell nothing.

    The same input gives the same document. A transcript in another language than English gives a sparse one.
    """
    clauses = read_clauses(transcript) if reads_language(transcript.language) else ()
    findings = collect_findings(transcript, clauses, request.recorded_at)
    steps = [task for task in findings.tasks if task.is_step]
    actions = [task for task in findings.tasks if not task.is_step]
    return {
        "schemaVersion": SCHEMA_VERSION,
        "callType": str(find_call_type(clauses)),
        "suggestedTitle": suggest_title(findings),
        "oneLineSummary": write_one_line(findings),
        "executiveSummary": write_executive_summary(findings),
        "executiveSummaryBullets": write_bullets(findings),
        "conversationOutcome": write_outcome(findings),
        "sections": write_sections(findings),
        "keyDiscussionPoints": write_discussion_points(findings),
        "actionItems": [write_action_item(task, request.recorded_at) for task in actions],
        "nextSteps": [write_next_step(task) for task in steps],
        "followUps": [],
        "importantDates": write_important_dates(findings.tasks, findings.events),
        "commitments": write_commitments(findings.tasks),
        **_write_evidence(findings),
        "sentiment": describe_sentiment(transcript, clauses),
        "tone": describe_tone(transcript, clauses),
        "tags": choose_tags(findings.keywords),
        "qualityWarnings": list_warnings(transcript, clauses),
    }


def _write_evidence(findings: Findings) -> dict[str, Any]:
    """Answer the typed lists of section 3.8 that do not come from tasks."""
    return {
        "decisions": [
            {"text": decision.text.rstrip("."), "sourceSegmentIds": list(cite(decision.clauses))}
            for decision in findings.decisions
        ],
        "openQuestions": [
            {"text": neutralize(clause.quote), "sourceSegmentIds": list(clause.segment_ids)}
            for clause in findings.open_questions
        ],
        "risks": [
            {
                "text": concern.text,
                "severity": str(concern.severity),
                "sourceSegmentIds": list(concern.clause.segment_ids),
            }
            for concern in findings.concerns
        ],
        "opportunities": [],
        "peopleMentioned": [
            {"name": person.name, "context": person.context, "sourceSegmentIds": list(person.segment_ids)}
            for person in findings.people
        ],
        "numbersAndAmounts": find_amounts(findings.clauses),
    }
