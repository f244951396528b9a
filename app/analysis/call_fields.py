"""What an analysis suggests for the call itself. Source: analysis.md, section 11."""

from dataclasses import dataclass
from typing import Any

from app.analysis.values import read_text

MAX_TITLE = 300
MAX_SUMMARY = 2000
"""What these fields hold when a user edits them (rest.md, section 3.1)."""


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
        title=None if title is None else title[:MAX_TITLE].rstrip(),
        short_summary=None if summary is None else summary[:MAX_SUMMARY].rstrip(),
        tags=_read_tags(document.get("tags")),
    )


def _read_tags(value: Any) -> tuple[str, ...]:
    texts = map(read_text, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(text.lower() for text in texts if text is not None))
