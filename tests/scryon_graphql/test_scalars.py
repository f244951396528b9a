"""Single values on the wire. Source: rest.md, section 1.1."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.uploads.stored import StoredUpload
from scryon_graphql.ids import parse_id
from scryon_graphql.scalars import SCALARS, format_timestamp, format_timestamps


def parser(python_type: type) -> Callable[[Any], Any]:
    parse = SCALARS[python_type].parse_value
    assert parse is not None
    return parse


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 2, 9, 9, 13, 20, 114_999, tzinfo=UTC), "2026-02-09T09:13:20.114Z"),
        (datetime(2026, 2, 9, 9, 13, 20, 70_000, tzinfo=UTC), "2026-02-09T09:13:20.070Z"),
        (datetime(2026, 2, 9, 9, 13, 20, 999, tzinfo=UTC), "2026-02-09T09:13:20Z"),
        (datetime(2026, 2, 9, 9, 13, 0, tzinfo=UTC), "2026-02-09T09:13:00Z"),
        (datetime(2026, 2, 9, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-02-08T23:30:00Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds_unless_zero(moment: datetime, text: str) -> None:
    assert format_timestamp(moment) == text


@given(st.lists(st.datetimes(timezones=st.just(UTC) | st.timezones())))
@example([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)])
@example([datetime(2026, 2, 9, 9, 13, 20, microsecond, tzinfo=UTC) for microsecond in (0, 1, 999, 1000, 114_000)])
def test_many_times_are_written_like_one(moments: list[datetime]) -> None:
    in_range = [moment for moment in moments if moment.tzinfo is UTC or 1 < moment.year < 9999]

    assert format_timestamps(in_range) == [format_timestamp(moment) for moment in in_range]


def test_time_keeps_its_offset_on_the_way_in() -> None:
    moment = parser(datetime)("2026-02-10T08:51:12+01:00")

    assert (moment, moment.utcoffset()) == (datetime(2026, 2, 10, 7, 51, 12, tzinfo=UTC), timedelta(hours=1))


@pytest.mark.parametrize("value", ["2026-02-10T08:51:12", "2026-02-10", "1969-12-31T23:59:59Z", 7, None])
def test_other_times_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parser(datetime)(value)


def test_date_is_read() -> None:
    assert parser(date)("2026-02-28") == date(2026, 2, 28)


@pytest.mark.parametrize("value", ["2026-02-29", "20260228", "2026-W09-6", "2026-2-028", "28.02.2026", 7])
def test_other_dates_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a calendar date"):
        parser(date)(value)


def test_uuid_is_read_in_either_case() -> None:
    expected = UUID("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3")

    assert parser(UUID)("0B6F7C52-3e1d-4a57-9c0e-6d2a41f0e8b3") == expected
    assert parse_id("0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3") == expected


@pytest.mark.parametrize(
    "value",
    [
        "0b6f7c523e1d4a579c0e6d2a41f0e8b3",
        "{0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3}",
        "urn:uuid:0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        " 0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3",
        "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3\n",
        "0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b",
        "0b6f7c5٢-3e1d-4a57-9c0e-6d2a41f0e8b3",
        "",
        7,
    ],
)
def test_other_uuids_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a UUID"):
        parser(UUID)(value)


@pytest.mark.parametrize("value", ["x.wav", b"RIFF", {"storage_key": "users/x"}])
def test_only_a_stored_upload_is_a_file(value: object) -> None:
    with pytest.raises(ValueError, match="must be a file"):
        parser(StoredUpload)(value)
