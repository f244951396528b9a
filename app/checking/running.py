"""All checks, at once and each in bounded time. Nothing of Scryon has to run for them, and nothing is left behind."""

import asyncio
from collections.abc import Awaitable, Mapping

import httpx
import structlog

from app.checking.engines import check_analysis, check_diarization, check_transcription, check_voices
from app.checking.identity import check_service_account, check_sign_in
from app.checking.servers import check_database, check_redis
from app.checking.storage import check_storage
from app.checking.surroundings import check_access, check_callbacks, check_ffmpeg
from app.checking.verdicts import Finding, Verdict, failed
from app.providers.sending import open_http_client
from app.settings import Settings

log = structlog.get_logger()

CHECK_SECONDS = 10.0


async def check_everything(settings: Settings, *, seconds: float = CHECK_SECONDS) -> list[Finding]:
    """Check what the settings name; `seconds` is for each of them. In the order in which it is read."""
    async with open_http_client() as http:
        checks = _begin(settings, http)
        verdicts = await asyncio.gather(*(_bounded(check, seconds) for check in checks.values()))
    return [Finding(name, verdict) for name, verdict in zip(checks, verdicts, strict=True)]


def _begin(settings: Settings, http: httpx.AsyncClient) -> Mapping[str, Awaitable[Verdict]]:
    return {
        "database": check_database(settings),
        "queue": check_redis(settings),
        "storage": check_storage(settings),
        "ffmpeg": check_ffmpeg(settings),
        "transcription": check_transcription(settings, http),
        "callbacks": check_callbacks(settings),
        "diarization": check_diarization(settings, http),
        "voices": check_voices(settings, http),
        "analysis": check_analysis(settings, http),
        "access": check_access(settings),
        "sign-in": check_sign_in(settings, http),
        "service account": check_service_account(settings, http),
    }


async def _bounded(check: Awaitable[Verdict], seconds: float) -> Verdict:
    try:
        async with asyncio.timeout(seconds):
            return await check
    except TimeoutError:
        return failed(f"no answer within {seconds:g} s", "check its address, and the network")
    except Exception as error:
        # One check that breaks must not hide what the others have found.
        log.error("check_failed", exc_info=error)
        return failed(f"could not be checked: {type(error).__name__}", "report this with the line of the log")
