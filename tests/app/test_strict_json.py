import json

import pytest

from app.strict_json import MAX_VALUES, InvalidJsonError, LargeJsonError, parse_json, write_json


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": [1, 2.5, null, "\xc3\xbc"]}', {"a": [1, 2.5, None, "ü"]}),
        (b"\xef\xbb\xbf[]", []),
        (b" 12345678901234567890123 ", 12345678901234567890123),
        (b"1e999", float("inf")),
        (rb'"\ud800"', "\ud800"),
    ],
)
def test_json_is_read(content: bytes, value: object) -> None:
    assert parse_json(content) == value


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'{"a": 1, "a": 1}',
        b'{"x": {"a": 1, "b": 2, "a": 3}}',
        b'"\xff"',
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b"9" * 5000,
    ],
)
def test_other_bytes_are_refused_without_being_quoted(content: bytes) -> None:
    with pytest.raises(InvalidJsonError) as caught:
        parse_json(content)

    assert len(str(caught.value)) < 40


@pytest.mark.parametrize("value", [{"ü": [None, 1.5, True]}, 2**70, {"text": "\ud800"}])
def test_whatever_was_stored_is_written(value: object) -> None:
    assert json.loads(write_json(value)) == value


def test_json_is_written_without_spaces_in_utf8() -> None:
    assert write_json({"a": ["ü", None]}) == '{"a":["ü",null]}'.encode()


@pytest.mark.parametrize("value", [b"{}", b"1e1", b'{"a":[[]]}'], ids=["objects", "numbers", "nested"])
def test_too_much_is_refused_before_it_is_read(value: bytes) -> None:
    per_value = sum(value.count(sign) for sign in (b",", b"[", b"{")) + 1
    most = MAX_VALUES // per_value

    assert len(parse_json(b"[" + b",".join([value] * most) + b"]")) == most
    with pytest.raises(LargeJsonError):
        parse_json(b"[" + b",".join([value] * (most + 1)) + b"]")


def test_longest_text_may_hold_commas_only() -> None:
    assert parse_json(b'{"notes": "' + b"," * 20_000 + b'"}') == {"notes": "," * 20_000}
