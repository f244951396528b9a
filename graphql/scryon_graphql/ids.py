"""Ids as arguments.

They arrive as GraphQL `ID`, so that a malformed one is answered the way the contract wants: where an id names one
object, it is an unknown object; in lists, filters and bodies it is a fault of that field.
Source: rest.md, sections 1.1 and 1.4.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from app.errors import FieldProblem, ScryonError, ValidationFailedError

MAX_IDS = 200
"""Ids of one poll or bulk delete (rest.md, section 5)."""

_NOT_A_UUID = "must be a UUID"
_FORM = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def parse_id(text: str) -> UUID | None:
    """Read an id in the form 8-4-4-4-12; None for anything else."""
    return UUID(text) if _FORM.fullmatch(text) else None


def require_id(text: str, missing: type[ScryonError]) -> UUID:
    """Read the id of one object; a malformed one raises the error that an unknown one would."""
    parsed = parse_id(text)
    if parsed is None:
        raise missing
    return parsed


def parse_filter_id(text: str, field: str) -> UUID:
    """Read an id that narrows a list, or that is to be written down. Raises ValidationFailedError."""
    parsed = parse_id(text)
    if parsed is None:
        raise ValidationFailedError.of(field, _NOT_A_UUID)
    return parsed


def parse_ids(texts: Sequence[str], field: str) -> list[UUID]:
    """Read 1 to `MAX_IDS` distinct ids, in order, each once.

    Raises:
        ValidationFailedError: on `field` when there are too few or too many, on `field[n]` for each malformed one.
    """
    if not texts:
        raise ValidationFailedError.of(field, "must hold at least one id")
    parsed = [parse_id(text) for text in texts]
    problems = [FieldProblem(f"{field}[{index}]", _NOT_A_UUID) for index, found in enumerate(parsed) if found is None]
    if problems:
        raise ValidationFailedError(problems)
    ids = list(dict.fromkeys(found for found in parsed if found is not None))
    if len(ids) > MAX_IDS:
        raise ValidationFailedError.of(field, f"must hold at most {MAX_IDS} different ids")
    return ids
