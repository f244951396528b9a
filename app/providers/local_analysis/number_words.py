"""Numbers that are written with digits or said in words."""

import re
from collections.abc import Sequence

from text_to_num import text2num  # type: ignore[import-untyped]

_DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


def read_number(words: Sequence[str]) -> int | float | None:
    """Answer the number that the lower-case words make together; None when they are not one number."""
    text = " ".join(words)
    if _DIGITS.fullmatch(text):
        value = float(text.replace(",", ""))
        return int(value) if value.is_integer() else value
    try:
        return int(text2num(text, "en"))
    except ValueError:
        return None
