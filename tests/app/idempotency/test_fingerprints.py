"""What makes two requests the same. Source: rest.md, sections 1.7 (ID4) and 1.10 (E11)."""

from typing import Any
from uuid import UUID

import pytest

from app.errors import ValidationFailedError
from app.idempotency.fingerprints import fingerprint, form_value
from app.uploads.stored import StoredUpload


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 3}, {"a": 3.0}),
        ([1e400], [float("inf")]),
    ],
)
def test_same_value_is_the_same_request(one: Any, other: Any) -> None:
    assert fingerprint([], one) == fingerprint([], other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": "1"}, {"a": 1}),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        (None, {}),
    ],
)
def test_other_value_is_another_request(one: Any, other: Any) -> None:
    assert fingerprint([], one) != fingerprint([], other)


def test_order_of_query_parameters_does_not_count() -> None:
    assert fingerprint([("a", "1"), ("b", "2")], None) == fingerprint([("b", "2"), ("a", "1")], None)
    assert fingerprint([("a", "1")], None) != fingerprint([("a", "2")], None)


def test_order_of_parts_does_not_count() -> None:
    parts = [("file", "x.wav", "aa"), ("title", None, "bb")]

    assert fingerprint([], form_value(parts)) == fingerprint([], form_value(reversed(parts)))


@pytest.mark.parametrize("other", [("file", "y.wav", "aa"), ("file", None, "aa"), ("file", "x.wav", "cc")])
def test_name_and_content_of_parts_count(other: tuple[str, str | None, str]) -> None:
    assert fingerprint([], form_value([("file", "x.wav", "aa")])) != fingerprint([], form_value([other]))


def test_recording_is_its_hash() -> None:
    def upload(number: int, sha256: str) -> StoredUpload:
        return StoredUpload(UUID(int=number), f"key-{number}", "audio/wav", 1, None, sha256)

    assert fingerprint([], {"file": upload(1, "aa")}) == fingerprint([], {"file": upload(2, "aa")})
    assert fingerprint([], {"file": upload(1, "aa")}) != fingerprint([], {"file": upload(1, "bb")})


def test_value_that_is_nested_too_deeply_is_refused() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValidationFailedError):
        fingerprint([], value)
