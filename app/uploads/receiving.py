"""Takes an upload in: the recording goes from the socket to object storage, the texts beside it are kept.

The recording lies under the key of the call that it is about to become. Unless that call's row is there when the
block ends, everything is removed again, whatever ended it.
Source: rest.md, sections 1.10 (E9, E18) and 2.2; pipeline.md, section 3.1.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from app.audio.sniffing import HEAD_BYTES, AudioFormat, sniff
from app.calls.models import CallRecord
from app.cancellation import bring_to_its_end
from app.db import UNREACHABLE_ERRORS
from app.errors import (
    FieldProblem,
    PayloadTooLargeError,
    StorageUnavailableError,
    UnsupportedMediaTypeError,
    ValidationFailedError,
)
from app.resources import Resources
from app.storage.keys import audio_key, call_prefix
from app.text import find_text_problem
from app.uploads.body import RequestBody
from app.uploads.metadata import MAX_FILE_NAME, last_path_component
from app.uploads.multipart import BrokenMultipartError, FormReader, PartHead, find_boundary
from app.uploads.stored import StoredUpload

log = structlog.get_logger()

MAX_PARTS = 20
MAX_TEXT_BYTES = 64 * 1024
ACCEPTED_FORMATS = ("3gp", "aac", "amr", "flac", "m4a", "mp3", "mp4", "ogg", "opus", "wav", "webm", "wma")
"""What a 415 lists (rest.md, section 2.2)."""

LOOKUP_SECONDS = 5
"""How long an answer may wait for the question whether an upload has become a call."""


class ReceivedForm:
    """A form that has been read to its end, with everything that is wrong with it.

    `texts` holds the parts that are no file, by name; `recording` is None when there was none to keep. `parts` are the
    name, file name and SHA-256 of each part, complete when there are no problems.
    """

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.recording: StoredUpload | None = None
        self.problems: list[FieldProblem] = []
        self.parts: list[tuple[str, str | None, str]] = []
        self.has_file = False
        self.is_audio = True

    def refuse(self, field: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(FieldProblem(field, message))

    def require_recording(self) -> StoredUpload:
        """The recording, once nothing speaks against the form.

        Raises:
            UnsupportedMediaTypeError: the file is no recording.
            ValidationFailedError: anything else, all of it.
        """
        if not self.is_audio:
            raise UnsupportedMediaTypeError(ACCEPTED_FORMATS)
        if not self.has_file and all(problem.field not in ("file", "body") for problem in self.problems):
            self.refuse("file", "is required")
        if self.problems or self.recording is None:
            raise ValidationFailedError(self.problems)
        return self.recording


IsFile = Callable[[PartHead, ReceivedForm], bool]
"""Whether a part is the recording, by its head and by what came before it."""


@asynccontextmanager
async def receive_form(
    resources: Resources, user_id: UUID, body: RequestBody, is_file: IsFile
) -> AsyncIterator[ReceivedForm]:
    """Read a multipart body; the one part that `is_file` picks is stored, others are texts.

    Reading goes on after a mistake, since a file that is too large outweighs one of the wrong type, and that outweighs
    everything else (E18); the limit on the whole request bounds it.

    Raises:
        PayloadTooLargeError: the file or the request is over its limit.
        StorageUnavailableError: the recording could not be stored.
    """
    reception = _Reception(resources, user_id, is_file)
    try:
        await reception.read(body)
        yield reception.form
    finally:
        await bring_to_its_end(reception.discard_orphan())


class _Reception:
    """One upload on its way in."""

    def __init__(self, resources: Resources, user_id: UUID, is_file: IsFile) -> None:
        self.form = ReceivedForm()
        self._resources = resources
        self._user_id = user_id
        self._call_id = uuid4()
        self._is_file = is_file
        self._max_file_bytes = resources.settings.max_file_size
        self._is_stored = False

    async def read(self, body: RequestBody) -> None:
        chunks = body.limited(self._resources.settings.max_request_size)
        try:
            boundary = find_boundary(body.content_type)
            if boundary is None:
                self.form.refuse("file", "must be sent as multipart/form-data")
            else:
                await self._read_parts(FormReader(chunks, boundary))
        except BrokenMultipartError:
            self.form.refuse("body", "must be well-formed multipart/form-data")
        async for _ in chunks:
            pass

    async def _read_parts(self, reader: FormReader) -> None:
        names: set[str] = set()
        for _ in range(MAX_PARTS):
            part = await reader.next_part()
            if part is None:
                return
            await self._take_part(reader, part, is_repeated=part.name in names)
            names.add(part.name)
        if await reader.next_part() is not None:
            self.form.refuse("body", f"must have at most {MAX_PARTS} parts")

    async def _take_part(self, reader: FormReader, part: PartHead, *, is_repeated: bool) -> None:
        if is_repeated:
            self.form.refuse(part.name, "must not be sent twice")
            async for _ in self._limited_file(reader):
                pass
        elif self._is_file(part, self.form):
            self.form.has_file = True
            await self._take_file(reader, part)
        else:
            await self._take_text(reader, part)

    async def _take_text(self, reader: FormReader, part: PartHead) -> None:
        content = bytearray()
        async for chunk in reader.chunks():
            if len(content) <= MAX_TEXT_BYTES:
                content += chunk
        if len(content) > MAX_TEXT_BYTES:
            self.form.refuse(part.name, f"must be at most {MAX_TEXT_BYTES} bytes")
        else:
            self.form.texts[part.name] = bytes(content)
            self.form.parts.append((part.name, part.file_name, hashlib.sha256(content).hexdigest()))

    async def _take_file(self, reader: FormReader, part: PartHead) -> None:
        content = self._limited_file(reader)
        head = b""
        async for chunk in content:
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        audio_format = sniff(head)
        if not head:
            self.form.refuse("file", "must not be empty")
        elif audio_format is None:
            self.form.is_audio = False
        elif not self.form.problems:
            await self._store(audio_format, part, head, content)
        async for _ in content:
            pass

    async def _store(self, audio_format: AudioFormat, part: PartHead, head: bytes, rest: AsyncIterator[bytes]) -> None:
        file_name = self._file_name(part)
        key = audio_key(self._user_id, self._call_id, audio_format.extension)
        digest, size = hashlib.sha256(), 0

        async def measured() -> AsyncIterator[bytes]:
            nonlocal size
            chunk: bytes | None = head
            while chunk is not None:
                digest.update(chunk)
                size += len(chunk)
                yield chunk
                chunk = await anext(rest, None)

        self._is_stored = True
        await self._resources.storage.put_stream(key, measured())
        self.form.recording = StoredUpload(
            self._call_id, key, audio_format.content_type, size, file_name, digest.hexdigest()
        )
        self.form.parts.append((part.name, part.file_name, digest.hexdigest()))

    async def _limited_file(self, reader: FormReader) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in reader.chunks():
            size += len(chunk)
            if size > self._max_file_bytes:
                raise PayloadTooLargeError(self._max_file_bytes)
            yield chunk

    def _file_name(self, part: PartHead) -> str | None:
        component = last_path_component(part.file_name or "")
        name = None if component is None else component[-MAX_FILE_NAME:].strip()
        problem = None if not name else find_text_problem(name, MAX_FILE_NAME)
        if problem is not None:
            self.form.refuse("file", f"its file name {problem}")
        return name or None

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
        async with asyncio.timeout(LOOKUP_SECONDS), self._resources.database.read() as session:
            found = await session.execute(select(col(CallRecord.id)).where(col(CallRecord.id) == self._call_id))
            return found.one_or_none() is not None
