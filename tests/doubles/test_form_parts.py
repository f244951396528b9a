"""Forms are taken apart as they were put together, and broken ones are refused."""

import httpx
import pytest

from tests.doubles.form_parts import FormPart, NoFormError, read_form
from tests.forms import BOUNDARY, CONTENT_TYPE, encode, field, file


def test_parts_come_as_they_were_sent() -> None:
    request = httpx.Request(
        "POST",
        "http://localhost",
        data={"name[]": ["one", "two"], "note": "a\r\nb"},
        files={"file": ("audio.wav", b"\r\n--\x00\xff\r\n", "audio/wav")},
    )

    parts = read_form(request.headers["Content-Type"], request.read())

    assert parts == [
        FormPart("name[]", None, None, b"one"),
        FormPart("name[]", None, None, b"two"),
        FormPart("note", None, None, b"a\r\nb"),
        FormPart("file", "audio.wav", "audio/wav", b"\r\n--\x00\xff\r\n"),
    ]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, encode([field("a", "1")])),
        ("application/x-www-form-urlencoded", b"a=1"),
        ("multipart/form-data", encode([field("a", "1")])),
        (CONTENT_TYPE, encode([field("a", "1")], end=False)),
        (CONTENT_TYPE, encode([field("a", "1")], boundary="another")),
        (CONTENT_TYPE, b"preamble\r\n" + encode([file(b"1")])),
        (CONTENT_TYPE, f"--{BOUNDARY}\r\nContent-Type: text/plain\r\n\r\n1\r\n--{BOUNDARY}--\r\n".encode()),
        (CONTENT_TYPE, b""),
    ],
    ids=["no type", "another type", "no boundary", "no end", "another boundary", "preamble", "no name", "nothing"],
)
def test_what_is_no_form_is_refused(content_type: str | None, body: bytes) -> None:
    with pytest.raises(NoFormError):
        read_form(content_type, body)
