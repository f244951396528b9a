"""The body of a request as a stream that knows its limits. Source: rest.md, sections 1.10 (E15) and 5."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.errors import PayloadTooLargeError, ValidationFailedError

MAX_JSON_BYTES = 1024 * 1024
"""Any JSON body (rest.md, section 5)."""

_JSON_TYPE = re.compile(r"application/(json|[^/;\s]+\+json)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BodyPatience:
    """How long a body is waited for: each piece, and all of it. 55 MB in 15 minutes are half a megabit a second."""

    piece_seconds: float = 30
    whole_seconds: float = 15 * 60


PATIENCE = BodyPatience()


@dataclass(frozen=True, slots=True)
class RequestBody:
    """Where a body comes from. `content_type` and `content_length` are what the headers say, None when silent."""

    chunks: AsyncIterator[bytes]
    content_type: str | None
    content_length: int | None
    patience: BodyPatience = PATIENCE

    async def limited(self, max_bytes: int) -> AsyncIterator[bytes]:
        """The body piece by piece, empty pieces left out.

        Raises:
            PayloadTooLargeError: at once when the headers announce too much, else when it has come.
            ValidationFailedError: it does not come in time.
        """
        if self.content_length is not None and self.content_length > max_bytes:
            raise PayloadTooLargeError(max_bytes)
        seen = 0
        async for chunk in self._awaited():
            seen += len(chunk)
            if seen > max_bytes:
                raise PayloadTooLargeError(max_bytes)
            if chunk:
                yield chunk

    async def _awaited(self) -> AsyncIterator[bytes]:
        """The chunks as they come. Only a client who is asked for the next one can be late with it."""
        now = asyncio.get_running_loop().time
        end = now() + self.patience.whole_seconds
        while True:
            try:
                async with asyncio.timeout_at(min(end, now() + self.patience.piece_seconds)):
                    chunk = await anext(self.chunks, None)
            except TimeoutError:
                raise ValidationFailedError.of("body", "must arrive without long pauses") from None
            if chunk is None:
                return
            yield chunk

    async def read(self, max_bytes: int) -> bytes:
        """The whole body. Raises as `limited`."""
        return b"".join([chunk async for chunk in self.limited(max_bytes)])


def declares_other_than_json(declared: str) -> bool:
    """Whether a content type, without its parameters, says that a body is no JSON; none says nothing."""
    return bool(declared) and not _JSON_TYPE.fullmatch(declared)


def parse_content_length(header: str | None) -> int | None:
    """Read the header; None when there is none or it makes no sense, which the server refuses by itself."""
    return int(header) if header is not None and header.isascii() and header.isdigit() else None
