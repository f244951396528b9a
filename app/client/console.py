"""What `upload` and `demo` show in a terminal: progress bars, stages as they happen, the result."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from app.client.api import ApiError, Event, ScryonClient

POLL_SECONDS = 0.5
_MARKS = {"COMPLETED": ("✓", "green"), "FAILED": ("✗", "red"), "SKIPPED": ("-", "yellow"), "STARTED": ("…", "cyan")}


def upload_and_show(
    console: Console,
    client: ScryonClient,
    path: Path,
    metadata: dict[str, Any],
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Upload one recording, follow its stages, print what came of it. True when the call was completed.

    Raises:
        ApiError: the server refused the recording, or went away.
    """
    call_id = _upload(console, client, path, metadata)
    console.print(Text(f"Accepted as call {call_id}", style="dim"))
    finished = _follow(console, client, call_id, should_stop)
    if finished != "COMPLETED":
        return False
    print_transcript(console, client.transcript(call_id))
    print_analysis(console, client.analysis(call_id))
    print_actions(console, client.actions(call_id))
    return True


def _upload(console: Console, client: ScryonClient, path: Path, metadata: dict[str, Any]) -> str:
    columns = (TextColumn("Uploading {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ApiError(f"{path}: {error.strerror}") from error
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(path.name, total=size)
        return client.upload(path, metadata, lambda count: progress.advance(task, count))


def _follow(console: Console, client: ScryonClient, call_id: str, should_stop: Callable[[], bool]) -> str:
    """Print events until the call has ended; the last ones are written just after the status, hence one more look."""
    shown = 0
    was_finished = False
    with console.status("Working"):
        while not should_stop():
            progress = client.progress(call_id)
            for event in progress.events[shown:]:
                console.print(_describe(event))
            shown = len(progress.events)
            if was_finished:
                if progress.error_message:
                    console.print(Text(progress.error_message, style="red"))
                return progress.status
            was_finished = progress.is_finished
            time.sleep(POLL_SECONDS)
    return "STOPPED"


def _describe(event: Event) -> Text:
    mark, style = _MARKS.get(event.status, ("·", "dim"))
    took = "" if event.duration_ms is None else f"{event.duration_ms / 1000:6.2f} s"
    return Text.assemble(
        (f"  {mark} ", style),
        f"{event.stage.replace('_', ' ').lower():<26}",
        (f"{took:>10}", "dim"),
        f"  {event.provider or ''}",
    )


def print_transcript(console: Console, transcript: dict[str, Any]) -> None:
    """One line per segment, with the speaker's name."""
    console.print("\n[bold]Transcript[/bold]")
    for segment in transcript["segments"]:
        minutes, seconds = divmod(int(segment["startSeconds"]), 60)
        style = "cyan" if segment["speakerId"] == "spk_1" else "magenta"
        console.print(
            Text.assemble(
                (f"  {minutes:02d}:{seconds:02d} ", "dim"), (f"{segment['speaker']}: ", style), segment["text"]
            )
        )


def print_analysis(console: Console, analysis: dict[str, Any]) -> None:
    """The parts of an analysis that a person looks at first."""
    console.print("\n[bold]Analysis[/bold]")
    sentiment = (analysis.get("sentiment") or {}).get("overall")
    rows = (
        ("Title", analysis.get("suggestedTitle")),
        ("Summary", analysis.get("executiveSummary")),
        ("Sentiment", sentiment),
        ("Dates", _join(analysis.get("importantDates"), "date", "text")),
        ("Questions", _join(analysis.get("openQuestions"), "text")),
        ("Next steps", _join(analysis.get("nextSteps"), "text")),
        ("Tags", ", ".join(analysis.get("tags") or [])),
        ("Warnings", " ".join(analysis.get("qualityWarnings") or [])),
    )
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        if value:
            table.add_row(Text(f"  {name}", style="dim"), Text(str(value)))
    console.print(table)


def _join(items: list[dict[str, Any]] | None, *keys: str) -> str:
    return "\n".join(" · ".join(str(item[key]) for key in keys if item.get(key)) for item in items or [])


def print_actions(console: Console, actions: list[dict[str, Any]]) -> None:
    """The action items as a table."""
    console.print("\n[bold]Action items[/bold]")
    table = Table(show_edge=False, header_style="dim", pad_edge=False)
    for name in ("", "Task", "Owner", "Due", "Intent"):
        table.add_column(name)
    for number, item in enumerate(actions, 1):
        table.add_row(
            str(number),
            Text(item["title"]),
            Text(item["ownerDisplayName"] or item.get("ownerSpeakerLabel") or ""),
            item["dueDate"] or "",
            item["intent"] or "",
        )
    console.print(table if actions else Text("  none", style="dim"))
