"""Multipart bodies and tiny recordings for tests; nothing here is ours to test."""

from collections.abc import Iterable

WAV = b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(2000)
"""Enough of a recording to be taken for one."""

BOUNDARY = "scryon-test-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"

Part = tuple[str, bytes]


def field(name: str, content: bytes | str, *, content_type: str | None = None) -> Part:
    """A part without file name."""
    return _part(f'name="{name}"', content, content_type)


def file(
    content: bytes, *, name: str = "file", file_name: str | None = "call.wav", content_type: str | None = None
) -> Part:
    """A part with a file name, or without one for None."""
    parameters = f'name="{name}"' if file_name is None else f'name="{name}"; filename="{file_name}"'
    return _part(parameters, content, content_type)


def encode(parts: Iterable[Part], *, boundary: str = BOUNDARY, end: bool = True) -> bytes:
    """A whole body; without `end` the closing boundary is missing."""
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return body + f"--{boundary}--\r\n".encode() if end else body


def _part(parameters: str, content: bytes | str, content_type: str | None) -> Part:
    head = f"Content-Disposition: form-data; {parameters}"
    if content_type is not None:
        head += f"\r\nContent-Type: {content_type}"
    return head, content.encode() if isinstance(content, str) else content
