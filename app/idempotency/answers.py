"""An answer as it is kept and given again, byte for byte."""

from dataclasses import dataclass, field

REPLAYED_HEADER = "Idempotency-Replayed"
"""`true` on an answer that was given before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, the headers that belong to the answer itself, such as `Location`, and the body; a 204 has none."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


NO_CONTENT = Answer(204)
"""The answer to a deletion, as far as it is kept: it names nothing."""
