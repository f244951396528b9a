"""Stage 1: a stored recording becomes 16 kHz mono PCM for the engines, all of it in memory.

It is decoded once (`decoding.py`), its channels are looked at (`channels.py`), and what the engines want is made from
that PCM (`variants.py`). Nothing is written to disk.
Source: pipeline.md, sections 3.2, 3.5 and 14 (P2).
"""

import asyncio
from collections.abc import AsyncIterable, Mapping, Sequence
from contextlib import ExitStack

import structlog

from app.audio.channels import ChannelReport, Samples, classify_channels
from app.audio.decoding import Decoded, decode
from app.audio.ffmpeg import FfmpegMissingError, MemoryFile, find_ffmpeg
from app.audio.recording import ChannelMode, FallbackReason, OriginalFile, PreparedAudio
from app.audio.settings import AudioSettings
from app.audio.sniffing import HEAD_BYTES, sniff
from app.audio.variants import MadeVariants, Sound, Variant, make_variants
from app.pipeline.failures import FailureReason, HardFailureError

log = structlog.get_logger()


async def prepare(
    source: AsyncIterable[bytes], settings: AudioSettings, *, needs_pcm: bool = True, needs_channels: bool = True
) -> PreparedAudio:
    """Decode a recording and make the variants that its channels call for.

    Variants whose filters fail or take too long are the plain decoded sound, and `fallback` says why. When no engine
    needs PCM, a recording that cannot or shall not be worked on goes on as it came. The PCM of single channels is made
    only for who needs it.

    Raises:
        HardFailureError: `audio_undecodable` (no audio in it, or no ffmpeg to find it) or `audio_too_long`.
    """
    if not needs_pcm and not settings.is_enabled:
        return await _pass_on(source, FallbackReason.DISABLED)
    try:
        binary = await asyncio.to_thread(find_ffmpeg, settings.ffmpeg_path)
    except FfmpegMissingError as error:
        if not needs_pcm:
            return await _pass_on(source, FallbackReason.FFMPEG_MISSING)
        raise HardFailureError(FailureReason.AUDIO_UNDECODABLE) from error
    with ExitStack() as stack:
        decoded = await decode(source, stack.enter_context(MemoryFile()), binary, settings)
        report = await asyncio.to_thread(_report_channels, decoded, settings)
        sounds = {
            sound: stack.enter_context(MemoryFile()) for sound in _sounds_of(report, needs_channels=needs_channels)
        }
        await asyncio.to_thread(_write_sounds, sounds, decoded.samples, report)
        variants = [variant for variant in Variant if variant.sound in sounds]
        made = MadeVariants({}, FallbackReason.DISABLED)
        if settings.is_enabled:
            made = await make_variants(variants, sounds, binary, settings)
            if made.fallback is not None:
                log.warning("audio_fallback", reason=made.fallback, duration_seconds=decoded.duration_seconds)
        pcm = await asyncio.to_thread(_fill_up, variants, made.pcm, sounds)
    return PreparedAudio(
        duration_seconds=decoded.duration_seconds,
        channel_mode=report.mode,
        transcription=pcm[Variant.TRANSCRIPTION],
        diarization=pcm[Variant.DIARIZATION],
        channels=(pcm[Variant.LEFT], pcm[Variant.RIGHT]) if Variant.LEFT in pcm else None,
        channel_turns=report.turns,
        fallback=made.fallback,
    )


async def _pass_on(source: AsyncIterable[bytes], reason: FallbackReason) -> PreparedAudio:
    """The recording as it came, for providers that decode it themselves."""
    content = b"".join([chunk async for chunk in source])
    found = sniff(content[:HEAD_BYTES])
    if found is None:
        raise HardFailureError(FailureReason.AUDIO_UNDECODABLE)
    return PreparedAudio(
        duration_seconds=None,
        channel_mode=ChannelMode.MONO,
        transcription=b"",
        diarization=b"",
        fallback=reason,
        original=OriginalFile(content, found.extension),
    )


def _report_channels(decoded: Decoded, settings: AudioSettings) -> ChannelReport:
    if decoded.is_two_channel and settings.is_dual_channel_enabled:
        return classify_channels(decoded.samples)
    return ChannelReport(ChannelMode.MONO)


def _sounds_of(report: ChannelReport, *, needs_channels: bool) -> tuple[Sound, ...]:
    return tuple(Sound) if needs_channels and report.mode is ChannelMode.DUAL_PARTY else (Sound.MONO,)


def _write_sounds(sounds: Mapping[Sound, MemoryFile], samples: Samples, report: ChannelReport) -> None:
    for sound, file in sounds.items():
        file.append(_pick(sound, samples, report).tobytes())


def _pick(sound: Sound, samples: Samples, report: ChannelReport) -> Samples:
    """One column: a channel, or the mix; with a dead channel the live one alone is the mix."""
    if sound is Sound.LEFT or samples.shape[1] == 1:
        return samples[:, 0]
    if sound is Sound.RIGHT:
        return samples[:, 1]
    if report.live_channel is not None:
        return samples[:, report.live_channel]
    mix: Samples = (samples[:, 0] >> 1) + (samples[:, 1] >> 1)
    return mix


def _fill_up(
    variants: Sequence[Variant], made: Mapping[Variant, bytes], sounds: Mapping[Sound, MemoryFile]
) -> dict[Variant, bytes]:
    """The variants with plain PCM for those that could not be made."""
    return {variant: made.get(variant) or bytes(sounds[variant.sound].view()) for variant in variants}
