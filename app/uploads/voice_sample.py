"""The value of the `Upload` variable of a voice profile: a recording that is in memory, and nowhere else."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class VoiceSample:
    """A file of a request, as long as the request lasts (pipeline.md, section 14, P5). `sha256` is lower-case hex."""

    content: bytes = field(repr=False)
    sha256: str
