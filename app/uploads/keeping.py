"""Where the file of a form goes: a recording to object storage, a voice sample nowhere but into memory, others nowhere.

A recording lies under the key of the call that it is about to become. Unless that call's row is there when the block
ends, everything is removed again, whatever ended it.
Source: rest.md, sections 2.2 and 2.16; pipeline.md, sections 3.1 and 14 (P5).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.audio.sniffing import AudioFormat
from app.calls.models import CallRecord
from app.cancellation import bring_to_its_end
from app.db import UNREACHABLE_ERRORS, is_unreachable
from app.errors import PayloadTooLargeError, ScryonError, StorageUnavailableError, VoiceSampleTooLargeError
from app.resources import Resources
from app.settings import Settings
from app.storage.keys import audio_key, call_prefix
from app.uploads.stored import StoredUpload
from app.uploads.voice_sample import VoiceSample

log = structlog.get_logger()

LOOKUP_SECONDS = 5
"""How long an answer may wait for the question whether an upload has become a call."""

LOOK_AGAIN_SECONDS = 0.5
"""When a database is asked again that does not answer: one that restarts is back before the answer has to go."""

_MIB = 1024 * 1024


class SampleKeeper:
    """Holds a voice sample in memory, for as long as the request lasts."""

    def __init__(self, settings: Settings) -> None:
        self.max_bytes = settings.voice_sample_max_size_mb * _MIB

    def too_large(self) -> VoiceSampleTooLargeError:
        return VoiceSampleTooLargeError(self.max_bytes)

    async def keep(
        self, audio_format: AudioFormat, file_name: str | None, content: AsyncIterator[bytes]
    ) -> VoiceSample:
        """Take the whole content; neither its name nor what kind it is matters to anybody."""
        whole = b"".join([chunk async for chunk in content])
        return VoiceSample(whole, hashlib.sha256(whole).hexdigest())


class DigestKeeper:
    """Reads a file that nobody takes, and keeps what tells the request from another one: it may be a voice sample."""

    def __init__(self, settings: Settings) -> None:
        self.max_bytes = settings.max_file_size

    def too_large(self) -> ScryonError:
        return PayloadTooLargeError(self.max_bytes)

    async def keep(
        self, audio_format: AudioFormat, file_name: str | None, content: AsyncIterator[bytes]
    ) -> VoiceSample:
        digest = hashlib.sha256()
        async for chunk in content:
            digest.update(chunk)
        return VoiceSample(b"", digest.hexdigest())


@asynccontextmanager
async def keep_recording(resources: Resources, user_id: UUID) -> AsyncIterator["RecordingKeeper"]:
    """Store a recording while the block runs; it stays when its call's row is there at the end."""
    keeper = RecordingKeeper(resources, user_id)
    try:
        yield keeper
    finally:
        await bring_to_its_end(keeper.discard_orphan())


class RecordingKeeper:
    """Stores the recording of a call that is not there yet."""

    def __init__(self, resources: Resources, user_id: UUID) -> None:
        self.max_bytes = resources.settings.max_file_size
        self._resources = resources
        self._user_id = user_id
        self._call_id = uuid4()
        self._is_stored = False

    def too_large(self) -> ScryonError:
        return PayloadTooLargeError(self.max_bytes)

    async def keep(
        self, audio_format: AudioFormat, file_name: str | None, content: AsyncIterator[bytes]
    ) -> StoredUpload:
        """Store the content as it arrives. Raises StorageUnavailableError."""
        key = audio_key(self._user_id, self._call_id, audio_format.extension)
        digest, size = hashlib.sha256(), 0

        async def measured() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in content:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        self._is_stored = True
        await self._resources.storage.put_stream(key, measured())
        return StoredUpload(self._call_id, key, audio_format.content_type, size, file_name, digest.hexdigest())

    async def discard_orphan(self) -> None:
        """Remove what was stored, unless it has become a call; one that was deleted at once may have left a message.

        An outage changes nothing about the answer: a prefix without a row is the orphan sweeper's.
        """
        if not self._is_stored:
            return
        try:
            if not await self._has_call():
                await self._resources.storage.delete_prefix(call_prefix(self._user_id, self._call_id))
                await self._resources.queue.forget_calls([self._call_id])
        except (StorageUnavailableError, SQLAlchemyError, *UNREACHABLE_ERRORS) as error:
            log.warning("upload_not_discarded", callId=str(self._call_id), error=type(error).__name__)

    async def _has_call(self) -> bool:
        async with asyncio.timeout(LOOKUP_SECONDS):
            while True:
                try:
                    return await self._find_call()
                except Exception as error:
                    if not is_unreachable(error):
                        raise
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _find_call(self) -> bool:
        async with self._resources.database.read() as session:
            found = await session.execute(select(col(CallRecord.id)).where(col(CallRecord.id) == self._call_id))
            return found.one_or_none() is not None
