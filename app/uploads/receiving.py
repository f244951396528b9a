"""Reads the form of an upload: its file goes to whoever keeps it, the texts beside it are kept here.

Who keeps a file, and where, is in `app/uploads/keeping.py`. Source: rest.md, sections 1.10 (E9, E18) and 2.2.
"""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

from app.audio.sniffing import HEAD_BYTES, AudioFormat, sniff
from app.errors import FieldProblem, ScryonError, UnsupportedMediaTypeError, ValidationFailedError
from app.text import find_text_problem
from app.uploads.body import RequestBody
from app.uploads.metadata import MAX_FILE_NAME, last_path_component
from app.uploads.multipart import BrokenMultipartError, FormReader, PartHead, find_boundary

MAX_PARTS = 20
MAX_TEXT_BYTES = 64 * 1024
ACCEPTED_FORMATS = ("3gp", "aac", "amr", "flac", "m4a", "mp3", "mp4", "ogg", "opus", "wav", "webm", "wma")
"""What a 415 lists (rest.md, section 2.2)."""


class KeptFile(Protocol):
    """A file that was taken in; `sha256` is lower-case hex."""

    @property
    def sha256(self) -> str: ...


Kept = TypeVar("Kept", bound=KeptFile)
Kept_co = TypeVar("Kept_co", bound=KeptFile, covariant=True)


class Keeper(Protocol[Kept_co]):
    """Takes the file of a form, piece by piece; more than `max_bytes` of it are never offered."""

    @property
    def max_bytes(self) -> int: ...

    def too_large(self) -> ScryonError:
        """What is said of a file over `max_bytes`."""
        ...

    async def keep(self, audio_format: AudioFormat, file_name: str | None, content: AsyncIterator[bytes]) -> Kept_co:
        """Take the whole content. `file_name` is a last path component of at most 255 characters."""
        ...


class ReceivedForm(Generic[Kept]):
    """A form that has been read to its end, with everything that is wrong with it.

    `texts` holds the parts that are no file, by name; `file` is None when there was none to keep. `parts` are the
    name, file name and SHA-256 of each part, complete when there are no problems.
    """

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.file: Kept | None = None
        self.problems: list[FieldProblem] = []
        self.parts: list[tuple[str, str | None, str]] = []
        self.has_file = False
        self.is_audio = True

    def refuse(self, field: str, message: str) -> None:
        """Note a problem."""
        self.problems.append(FieldProblem(field, message))

    def is_refused(self, field: str) -> bool:
        """Whether a problem of that field was noted."""
        return any(problem.field == field for problem in self.problems)

    def require_file(self) -> Kept:
        """The file, once nothing speaks against the form.

        Raises:
            UnsupportedMediaTypeError: it is no recording.
            ValidationFailedError: anything else, all of it.
        """
        if not self.is_audio:
            raise UnsupportedMediaTypeError(ACCEPTED_FORMATS)
        if not self.has_file and not self.is_refused("file") and not self.is_refused("body"):
            self.refuse("file", "is required")
        if self.problems or self.file is None:
            raise ValidationFailedError(self.problems)
        return self.file


ChooseKeeper = Callable[[PartHead, ReceivedForm[Kept]], Keeper[Kept] | None]
"""Who keeps a part, by its head and by what came before it; None for a text."""


async def read_form(body: RequestBody, max_bytes: int, choose: ChooseKeeper[Kept]) -> ReceivedForm[Kept]:
    """Read a multipart body of at most `max_bytes`; the one part for which `choose` names a keeper goes there.

    Reading goes on after a mistake, since a file that is too large outweighs one of the wrong type, and that outweighs
    everything else (E18); the limit on the whole request bounds it.

    Raises:
        PayloadTooLargeError: the request is over its limit.
        ScryonError: the file is over its own, or what the keeper raises.
    """
    reception = _Reception(choose)
    chunks = body.limited(max_bytes)
    try:
        boundary = find_boundary(body.content_type)
        if boundary is None:
            reception.form.refuse("file", "must be sent as multipart/form-data")
        else:
            await reception.read_parts(FormReader(chunks, boundary))
    except BrokenMultipartError:
        reception.form.refuse("body", "must be well-formed multipart/form-data")
    async for _ in chunks:
        pass
    return reception.form


class _Reception(Generic[Kept]):
    """One form on its way in."""

    def __init__(self, choose: ChooseKeeper[Kept]) -> None:
        self.form: ReceivedForm[Kept] = ReceivedForm()
        self._choose = choose

    async def read_parts(self, reader: FormReader) -> None:
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
        keeper = self._choose(part, self.form)
        if is_repeated:
            self.form.refuse(part.name, "must not be sent twice")
            async for _ in reader.chunks() if keeper is None else _limited(reader, keeper):
                pass
        elif keeper is None:
            await self._take_text(reader, part)
        else:
            self.form.has_file = True
            await self._take_file(part, keeper, _limited(reader, keeper))

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

    async def _take_file(self, part: PartHead, keeper: Keeper[Kept], content: AsyncIterator[bytes]) -> None:
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
            kept = await keeper.keep(audio_format, self._file_name(part), _chain(head, content))
            self.form.file = kept
            self.form.parts.append((part.name, part.file_name, kept.sha256))
        async for _ in content:
            pass

    def _file_name(self, part: PartHead) -> str | None:
        component = last_path_component(part.file_name or "")
        name = None if component is None else component[-MAX_FILE_NAME:].strip()
        problem = None if not name else find_text_problem(name, MAX_FILE_NAME)
        if problem is not None:
            self.form.refuse("file", f"its file name {problem}")
        return name or None


async def _limited(reader: FormReader, keeper: Keeper[KeptFile]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in reader.chunks():
        size += len(chunk)
        if size > keeper.max_bytes:
            raise keeper.too_large()
        yield chunk


async def _chain(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk
