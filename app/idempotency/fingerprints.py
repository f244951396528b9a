"""What makes two requests the same. Source: rest.md, sections 1.7 (ID4) and 1.10 (E11)."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from app.errors import ValidationFailedError
from app.uploads.stored import StoredUpload
from app.uploads.voice_sample import VoiceSample


def fingerprint(query: Sequence[tuple[str, str]], body: Any) -> str:
    """Digest of all query parameters, in any order, and a JSON value; `3` equals `3.0`, a recording is its hash.

    Raises:
        ValidationFailedError: the body is nested too deeply.
    """
    try:
        written = json.dumps([sorted(query), body], default=_describe)
        content = json.dumps(json.loads(written, parse_float=_integral_if_whole), sort_keys=True)
    except RecursionError:
        raise ValidationFailedError.of("body", "is nested too deeply") from None
    return hashlib.sha256(content.encode()).hexdigest()


def form_value(parts: Iterable[tuple[str, str | None, str]]) -> list[list[str | None]]:
    """Stand for a form: name, file name and content hash of each part, in any order; the boundary does not count."""
    return sorted(([*part] for part in parts), key=lambda part: (part[0] or "", part[1] or "", part[2] or ""))


def _integral_if_whole(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def _describe(value: object) -> str:
    if isinstance(value, StoredUpload | VoiceSample):
        return value.sha256
    raise TypeError(type(value).__name__)
