"""Cutting a recording at its silences into pieces that engines decode one by one.

Source: pipeline.md, sections 3.2 ("dual_party") and 3.4 ("Local engine").
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.audio.recording import SAMPLE_RATE_HZ, PreparedAudio
from app.pipeline.speech import Turn
from app.providers.local.cpu_pool import CpuPool
from app.providers.local.voice_activity import FRAME_SECONDS, Stretch, find_speech, measure_speech

_CHANNEL_SPEAKERS = ("SPEAKER_00", "SPEAKER_01")

_JOINED_GAP_SECONDS = 0.6  # a longer pause ends a sentence anyway (transcript.md, section 4.0)
_WANTED_SECONDS = 25.0
_MAX_SECONDS = 30.0
_MIN_SECONDS_BEFORE_CUT = 15.0


@dataclass(frozen=True, slots=True)
class Piece:
    """16 kHz PCM of at most 30 s that starts at `start_seconds`; `speaker` is known when it is a party's channel."""

    pcm: bytes
    start_seconds: float
    speaker: str | None = None


async def cut_audio(pool: CpuPool, audio: PreparedAudio, mono: bytes) -> list[Piece]:
    """All speech of a recording: of its channels, one after the other, when each party has one, else of `mono`."""
    tracks: list[tuple[bytes, str | None]] = [(mono, None)]
    if audio.channels is not None:
        tracks = list(zip(audio.channels, _CHANNEL_SPEAKERS, strict=True))
    measured = await asyncio.gather(*(measure_speech(pool, pcm) for pcm, _ in tracks))
    pieces: list[Piece] = []
    for (pcm, speaker), probabilities in zip(tracks, measured, strict=True):
        if speaker is not None:
            probabilities = keep_turns(probabilities, [turn for turn in audio.channel_turns if turn.speaker == speaker])
        pieces += [
            Piece(cut_pcm(pcm, stretch), stretch.start_seconds, speaker)
            for stretch in cut_for_decoding(find_speech(probabilities), probabilities)
        ]
    return pieces


def keep_turns(probabilities: Sequence[float], turns: Sequence[Turn]) -> list[float]:
    """No speech outside the turns of a channel's party: what is heard there is the other party's echo."""
    kept = [0.0] * len(probabilities)
    for turn in turns:
        spoken = slice(int(turn.start_seconds / FRAME_SECONDS), int(turn.end_seconds / FRAME_SECONDS) + 1)
        kept[spoken] = probabilities[spoken]
    return kept


def cut_pcm(pcm: bytes, stretch: Stretch) -> bytes:
    """The 16 kHz PCM of a stretch."""
    start, end = (2 * round(seconds * SAMPLE_RATE_HZ) for seconds in (stretch.start_seconds, stretch.end_seconds))
    return pcm[start:end]


def cut_for_decoding(speech: Sequence[Stretch], probabilities: Sequence[float]) -> list[Stretch]:
    """Join neighbouring speech to pieces of up to 25 s, and cut what is longer than 30 s where it is quietest.

    `speech` is in order and disjoint, `probabilities` are those that it was made of.
    """
    pieces: list[Stretch] = []
    for stretch in speech:
        pieces.extend(_halve(stretch, probabilities))
    joined: list[Stretch] = []
    for piece in pieces:
        if joined and _can_join(joined[-1], piece):
            piece = Stretch(joined.pop().start_seconds, piece.end_seconds)
        joined.append(piece)
    return joined


def _can_join(before: Stretch, after: Stretch) -> bool:
    gap = after.start_seconds - before.end_seconds
    return gap <= _JOINED_GAP_SECONDS and after.end_seconds - before.start_seconds <= _WANTED_SECONDS


def _halve(stretch: Stretch, probabilities: Sequence[float]) -> list[Stretch]:
    """Cut speech without a pause where speech is least probable, 15 to 30 s after the last cut; the earliest wins."""
    pieces = []
    start, end = stretch.start_seconds, stretch.end_seconds
    while end - start > _MAX_SECONDS:
        first = round((start + _MIN_SECONDS_BEFORE_CUT) / FRAME_SECONDS)
        last = round((start + _MAX_SECONDS) / FRAME_SECONDS)
        frame = min(range(first, min(last, len(probabilities))), key=lambda index: probabilities[index])
        pieces.append(Stretch(start, (frame + 0.5) * FRAME_SECONDS))
        start = pieces[-1].end_seconds
    return [*pieces, Stretch(start, end)]
