"""The variants of a decoded recording: cleaned for transcription, only levelled for the local engines.

Source: pipeline.md, section 3.2, "Stage 1".
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum

from app.audio.ffmpeg import LARGE_FRAMES, PCM_FORMAT, MemoryFile, run_ffmpeg
from app.audio.recording import FallbackReason
from app.audio.settings import AudioSettings

_TARGET_LUFS = -16.0
_SILENCE_LUFS = -70.0  # the absolute gate of EBU R128: nothing was loud enough to be measured
_MAX_GAIN_DB = 30.0  # noise alone is not blown up without end
_LIMIT = 0.95
_LOUDNESS = re.compile(
    r"^\[ebur128@(\w+) @ [^\]]+\] Summary:\s+Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS", re.MULTILINE
)


class Sound(StrEnum):
    """A mono sound that variants are made of."""

    MONO = "mono"
    LEFT = "left"
    RIGHT = "right"


class Variant(StrEnum):
    """What the engines get (pipeline.md, section 3.2)."""

    TRANSCRIPTION = "transcription"
    DIARIZATION = "diarization"
    LEFT = "left"
    RIGHT = "right"

    @property
    def sound(self) -> Sound:
        return Sound(self) if self in (Variant.LEFT, Variant.RIGHT) else Sound.MONO

    @property
    def is_cleaned(self) -> bool:
        """Whether the noise is taken out.

        It never is where voices are told apart, since that distorts their timbre, nor from single channels: only local
        engines hear those, and they make more errors after it (bench/accuracy.py).
        """
        return self is Variant.TRANSCRIPTION


@dataclass(frozen=True, slots=True)
class MadeVariants:
    """16 kHz PCM of each variant whose filters worked; `fallback` says why others are missing."""

    pcm: Mapping[Variant, bytes]
    fallback: FallbackReason | None = None


async def make_variants(
    variants: Sequence[Variant], sounds: Mapping[Sound, MemoryFile], binary: str, settings: AudioSettings
) -> MadeVariants:
    """Make what can be made; one run feeds all variants, and each has a run of its own when that one fails."""
    try:
        gains = await _measure_gains(sounds, binary, settings)
        pcm = await _render(variants, sounds, gains, binary, settings)
        if len(pcm) < len(variants):
            for variant in variants:
                pcm |= await _render([variant], sounds, gains, binary, settings)
    except TimeoutError:
        return MadeVariants({}, FallbackReason.TIMEOUT)
    return MadeVariants(pcm, None if len(pcm) == len(variants) else FallbackReason.FFMPEG_FAILED)


async def _measure_gains(
    sounds: Mapping[Sound, MemoryFile], binary: str, settings: AudioSettings
) -> dict[Sound, float]:
    """How many dB bring each sound to -16 LUFS; 0 for one that holds nothing to measure."""
    arguments = _inputs(sounds)
    graph = [f"[{index}:a]ebur128@{sound}=framelog=quiet,{LARGE_FRAMES}[{sound}]" for index, sound in enumerate(sounds)]
    arguments += ["-filter_complex", ";".join(graph)]
    for sound in sounds:
        arguments += ["-map", f"[{sound}]", "-f", "null", "-"]
    run = await run_ffmpeg(binary, arguments, list(sounds.values()), timeout_seconds=settings.timeout_seconds)
    measured = {name: float(value) for name, value in _LOUDNESS.findall(run.log)}
    return {sound: _gain_db(measured.get(sound, _SILENCE_LUFS)) for sound in sounds}


def _gain_db(loudness_lufs: float) -> float:
    return min(_TARGET_LUFS - loudness_lufs, _MAX_GAIN_DB) if loudness_lufs > _SILENCE_LUFS else 0.0


async def _render(
    variants: Sequence[Variant],
    sounds: Mapping[Sound, MemoryFile],
    gains: Mapping[Sound, float],
    binary: str,
    settings: AudioSettings,
) -> dict[Variant, bytes]:
    """Run the filter chains of these variants at once; the answer is empty when the run fails."""
    used = {variant.sound: sounds[variant.sound] for variant in variants}
    with ExitStack() as stack:
        outputs = [stack.enter_context(MemoryFile()) for _ in variants]
        arguments = [*_inputs(used), "-filter_complex", _graph(variants, list(used), gains, settings)]
        for variant, output in zip(variants, outputs, strict=True):
            arguments += ["-map", f"[{variant}]", *PCM_FORMAT, "-ac", "1", "-y", output.path]
        run = await run_ffmpeg(binary, arguments, [*used.values(), *outputs], timeout_seconds=settings.timeout_seconds)
        if run.exit_code != 0:
            return {}
        views = [await asyncio.to_thread(bytes, output.view()) for output in outputs]
    return {variant: pcm for variant, pcm in zip(variants, views, strict=True) if pcm}


def _inputs(sounds: Mapping[Sound, MemoryFile]) -> list[str]:
    return [argument for file in sounds.values() for argument in (*PCM_FORMAT, "-ac", "1", "-i", file.path)]


def _graph(
    variants: Sequence[Variant], sounds: Sequence[Sound], gains: Mapping[Sound, float], settings: AudioSettings
) -> str:
    """The filter graph: each input sound is split into the chains of its variants."""
    parts = []
    for index, sound in enumerate(sounds):
        users = [variant for variant in variants if variant.sound is sound]
        pads = "".join(f"[{variant}_in]" for variant in users)
        parts.append(f"[{index}:a]asplit={len(users)}{pads}")
        parts += [f"[{v}_in]{','.join(_chain(v, gains[sound], settings))}[{v}]" for v in users]
    return ";".join(parts)


def _chain(variant: Variant, gain_db: float, settings: AudioSettings) -> list[str]:
    filters = []
    if variant.is_cleaned and settings.is_denoise_enabled:
        if settings.highpass_hz > 0:
            filters.append(f"highpass=f={settings.highpass_hz}")
        filters.append(f"afftdn=nr={settings.denoise_nr_db}:nf={settings.denoise_noise_floor_db}")
    return [*filters, f"volume={gain_db:.2f}dB", f"alimiter=limit={_LIMIT}:level=false:latency=true", LARGE_FRAMES]
