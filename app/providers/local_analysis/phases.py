"""Cut a call into opening, middle and closing."""

from collections.abc import Sequence
from enum import StrEnum

from app.providers.local_analysis.sentences import Clause


class Phase(StrEnum):
    """Parts of a call (analysis.md, section 3.3); `followup` is never told apart here."""

    OPENING = "opening"
    MIDDLE = "middle"
    CLOSING = "closing"


def split_phases(clauses: Sequence[Clause]) -> list[tuple[Phase, Sequence[Clause]]]:
    """Cut the clauses into three parts of about as many words; parts without a clause are left out."""
    total = sum(len(clause.words) for clause in clauses)
    parts: dict[Phase, list[Clause]] = {phase: [] for phase in Phase}
    heard = 0
    for clause in clauses:
        middle_word = heard + len(clause.words) / 2
        parts[list(Phase)[min(2, int(3 * middle_word / total))]].append(clause)
        heard += len(clause.words)
    return [(phase, part) for phase, part in parts.items() if part]
