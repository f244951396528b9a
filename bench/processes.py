"""What a process has had of the machine, by what Linux tells of it (man 5 proc)."""

import os
import re
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(process_id: int) -> float:
    """The seconds that a process has had of the processors, and those of its children that have ended."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS_PER_SECOND


def memory_mib(process_id: int, *, most: bool = False) -> float:
    """The memory that a process has, its children apart, or the most that it has had at a time."""
    name = "VmHWM" if most else "VmRSS"
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    assert found
    return int(found[1]) / 1024


def forget_most_memory(process_id: int) -> None:
    """Let the most that a process has had begin anew with what it has."""
    Path(f"/proc/{process_id}/clear_refs").write_text("5")
