"""Cursors of newest-first lists. Source: rest.md, sections 1.8 and 1.10 (E22)."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app.cursor import Cursor, cut_page, decode_cursor, encode_cursor
from app.errors import ValidationFailedError

ID = UUID("79d86306-8a6f-43db-8ec7-0d8a133f3380")
EXAMPLE = (
    "eyJjcmVhdGVkQXQiOiIyMDI2LTAyLTA2VDE2OjQwOjAzLjAwMDAwMFoiLCJpZCI6Ijc5ZDg2MzA2LThhNmYtNDNkYi04ZWM3LTBkOGExMzNmMzM4"
    "MCJ9"
)
CREATED = datetime(2026, 2, 6, 16, 40, 3, tzinfo=UTC)


def encode(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_cursor_is_the_one_of_the_contract() -> None:
    assert encode_cursor(Cursor(CREATED, ID)) == EXAMPLE
    assert decode_cursor(EXAMPLE) == Cursor(CREATED, ID)


def test_cursor_keeps_microseconds_and_is_written_in_utc() -> None:
    moment = datetime(2026, 2, 6, 17, 40, 3, 7, tzinfo=timezone(timedelta(hours=1)))

    assert decode_cursor(encode_cursor(Cursor(moment, ID))) == Cursor(CREATED.replace(microsecond=7), ID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "é",
        "\ud800",
        EXAMPLE + "=",
        EXAMPLE + "==",
        EXAMPLE + " ",
        EXAMPLE[:-1],
        EXAMPLE + "A",
        "x" * 1025,
        encode("[]"),
        encode("null"),
        encode('"text"'),
        encode("{}"),
        encode(f'{{"createdAt":"2026-02-06T16:40:03.000000Z","id":"{ID}","more":1}}'),
        encode(f'{{"id":"{ID}","createdAt":"2026-02-06T16:40:03.000000Z"}}'),
        encode(f'{{"createdAt": "2026-02-06T16:40:03.000000Z","id":"{ID}"}}'),
        encode(f'{{"createdAt":"2026-02-06T16:40:03Z","id":"{ID}"}}'),
        encode(f'{{"createdAt":"2026-02-06T16:40:03.000Z","id":"{ID}"}}'),
        encode(f'{{"createdAt":"2026-02-30T16:40:03.000000Z","id":"{ID}"}}'),
        encode(f'{{"createdAt":1770396003,"id":"{ID}"}}'),
        encode('{"createdAt":"2026-02-06T16:40:03.000000Z","id":"7"}'),
        encode('{"createdAt":"2026-02-06T16:40:03.000000Z","id":7}'),
        encode(f'{{"createdAt":"2026-02-06T16:40:03.000000Z","id":"{str(ID).upper()}"}}'),
        encode('{"createdAt":"2026-02-06T16:40:03.000000Z"}'),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        decode_cursor(text)

    assert [problem["field"] for problem in refused.value.details["fields"]] == ["cursor"]


def test_page_is_cut_where_there_is_more() -> None:
    rows = [Cursor(CREATED, UUID(int=number)) for number in range(3)]

    page = cut_page(rows, 2, lambda row: row)

    assert (page.items, page.next_cursor) == (rows[:2], encode_cursor(rows[1]))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_last_page_has_no_cursor(count: int) -> None:
    rows = [Cursor(CREATED, UUID(int=number)) for number in range(count)]

    page = cut_page(rows, 2, lambda row: row)

    assert (page.items, page.next_cursor) == (rows, None)
