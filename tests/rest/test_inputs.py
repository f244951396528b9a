"""What the OpenAPI document says about single values is what their readers do."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cursor import Cursor, decode_cursor, encode_cursor
from rest.cursor_pattern import cursor_pattern
from rest.inputs import EmailText, Text

TEXTS = ["", " ", "\t\n", "\x1c", "\x85", "\u00a0", "\u3000", "\ufeff", "\u200b", "a", " a ", "a\nb", "a\x00", "\x00"]
EMAILS = ["a@b", " a@b\x1c", "a b@c d", "@b", "a@", "a@b@c", "a", "\u3000@b", "a@\x1f", "\ufeff@b", "a\x00@b"]
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize("text", [*TEXTS, *EMAILS], ids=ascii)
@pytest.mark.parametrize("rule", [Text(20), Text(20, min_chars=1), EmailText()], ids=["text", "needed text", "e-mail"])
def test_schema_allows_what_is_read(rule: Text | EmailText, text: str) -> None:
    try:
        rule.read(text)
        is_read = True
    except ValueError:
        is_read = False

    schema = rule.describe()
    # Two of the dialects of patterns that readers of the document have.
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(text) is is_read
    assert bool(re.search(schema["pattern"], text)) is is_read


@given(micros=st.integers(0, (LAST - FIRST) // MICROSECOND), id=st.uuids())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_pattern_matches_each_cursor_that_is_written(micros: int, id: UUID) -> None:
    assert re.search(cursor_pattern(), encode_cursor(Cursor(FIRST + micros * MICROSECOND, id)))


@pytest.mark.parametrize("year", [2000, 2028, 2096])
def test_pattern_matches_leap_days(year: int) -> None:
    assert re.search(cursor_pattern(), encode_cursor(Cursor(datetime(year, 2, 29, tzinfo=UTC), UUID(int=0))))


@given(text=st.from_regex(cursor_pattern(), fullmatch=True))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_what_the_pattern_matches_is_a_cursor(text: str) -> None:
    assert encode_cursor(decode_cursor(text)) == text
