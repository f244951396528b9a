"""Reads multipart/form-data part by part, as it arrives; nothing is collected and nothing touches the disk.

python-multipart's low-level parser does the parsing and is pulled here: a consumer that does not read lets the sender
wait. Limits on parts are the consumer's business.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

MAX_HEADER_BYTES = 64 * 1024
"""Per header line: a file name of 1000 characters, percent-encoded, is 12 000 bytes."""

PARSED_BYTES = 8 * 1024
"""At a time; then others have a turn. Tiny parts take 3 ms. Content is a thousand times faster, and has no bound."""

_EXTENDED_FILE_NAME = re.compile(r"""filename\*\s*=\s*"?(utf-8|iso-8859-1)'[^']*'([^;\s"]*)""", re.IGNORECASE)


class BrokenMultipartError(Exception):
    """The body does not follow its own boundary, or a part has no name."""


class _Mark(Enum):
    PART_END = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class PartHead:
    """What a part says of itself; `file_name` is None when none was sent or it is empty."""

    name: str
    file_name: str | None


def find_boundary(content_type: str | None) -> bytes | None:
    """The boundary of a multipart/form-data request, None for any other content type.

    Raises:
        BrokenMultipartError: multipart/form-data without a boundary.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary")
    if not boundary:
        raise BrokenMultipartError
    return boundary


class FormReader:
    """Pulls parts out of a body: `next_part`, then `chunks` of that part, as often as there are parts."""

    def __init__(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        """Raises BrokenMultipartError for a boundary that cannot be."""
        self._body = body
        # What is parsed next: the chunk from that position on.
        self._chunk, self._position = b"", 0
        self._events: deque[PartHead | bytes | _Mark] = deque()
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._failed = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": lambda: self._events.append(_Mark.PART_END),
                    "on_end": lambda: self._events.append(_Mark.END),
                },
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise BrokenMultipartError from error

    async def next_part(self) -> PartHead | None:
        """Go to the next part, over whatever is unread of the present one; None after the last.

        Raises:
            BrokenMultipartError: the body is malformed, or ends early.
        """
        while True:
            event = await self._next_event()
            if isinstance(event, PartHead):
                return event
            if event is _Mark.END:
                return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content of the present part. Raises BrokenMultipartError."""
        while isinstance(event := await self._next_event(), bytes):
            yield event

    async def _next_event(self) -> PartHead | bytes | _Mark:
        # What was understood before the mistake counts.
        while not self._events:
            if self._failed:
                raise BrokenMultipartError
            await self._parse_more()
        return self._events.popleft()

    async def _parse_more(self) -> None:
        if self._position >= len(self._chunk):
            chunk = await anext(self._body, None)
            if chunk is None:
                self._failed = True
                return
            self._chunk, self._position = chunk, 0
        piece = self._chunk[self._position : self._find_end()]
        self._position += len(piece)
        await asyncio.sleep(0)
        try:
            self._parser.write(piece)
        except (FormParserError, BrokenMultipartError):
            self._failed = True

    def _find_end(self) -> int:
        """Where the next piece ends: content goes on to the next boundary, or to the end of the chunk."""
        end = self._position + PARSED_BYTES
        # With an index, a boundary may have begun at the end of the piece before: blanks after it are slow.
        if self._parser.state is not MultipartState.PART_DATA or self._parser.index > 0:
            return end
        boundary = self._chunk.find(self._parser.boundary, self._position)
        return max(end, len(self._chunk) if boundary < 0 else boundary)

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        self._events.append(_read_disposition(self._disposition.decode("latin-1")))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])


def _read_disposition(header: str) -> PartHead:
    kind, options = parse_options_header(header)
    name = options.get(b"name")
    if kind != b"form-data" or name is None:
        raise BrokenMultipartError
    file_name = _extended_file_name(header) or options.get(b"filename", b"").decode(errors="replace")
    return PartHead(name.decode(errors="replace"), file_name or None)


def _extended_file_name(header: str) -> str | None:
    """RFC 5987's `filename*`, which some clients send though RFC 7578 forbids it; it beats the plain one."""
    match = _EXTENDED_FILE_NAME.search(header)
    return None if match is None else unquote_to_bytes(match[2]).decode(match[1], errors="replace")
