"""Uploads to a presigned address. Source: providers.md, section 2.2."""

import re
from collections.abc import AsyncIterator

import httpx

_ADDRESS = re.compile(r"https?://[^/?#@]+(?P<target>(?:[/?][^#]*)?)(?:#.*)?", re.IGNORECASE)
_PIECE_BYTES = 64 * 1024
_PRINTABLE = re.compile(r"[!-~]+")


class _Pieces:
    """The bytes in pieces, as often as they are asked for: in one, they would be copied as a whole to the socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), _PIECE_BYTES):
            yield self._content[start : start + _PIECE_BYTES]


def make_upload(address: str, content: bytes) -> httpx.Request:
    """The PUT of `content`, to the address byte for byte: its signature covers what a client might tidy up.

    It has no headers but the type and the length, so above all no key.

    Raises:
        ValueError: that is no address, or one with a user's name in it, which would be sent as a header.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not _PRINTABLE.fullmatch(address):
        raise ValueError("not an address")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise ValueError("not an address") from error
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(content))}
    pieces = _Pieces(content)
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    if url.raw_path == target.encode():
        return httpx.Request("PUT", url, headers=headers, content=pieces)
    # Only where it is needed: the CONNECT to a proxy, which comes before, would be sent to this target, too.
    return httpx.Request("PUT", url, headers=headers, content=pieces, extensions={"target": target.encode()})
