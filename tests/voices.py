"""A scripted provider of voices, samples for it, and profiles. What it has learned holds a word to search for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np

from app.audio.recording import PreparedAudio
from app.providers.protocols import VoiceInterval, Voiceprint
from app.resources import Resources
from app.voice.models import VoiceProfile
from tests.app.audio.recordings import to_wav

SECRET = "palimpsest"
"""In everything that was learned of a voice; it must never appear anywhere but in the row of a profile."""

VOICEPRINT: Mapping[str, Any] = {"voiceprint": SECRET}


@dataclass
class ScriptedVoices:
    """Answers what it is told; raises what it is told, once per entry of `errors`. It remembers what it was asked."""

    provider: str = "pyannote"
    errors: list[Exception] = field(default_factory=list)
    intervals: Sequence[VoiceInterval] = ()
    samples: list[bytes] = field(default_factory=list)
    asked: list[tuple[PreparedAudio, Mapping[str, Any]]] = field(default_factory=list)

    async def make_voiceprint(self, sample: bytes) -> Voiceprint:
        self.samples.append(sample)
        if self.errors:
            raise self.errors.pop(0)
        return Voiceprint(VOICEPRINT, "precision-2")

    async def identify(
        self, audio: PreparedAudio, voiceprint: Mapping[str, Any], ensure_wanted: Callable[[], Awaitable[None]]
    ) -> tuple[VoiceInterval, ...]:
        self.asked.append((audio, voiceprint))
        await ensure_wanted()
        if self.errors:
            raise self.errors.pop(0)
        return tuple(self.intervals)


@cache
def make_sample(seconds: float, silent_seconds: float = 0.0) -> bytes:
    """A WAV of a buzz that swells and fades like syllables do, after some silence."""
    times = np.arange(round(seconds * 16_000)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 120 * overtone * times) / overtone for overtone in range(1, 9))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * times)
    return to_wav(np.where(times < silent_seconds, 0.0, 0.2 * buzz * syllables))


async def add_profile(resources: Resources, owner: UUID, **values: Any) -> None:
    """Let a user have a voice profile, of the present consent unless said otherwise."""
    values = {"provider": "pyannote", "consent_version": "v1", "sample_duration_seconds": 27, **values}
    async with resources.database.transaction() as session:
        session.add(VoiceProfile(user_id=owner, model="precision-2", embedding_json=dict(VOICEPRINT), **values))
