"""The least that taking in a form can cost: its file is hashed as it arrives, and dropped.

A bare ASGI function around python-multipart's streaming parser, nothing else: no sign-in, no limits, no storage. Run it
with uvicorn.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from python_multipart.multipart import MultipartParser, parse_options_header


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request with the SHA-256 of the parts of its form."""
    if scope["type"] != "http":
        return
    _, options = parse_options_header(dict(scope["headers"])[b"content-type"])
    digest = hashlib.sha256()

    def take(data: bytes, start: int, end: int) -> None:
        digest.update(memoryview(data)[start:end])

    parser = MultipartParser(options[b"boundary"], {"on_part_data": take})
    has_more = True
    while has_more:
        message = await receive()
        parser.write(message["body"])
        has_more = message["more_body"]
    parser.finalize()
    body = orjson.dumps({"sha256": digest.hexdigest()})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
