"""Presigned addresses are used byte for byte. Source: providers.md, section 2.2."""

import httpx
import pytest

from app.providers.pyannote.presigned import make_upload

S3 = "https://b.s3.eu.example/team/7d1f.wav?X-Amz-Credential=AK%2F2026&X-Amz-Expires=900&X-Amz-Signature=ab%2fcd"


def target(request: httpx.Request) -> bytes:
    """What goes out behind the method."""
    wanted = request.extensions.get("target", request.url.raw_path)
    assert isinstance(wanted, bytes)
    return wanted


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (S3, S3.removeprefix("https://b.s3.eu.example")),
        ("http://h:9000/a/./b/../c?x=~%c3%A9+%20'&&=", "/a/./b/../c?x=~%c3%A9+%20'&&="),
        ("https://h/a{1}`?q={2}`|\\^[]", "/a{1}`?q={2}`|\\^[]"),
        ('https://h/a?q="<b>"', '/a?q="<b>"'),
        ("https://h/a%zz?%", "/a%zz?%"),
        ("https://h?q=1", "/?q=1"),
        ("https://h", "/"),
        ("https://h/a?q=a@b/c?d#fragment", "/a?q=a@b/c?d"),
    ],
)
def test_address_goes_out_as_it_came(address: str, expected: str) -> None:
    assert target(make_upload(address, b"")).decode() == expected


async def test_upload_has_a_type_and_a_length_and_nothing_else() -> None:
    request = make_upload(S3, b"audio")

    assert request.method == "PUT"
    assert dict(request.headers) == {
        "host": "b.s3.eu.example",
        "content-type": "application/octet-stream",
        "content-length": "5",
    }
    assert await request.aread() == b"audio"


async def test_upload_goes_out_in_pieces_each_time() -> None:
    content = bytes(range(256)) * 1000
    request = make_upload(S3, content)
    assert isinstance(request.stream, httpx.AsyncByteStream)

    first, second = [[piece async for piece in request.stream] for _ in range(2)]

    assert b"".join(first) == b"".join(second) == content
    assert [len(piece) for piece in first] == [65_536, 65_536, 65_536, 59_392]


def test_usual_address_needs_no_extension() -> None:
    assert make_upload(S3, b"").extensions == {}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/put/1",
        "ftp://h/a",
        "https://user:password@h/a",
        "https:///a",
        "https://h:port/a",
        "https://h/a b",
        "https://h/a\nX: y",
        "https://h/ä",
    ],
)
def test_anything_else_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        make_upload(address, b"")
