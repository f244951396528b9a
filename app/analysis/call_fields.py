"""What an analysis suggests for the call itself. Source: analysis.md, section 11."""

from dataclasses import dataclass
from typing import Any

from app.analysis.values import read_text
from app.text import MAX_CALL_SUMMARY_CHARS, MAX_CALL_TITLE_CHARS


@dataclass(frozen=True, slots=True)
class CallFields:
    """Suggestions; whether they are taken is up to what the upload and the user have set. `tags` are unique."""

    title: str | None
    short_summary: str | None
    tags: tuple[str, ...]


def call_fields(document: dict[str, Any]) -> CallFields:
    """Title, summary and lower-case tags of an analysis."""
    title, summary = read_text(document.get("suggestedTitle")), read_text(document.get("oneLineSummary"))
    return CallFields(
        title=None if title is None else title[:MAX_CALL_TITLE_CHARS].rstrip(),
        short_summary=None if summary is None else summary[:MAX_CALL_SUMMARY_CHARS].rstrip(),
        tags=_read_tags(document.get("tags")),
    )


def _read_tags(value: Any) -> tuple[str, ...]:
    texts = map(read_text, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(text.lower() for text in texts if text is not None))
