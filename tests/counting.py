"""What the metrics of a process say, as whoever scrapes them reads it."""

import re

from prometheus_client import generate_latest

from app.observability.metrics import Metrics

_SAMPLE = re.compile(r"^([a-z_]+)(\{.*\})? ([0-9.e+-]+|\+Inf|NaN)$")


def counted(exposition: bytes | Metrics) -> dict[str, float]:
    """Every series that is not 0, by its name with its tags; buckets and sums are left out, since times vary."""
    content = generate_latest(exposition.registry) if isinstance(exposition, Metrics) else exposition
    found = {}
    for line in content.decode().splitlines():
        if line.startswith("#"):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, tags, value = match.groups()
        if not name.endswith(("_bucket", "_sum")) and float(value):
            found[f"{name}{tags or ''}"] = float(value)
    return found
