"""A look at what the model has written for people. Source: analysis.md, section 6.2, below the rules."""

import re
from collections.abc import Iterator
from typing import Any

from app.analysis.document import Document

_NARRATIVE = (
    "suggestedTitle",
    "oneLineSummary",
    "executiveSummary",
    "executiveSummaryBullets",
    "conversationOutcome",
    "sections",
    "keyDiscussionPoints",
)
_GENERIC_LABEL = re.compile(r"\bSpeaker \d", re.IGNORECASE)


def names_speakers(document: Document) -> bool:
    """Whether a text that shall be speaker-neutral holds a generic label (R3); members about speakers do not count."""
    return any(_GENERIC_LABEL.search(text) for member in _NARRATIVE for text in _iter_texts(document.get(member)))


def _iter_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _iter_texts(entry)
    elif isinstance(value, dict):
        for name, entry in value.items():
            if not name.startswith("speaker"):
                yield from _iter_texts(entry)
