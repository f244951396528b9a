"""What this machine and its place in the network bring along: ffmpeg, callbacks, who can connect."""

import asyncio
from urllib.parse import urlsplit

from app.audio.ffmpeg import FfmpegMissingError, find_ffmpeg
from app.checking.verdicts import Verdict, failed, off, ok, warning
from app.settings import Settings, TranscriptionProvider


async def check_ffmpeg(settings: Settings) -> Verdict:
    """Whether recordings can be decoded."""
    try:
        found = await asyncio.to_thread(find_ffmpeg, settings.ffmpeg_path)
    except FfmpegMissingError:
        return failed("there is no ffmpeg", "install ffmpeg, or the extra 'local', which brings one")
    return ok(found)


async def check_callbacks(settings: Settings) -> Verdict:
    """Whether the transcription provider can bring its answers here; secret and address were checked at the start."""
    if not settings.transcription_callback_enabled:
        return off("answers of the transcription provider are waited for")
    if settings.transcription_engine is not TranscriptionProvider.LEMONFOX:
        return warning("switched on, and the transcription is local", "unset SCRYON_TRANSCRIPTION_CALLBACK_ENABLED")
    address = urlsplit(settings.public_base_url or "")
    if address.scheme != "https":
        return warning(
            "transcripts come over plain http", "put TLS before the API, and https into SCRYON_PUBLIC_BASE_URL"
        )
    return ok(f"answers come to {address.hostname}")


async def check_access(settings: Settings) -> Verdict:
    """Who gets in."""
    if not settings.is_open:
        return ok("with sign-in" if settings.firebase_project_id else "with a key")
    if settings.is_loopback:
        return ok("without sign-in, from this machine only")
    return warning(
        f"whoever reaches {settings.server_host} sees and deletes every call",
        "set FIREBASE_PROJECT_ID or SCRYON_API_KEY",
    )
