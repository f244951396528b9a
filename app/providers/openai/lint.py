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
    """The texts in a value, in no particular order; it may be nested deeper than functions can be."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, list):
            left += found
        elif isinstance(found, dict):
            left += [entry for name, entry in found.items() if not name.startswith("speaker")]
