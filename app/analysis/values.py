"""Single values of an analysis, which may hold anything. What cannot be read is None."""

from collections.abc import Collection
from typing import Any


def read_text(value: Any) -> str | None:
    """A text without blanks around it; None for a blank one and for anything else."""
    # Postgres stores no NUL.
    return (value.replace("\x00", "").strip() or None) if isinstance(value, str) else None


def read_word(value: Any, words: Collection[str]) -> str | None:
    """One of the given lower-case words, however it is capitalised."""
    word = (read_text(value) or "").lower()
    return word if word in words else None


def read_object(value: Any) -> dict[str, Any]:
    """An object; anything else reads as an empty one."""
    return value if isinstance(value, dict) else {}
