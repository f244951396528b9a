from datetime import date, datetime, time, timedelta, timezone

import pytest

from app.providers.local_analysis.due_dates import find_when


@pytest.mark.parametrize(
    ("text", "phrase", "day", "clock"),
    [
        ("send the price by friday", "by friday", date(2026, 2, 13), None),
        ("next tuesday at ten in the morning", "next tuesday at ten in the morning", date(2026, 2, 17), time(10)),
        ("come before six this evening", "before six this evening", date(2026, 2, 9), time(18)),
        ("half past four pm on friday", "half past four pm on friday", date(2026, 2, 13), time(16, 30)),
        ("tomorrow morning at nine", "tomorrow morning at nine", date(2026, 2, 10), time(9)),
        ("tonight at eight", "tonight at eight", date(2026, 2, 9), time(20)),
        ("march 5th at 16:30", "march 5th at 16:30", date(2026, 3, 5), time(16, 30)),
        ("at noon tomorrow", "at noon tomorrow", date(2026, 2, 10), time(12)),
        ("friday at 3 pm", "friday at 3 pm", date(2026, 2, 13), time(15)),
        ("at quarter to six pm", "at quarter to six pm", None, time(17, 45)),
        ("at 12 in the morning", "at 12 in the morning", None, time(0)),
        ("on friday march 6th at 9 am", "on friday march 6th at 9 am", date(2026, 3, 6), time(9)),
    ],
)  # fmt: skip
def test_day_and_hour_are_found_together(recorded_at, text, phrase, day, clock):
    when = find_when(text, recorded_at)

    assert when is not None
    assert (when.text, when.day, when.clock) == (phrase, day, clock)


@pytest.mark.parametrize(
    ("text", "has_clock"),
    [
        ("tomorrow at ten", True),
        ("on thursday between nine and twelve", True),
        ("tomorrow by 5", True),
        ("tomorrow", False),
        ("at 29 in the morning", True),
    ],
)
def test_hour_that_could_be_two_is_no_time(recorded_at, text, has_clock):
    when = find_when(text, recorded_at)

    assert when is not None
    assert when.clock is None
    assert when.has_clock is has_clock


def test_misheard_hour_is_part_of_the_phrase_but_not_told(recorded_at):
    when = find_when("next tuesday at him in the morning", recorded_at)

    assert when is not None
    assert when.text == "next tuesday at him in the morning"
    assert when.told == "next tuesday"
    assert when.moment(recorded_at) is None


def test_deadline_comes_before_other_days(recorded_at):
    when = find_when("call about the visit on thursday by wednesday", recorded_at)

    assert when is not None
    assert when.day == date(2026, 2, 11)


@pytest.mark.parametrize("text", ["send the price", "in the morning", "reduce by five dollars", "about two hours", ""])
def test_text_without_time_has_none(recorded_at, text):
    assert find_when(text, recorded_at) is None


def test_moment_carries_the_offset_of_the_recording(recorded_at):
    when = find_when("tomorrow at ten in the morning", recorded_at)

    assert when is not None
    moment = when.moment(recorded_at)
    assert moment is not None
    assert moment.isoformat() == "2026-02-10T10:00:00+05:30"


def test_days_count_in_the_offset_of_the_recording():
    late_in_new_york = datetime(2026, 2, 9, 23, 30, tzinfo=timezone(timedelta(hours=-5)))

    when = find_when("tomorrow", late_in_new_york)

    assert when is not None
    assert when.day == date(2026, 2, 10)
