import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from app.uploads.multipart import PARSED_BYTES, BrokenMultipartError, FormReader, PartHead, find_boundary

BODY = (
    b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nThursday\r\n'
    b'--b\r\nContent-Type: audio/wav\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    b"RIFF\r\n--bx\r\n--WAVE\r\n--b--\r\nepilogue"
)


async def _stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read_all(chunks: Iterable[bytes]) -> list[tuple[str, str | None, bytes]]:
    reader = FormReader(_stream(chunks), b"b")
    parts = []
    while (part := await reader.next_part()) is not None:
        parts.append((part.name, part.file_name, b"".join([chunk async for chunk in reader.chunks()])))
    return parts


async def _read_head(disposition: str) -> PartHead:
    body = f"--b\r\nContent-Disposition: {disposition}\r\n\r\n\r\n--b--\r\n".encode()
    part = await FormReader(_stream([body]), b"b").next_part()
    assert part is not None
    return part


@pytest.mark.parametrize("size", range(1, len(BODY) + 1, 3))
async def test_parts_are_the_same_however_the_body_is_cut(size: int) -> None:
    chunks = [BODY[start : start + size] for start in range(0, len(BODY), size)]

    parts = await _read_all(chunks)

    assert parts == [("title", None, b"Thursday"), ("file", "a.wav", b"RIFF\r\n--bx\r\n--WAVE")]


@pytest.mark.parametrize("size", range(PARSED_BYTES - len(BODY), PARSED_BYTES, 7))
async def test_parts_are_the_same_however_a_large_chunk_is_parsed(size: int) -> None:
    first = b'--b\r\nContent-Disposition: form-data; name="first"\r\n\r\n' + b"x" * size + b"\r\n"

    [large, *others] = await _read_all([first + BODY])

    assert large == ("first", None, b"x" * size)
    assert others == [("title", None, b"Thursday"), ("file", "a.wav", b"RIFF\r\n--bx\r\n--WAVE")]


async def test_only_a_piece_of_a_chunk_is_parsed_at_a_time() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    reader = FormReader(_stream([part * 5000]), b"b")

    await reader.next_part()

    assert len(reader._events) < 3 * PARSED_BYTES // len(part)


async def test_content_comes_in_the_chunks_that_it_was_sent_in() -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
    reader = FormReader(_stream([head, b"x" * 100_000, b"y" * 200_000 + b"\r\n" + BODY]), b"b")

    await reader.next_part()

    assert [len(chunk) async for chunk in reader.chunks()] == [100_000, 200_000]


async def test_only_a_piece_of_what_follows_content_is_parsed_at_a_time() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    reader = FormReader(_stream([part[:-2], b"x" * 100_000 + b"\r\n" + part * 5000]), b"b")

    await reader.next_part()
    await reader.next_part()

    assert len(reader._events) < 3 * PARSED_BYTES // len(part)


async def test_others_have_turns_while_blanks_after_a_boundary_are_parsed() -> None:
    blanks = b" " * 20 * PARSED_BYTES
    reader = FormReader(_stream([BODY[: BODY.index(b"\r\n--b\r\nContent-Type")] + b"\r\n--b", blanks]), b"b")
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    with pytest.raises(BrokenMultipartError):
        _ = [part async for part in _heads(reader)]
    other.cancel()

    assert turns >= 20


async def test_unread_parts_are_skipped() -> None:
    reader = FormReader(_stream([BODY]), b"b")

    names = [part.name async for part in _heads(reader)]

    assert names == ["title", "file"]


async def _heads(reader: FormReader) -> AsyncIterator[PartHead]:
    while (part := await reader.next_part()) is not None:
        yield part


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        BODY[:-20],
        BODY[:60],
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: attachment; name="x"\r\n\r\nx\r\n--b--\r\n',
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nBad Header: 1\r\n\r\nx\r\n--b--\r\n",
        b'--b\nContent-Disposition: form-data; name="x"\n\nx\n--b--\n',
    ],
    ids=["empty", "prose", "cut in a part", "cut in a header", "no name", "attachment", "no disposition", "bad", "LF"],
)
async def test_broken_bodies_are_recognised(body: bytes) -> None:
    with pytest.raises(BrokenMultipartError):
        await _read_all([body])


async def test_what_came_before_the_mistake_is_read() -> None:
    reader = FormReader(_stream([BODY[: BODY.index(b"--b\r\nContent-Type")] + b"--b\r\n:"]), b"b")

    part = await reader.next_part()
    content = b"".join([chunk async for chunk in reader.chunks()])

    assert (part, content) == (PartHead("title", None), b"Thursday")
    with pytest.raises(BrokenMultipartError):
        await reader.next_part()


@pytest.mark.parametrize(
    ("parameters", "file_name"),
    [
        ("", None),
        ('; filename=""', None),
        ('; filename="../a.mp3"', "../a.mp3"),
        ("; filename=plain.mp3", "plain.mp3"),
        ('; filename="höher 🎧.mp3"', "höher 🎧.mp3"),
        (r'; filename="say \"hi\".mp3"', 'say "hi".mp3'),
        ('; filename="a;b.mp3"', "a;b.mp3"),
        ("; filename*=UTF-8''h%C3%B6her%20%F0%9F%8E%A7.mp3", "höher 🎧.mp3"),
        ("; filename=\"fallback.mp3\"; filename*=utf-8'en'%C3%A9.mp3", "é.mp3"),
        ("; filename*=iso-8859-1''%E9.mp3", "é.mp3"),
        (f'; filename="{"🎧" * 1000}.mp3"', "🎧" * 1000 + ".mp3"),
    ],
)
async def test_file_names(parameters: str, file_name: str | None) -> None:
    assert await _read_head(f'form-data; name="file"{parameters}') == PartHead("file", file_name)


async def test_bytes_that_are_no_text_do_not_break_a_file_name() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xff.mp3"\r\n\r\n\r\n--b--\r\n'

    part = await FormReader(_stream([body]), b"b").next_part()

    assert part == PartHead("file", "\ufffd.mp3")


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("application/json", None),
        ("application/x-www-form-urlencoded", None),
        ("multipart/mixed; boundary=abc", None),
        (None, None),
    ],
)
def test_boundaries(content_type: str | None, boundary: bytes | None) -> None:
    assert find_boundary(content_type) == boundary


def test_multipart_without_boundary_is_broken() -> None:
    with pytest.raises(BrokenMultipartError):
        find_boundary("multipart/form-data")


def test_boundary_that_is_too_long_is_broken() -> None:
    with pytest.raises(BrokenMultipartError):
        FormReader(_stream([]), b"x" * 300)
