"""Put the findings into a few sentences that name no party.

Source: analysis.md, sections 2 and 6.2 (R1, R3, R6, R13).
"""

from collections.abc import Sequence

from app.providers.local_analysis.action_items import describe_when, title_task
from app.providers.local_analysis.findings import Findings
from app.providers.local_analysis.frames import StatementKind
from app.providers.local_analysis.tasks import Task
from app.providers.local_analysis.titles import capitalize

MAX_TITLE_CHARS = 80
MAX_SUMMARY_SENTENCES = 4
"""Source: analysis.md, section 2."""
MAX_LISTED_TASKS = 3
"""More tasks than these are counted in a sentence, not listed."""

_ARTICLES = ("the ", "a ", "an ")


def suggest_title(findings: Findings) -> str | None:
    """Answer a headline: the reason for the call, else what was reported, complained about, or is to be done."""
    candidates = [
        *([findings.topic.thing] if findings.topic else []),
        *(report.sentence for report in findings.reports),
        *(concern.text for concern in findings.concerns),
        *(title_task(task) for task in findings.tasks),
    ]
    return _shorten(candidates[0]) if candidates else None


def write_one_line(findings: Findings) -> str | None:
    """Answer one sentence: what it was about, and the first thing that was promised or asked for."""
    head = _write_head(findings)
    promises, requests = _promises(findings), _requests(findings)
    tail = write_tasks(promises[:1], "promise") if promises else write_tasks(requests[:2], "request")
    if head is None or tail is None:
        return head or tail
    return f"{head.rstrip('.')}; {tail[:1].lower()}{tail[1:]}"


def write_executive_summary(findings: Findings) -> str | None:
    """Answer at most four sentences; None when nothing was found that is worth one."""
    head = _write_head(findings)
    concerns = [concern.sentence for concern in findings.concerns if concern.sentence != head]
    plans = [f"{title_task(task).rstrip('.')}." for task in findings.tasks if task.statement.is_third_party_plan]
    tasks = [write_tasks(_promises(findings), "promise"), write_tasks(_requests(findings), "request")]
    needed = [sentence for sentence in [head, *tasks] if sentence is not None]
    room = MAX_SUMMARY_SENTENCES - len(needed)
    extra = [*concerns[:1], *plans[:1], *concerns[1:2]][: max(room, 0)]
    sentences = [*([head] if head else []), *extra, *(sentence for sentence in tasks if sentence is not None)]
    return " ".join(dict.fromkeys(sentences)) or None


def write_outcome(findings: Findings) -> str | None:
    """Answer what was agreed, else what was promised; None when neither was."""
    agreed = [decision.text.rstrip(".") for decision in findings.decisions]
    promised = [phrase_task(task) for task in _promises(findings)]
    parts = [*agreed, *([f"promised: {'; '.join(promised)}"] if promised else [])]
    return f"{capitalize('; '.join(parts))}." if parts else None


def write_tasks(tasks: Sequence[Task], noun: str) -> str | None:
    """Answer "A promise was made to ..." for one or more tasks; None for none."""
    if not tasks:
        return None
    phrases = [f"to {phrase_task(task)}" for task in tasks[:MAX_LISTED_TASKS]]
    if len(tasks) > MAX_LISTED_TASKS:
        phrases.append(f"{len(tasks) - MAX_LISTED_TASKS} more")
    listed = phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
    return f"A {noun} was made {listed}." if len(tasks) == 1 else f"{capitalize(noun)}s were made {listed}."


def phrase_task(task: Task) -> str:
    """Answer the title of a task with its time, to stand within a sentence: "send the revised price by Friday"."""
    title, when = title_task(task), describe_when(task)
    phrase = f"{title[:1].lower()}{title[1:]}"
    return phrase if when is None or when.casefold() in phrase.casefold() else f"{phrase} {when}"


def _write_head(findings: Findings) -> str | None:
    if findings.topic is not None:
        return f"The call was about {findings.topic.thing}."
    reported = [report.sentence for report in findings.reports] + [concern.sentence for concern in findings.concerns]
    return reported[0] if reported else None


def _promises(findings: Findings) -> list[Task]:
    return findings.tasks_of(StatementKind.COMMITMENT)


def _requests(findings: Findings) -> list[Task]:
    return findings.tasks_of(StatementKind.REQUEST)


def _shorten(text: str) -> str:
    """Answer a headline of whole words without an article in front."""
    text = text.rstrip(".")
    for article in _ARTICLES:
        if text.casefold().startswith(article):
            text = text[len(article) :]
            break
    while len(text) > MAX_TITLE_CHARS and " " in text:
        text = text.rpartition(" ")[0]
    return capitalize(text[:MAX_TITLE_CHARS])
