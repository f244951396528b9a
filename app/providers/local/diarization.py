"""Offline diarization: who spoke when in a mono recording, with few voices.

scipy and scikit-learn are loaded by the children of the pool that need them: in the worker itself they took 80 MB and
a second of its start.
Source: pipeline.md, sections 3.1 (A4) and 3.3.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from app.audio.recording import PreparedAudio
from app.pipeline.diarization import write_turns
from app.pipeline.speech import Turn
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.cutting import Piece, cut_for_decoding, cut_pcm
from app.providers.local.voice_activity import FRAME_SECONDS, Stretch, find_speech, measure_speech
from app.providers.local.voice_frames import Floats, VoiceFrames
from app.providers.protocols import DiarizationAnswer, JobContext

if TYPE_CHECKING:
    from app.providers.local.voice_clustering import Flags, Labels

_MAX_SPEAKERS = 4  # when nobody says how many; a call has two parties, but there may be a phone on the table
_MIN_SPEECH_PROBABILITY = 0.5
_LOUD_PERCENTILE = 95
_MAX_BELOW_LOUD = 5.5  # in nats of energy, 24 dB: quieter frames say more about the room than about a voice


@dataclass(frozen=True, slots=True)
class _Job:
    """All that the clustering looks at: frames of the pieces, in order, and the speech that they were cut from."""

    frames: tuple[VoiceFrames, ...]
    speech: tuple[Stretch, ...]
    probabilities: tuple[float, ...]
    max_speakers: int


class LocalDiarizer:
    """`Diarizer` without network and key; it never answers more than four speakers."""

    provider = "local"
    model: str | None = "mfcc-clustering"
    needs_pcm = True

    def __init__(self, pool: CpuPool) -> None:
        self._pool = pool

    async def diarize(
        self, audio: PreparedAudio, *, max_speakers: int | None, job: JobContext | None = None
    ) -> DiarizationAnswer:
        """Answer the turns, sorted, without overlap, numbered by first appearance; the same audio, the same answer."""
        probabilities = await measure_speech(self._pool, audio.diarization)
        speech = find_speech(probabilities)
        if max_speakers == 1 or not speech:
            turns = tuple(_turn(stretch.start_seconds, stretch.end_seconds, 0) for stretch in speech)
        else:
            pieces = [
                Piece(cut_pcm(audio.diarization, piece), piece.start_seconds)
                for piece in cut_for_decoding(speech, probabilities)
            ]
            frames = await self._pool.map(_extract, pieces)
            turns = await self._pool.run(
                _find_turns, _Job(tuple(frames), tuple(speech), tuple(probabilities), max_speakers or _MAX_SPEAKERS)
            )
        return DiarizationAnswer(turns, write_turns(self.provider, turns))


def _turn(start_seconds: float, end_seconds: float, voice: int) -> Turn:
    return Turn(round(start_seconds, 3), round(end_seconds, 3), f"SPEAKER_{voice:02d}")


def _extract(piece: Piece) -> VoiceFrames:
    """The frames of a piece; runs in a child process."""
    from app.providers.local.voice_features import extract_features

    return extract_features(piece.pcm, piece.start_seconds)


def _find_turns(job: _Job) -> tuple[Turn, ...]:
    """Label the frames of all speech and read the turns off them; runs in a child process."""
    from app.providers.local.voice_clustering import FrameSequence, tell_voices_apart

    coefficients = np.concatenate([frames.coefficients for frames in job.frames])
    energies = np.concatenate([frames.energies for frames in job.frames])
    times = np.concatenate([frames.times for frames in job.frames])
    # Pieces hold short silences between their stretches of speech, which belong to nobody.
    stretch = np.searchsorted([s.start_seconds for s in job.speech], times, side="right") - 1
    is_speech = times < np.array([s.end_seconds for s in job.speech])[stretch]
    frame_probabilities = np.array(job.probabilities)[(times / FRAME_SECONDS).astype(int)]
    is_voiced = _voiced(frame_probabilities[is_speech], energies[is_speech])
    with threadpool_limits(1):  # the pool has a process per core already; more threads would fight over them
        labels = tell_voices_apart(
            FrameSequence(coefficients[is_speech], is_voiced, stretch[is_speech]), job.max_speakers
        )
    return _read_turns_off(labels, times[is_speech], stretch[is_speech], job.speech)


def _voiced(probabilities: Floats, energies: Floats) -> "Flags":
    """Which frames to learn from: certainly speech, and not much quieter than the loud ones."""
    is_voiced = probabilities > _MIN_SPEECH_PROBABILITY
    if is_voiced.any():
        is_voiced &= energies > np.percentile(energies[is_voiced], _LOUD_PERCENTILE) - _MAX_BELOW_LOUD
    return is_voiced


def _read_turns_off(labels: "Labels", times: Floats, stretch: "Labels", speech: Sequence[Stretch]) -> tuple[Turn, ...]:
    """Turns without gaps within each stretch; the voice that appears first is speaker 0."""
    numbers = {int(voice): number for number, voice in enumerate(dict.fromkeys(labels.tolist()))}
    turns = []
    for index, spoken in enumerate(speech):
        of_stretch = stretch == index
        voices, centres = labels[of_stretch], times[of_stretch]
        if len(voices) == 0:
            continue
        changes = np.flatnonzero(np.diff(voices)) + 1
        cuts = [float(centres[change - 1] + centres[change]) / 2 for change in changes]
        edges = [spoken.start_seconds, *cuts, spoken.end_seconds]
        firsts = [0, *changes.tolist()]
        turns += [
            _turn(start, end, numbers[int(voices[first])])
            for (start, end), first in zip(itertools.pairwise(edges), firsts, strict=True)
        ]
    return tuple(turns)
