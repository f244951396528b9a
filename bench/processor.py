"""How much of the processors a process has had, whoever else was running."""

import os
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(process_id: int) -> float:
    """The seconds of a process that runs, and of those of its children that have ended."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_SECOND
