"""What comes before a body has an end. Source: rest.md, section 1.10 (E26)."""

import asyncio

from app.bounded_http import MAX_HEAD_BYTES
from app.resources import Resources
from tests.rest.serving import Server


async def send(server: Server, head: bytes) -> bytes:
    """What the server answers to the beginning of a request, before it hangs up."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def test_endless_header_is_refused(server: Server, resources: Resources) -> None:
    answer = await send(server, b"GET /api/calls HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * MAX_HEAD_BYTES)

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_endless_address_is_refused(server: Server, resources: Resources) -> None:
    answer = await send(server, b"GET /api/calls?" + b"x" * MAX_HEAD_BYTES)

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_long_body_is_no_head(server: Server, resources: Resources) -> None:
    body = b'{"query": "{ me { externalUserId } }"' + b" " * (MAX_HEAD_BYTES // 3) + b"}"
    head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"

    answer = await send(server, 4 * (head.encode() + b"\r\n" + body) + b"GET / HTTP/1.0\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200 OK") == 4
