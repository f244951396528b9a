"""Transcription by Lemonfox, or by any server that takes Whisper's form and answers its `verbose_json`.

Documentation: https://www.lemonfox.ai/apis/speech-to-text, as of November 2026; errors and the answer to a request with
a callback are not documented, so statuses alone decide. Source: providers.md, section 1; pipeline.md, section 3.4.
"""

import asyncio
import io
from dataclasses import dataclass, field

import httpx
import structlog

from app.audio.encoding import AudioUpload, encode_upload
from app.audio.recording import PreparedAudio
from app.audio.settings import AudioSettings
from app.pipeline.failures import FailureReason, HardFailureError
from app.pipeline.normalization.languages import get_language_name
from app.pipeline.raw_transcript import parse_verbose_json
from app.pipeline.speech import RawTranscript
from app.providers.sending import FaultKind, Patience, ProviderFault, Sleep, send, with_patience

log = structlog.get_logger()

_PATIENCE = Patience(outage_delays_seconds=(2.0,), rate_limit_repeats=2, rate_limit_delay_seconds=2.0)


@dataclass(frozen=True, slots=True)
class LemonfoxSettings:
    """The variables of this provider; `timeout_seconds` holds per request, from connecting to the last byte."""

    api_key: str | None = field(repr=False)
    base_url: str
    model: str
    language: str | None
    timeout_seconds: float


class LemonfoxTranscriber:
    """`Transcriber` and `CallbackTranscriber`; its times are float seconds from the start of the recording."""

    provider = "lemonfox"
    needs_pcm = False

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: LemonfoxSettings,
        audio_settings: AudioSettings,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.model = settings.model
        self._client = client
        self._settings = settings
        self._audio_settings = audio_settings
        self._sleep = sleep

    async def transcribe(self, audio: PreparedAudio) -> bytes:
        """Answer the raw transcript as it came; it can be parsed.

        Raises:
            HardFailureError: one of `transcription_…`, or `audio_too_long`.
        """
        content = await self._ask(audio)
        await asyncio.to_thread(self.parse, content)
        return content

    async def submit(self, audio: PreparedAudio, callback_url: str) -> bytes | None:
        """Have the raw transcript posted to `callback_url`; answers it if it comes at once, else None.

        Raises:
            HardFailureError: the provider did not accept the recording; as in `transcribe`.
        """
        content = await self._ask(audio, callback_url)
        try:
            await asyncio.to_thread(self.parse, content)
        except HardFailureError:
            # What an acceptance looks like is not documented: whatever is no transcript is taken for one.
            return None
        return content

    def parse(self, content: bytes) -> RawTranscript:
        """Read an answer of `transcribe`, or what was posted to a `callback_url`."""
        return parse_verbose_json(content)

    async def _ask(self, audio: PreparedAudio, callback_url: str | None = None) -> bytes:
        if not self._settings.api_key:
            raise HardFailureError(FailureReason.TRANSCRIPTION_NOT_CONFIGURED)
        upload = await encode_upload(audio, self._audio_settings)

        async def post() -> httpx.Response:
            request = self._build_request(upload, callback_url)
            return await send(self._client, request, timeout_seconds=self._settings.timeout_seconds)

        try:
            response = await with_patience(post, _PATIENCE, sleep=self._sleep)
        except ProviderFault as fault:
            log.warning("transcription_request_failed", kind=fault.kind, status=fault.status)
            raise HardFailureError(_name_reason(fault)) from fault
        return response.content

    def _build_request(self, upload: AudioUpload, callback_url: str | None) -> httpx.Request:
        fields: dict[str, str | list[str]] = {
            "model": self._settings.model,
            "response_format": "verbose_json",
            # Also when somebody else tells the voices apart, so that there is something to fall back to.
            "speaker_labels": "true",
            "timestamp_granularities[]": ["word", "segment"],
        }
        if self._settings.language:
            fields["language"] = get_language_name(self._settings.language) or self._settings.language
        if callback_url is not None:
            fields["callback_url"] = callback_url
        return self._client.build_request(
            "POST",
            f"{self._settings.base_url.rstrip('/')}/audio/transcriptions",
            headers={"Authorization": f"Bearer {self._settings.api_key}"},
            data=fields,
            # A file is read in small pieces, where bytes would go to the socket in one; it shares their memory.
            files={"file": (upload.name, io.BytesIO(upload.content), upload.content_type)},
        )


def _name_reason(fault: ProviderFault) -> FailureReason:
    """Why a call fails after the last request (pipeline.md, section 3.4)."""
    if fault.kind is FaultKind.TIMEOUT:
        return FailureReason.TRANSCRIPTION_TIMEOUT
    if fault.is_outage:
        return FailureReason.TRANSCRIPTION_UNAVAILABLE
    if fault.status is not None and 400 <= fault.status < 500:
        return FailureReason.TRANSCRIPTION_4XX
    # A redirect, which is not followed, or an answer larger than any transcript.
    return FailureReason.TRANSCRIPTION_INVALID_RESPONSE
