"""Everything that was found in a call, before it is put into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.pipeline.transcript import Transcript
from app.providers.local_analysis.action_items import title_task
from app.providers.local_analysis.concerns import Concern, find_concerns
from app.providers.local_analysis.decisions import Decision, find_decisions
from app.providers.local_analysis.events import Event, find_events
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.keywords import find_keywords
from app.providers.local_analysis.people import Person, find_people
from app.providers.local_analysis.quality import is_misheard
from app.providers.local_analysis.questions import find_open_questions
from app.providers.local_analysis.sentences import Clause
from app.providers.local_analysis.tasks import Task, find_tasks
from app.providers.local_analysis.topics import Report, Topic, find_reports, find_topic


@dataclass(frozen=True, slots=True)
class Findings:
    """What a call holds, each list in the order of the call.

    `is_misheard`: the words come from the offline recogniser, so a sentence without a known frame is not to be trusted.
    """

    clauses: tuple[Clause, ...]
    tasks: tuple[Task, ...]
    topic: Topic | None
    reports: tuple[Report, ...]
    concerns: tuple[Concern, ...]
    decisions: tuple[Decision, ...]
    open_questions: tuple[Clause, ...]
    people: tuple[Person, ...]
    keywords: tuple[str, ...]
    events: tuple[Event, ...]
    is_misheard: bool

    def tasks_of(self, kind: StatementKind) -> list[Task]:
        """The tasks of one kind."""
        return [task for task in self.tasks if task.statement.kind is kind]


def collect_findings(transcript: Transcript, clauses: Sequence[Clause], recorded_at: datetime) -> Findings:
    """Run all finders over the clauses of a call."""
    misheard = is_misheard(transcript)
    tasks = find_tasks(transcript, clauses, recorded_at)
    used = {clause.index for task in tasks for clause in task.clauses}
    talk = [clause for clause in clauses if clause.index not in used]
    people = find_people(clauses, transcript.speakers)
    topic, reports, concerns = find_topic(clauses), find_reports(talk), find_concerns(talk)
    confirmed = [
        *([topic.thing] if topic else []),
        *(report.sentence for report in reports),
        *(concern.sentence for concern in concerns),
        *(title_task(task) for task in tasks),
        *(person.context for person in people),
    ]
    return Findings(
        clauses=tuple(clauses),
        tasks=tasks,
        topic=topic,
        reports=reports,
        concerns=concerns,
        decisions=find_decisions(clauses, tasks),
        open_questions=tuple(find_open_questions(clauses, used)),
        people=people,
        keywords=tuple(
            find_keywords(clauses, [person.name for person in people], " | ".join(confirmed) if misheard else None)
        ),
        events=find_events(talk, recorded_at),
        is_misheard=misheard,
    )
