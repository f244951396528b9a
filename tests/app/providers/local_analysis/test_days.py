from datetime import date

import pytest

from app.providers.local_analysis.days import iter_days, resolve_weekday

MONDAY = date(2026, 2, 9)
FRIDAY = date(2026, 2, 13)
SUNDAY = date(2026, 2, 15)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", date(2026, 2, 9)),
        ("tonight", date(2026, 2, 9)),
        ("this afternoon", date(2026, 2, 9)),
        ("by the end of the day", date(2026, 2, 9)),
        ("tomorrow morning", date(2026, 2, 10)),
        ("the day after tomorrow", date(2026, 2, 11)),
        ("by friday", date(2026, 2, 13)),
        ("on monday", date(2026, 2, 16)),
        ("this thursday", date(2026, 2, 12)),
        ("next tuesday", date(2026, 2, 17)),
        ("wednesday next week", date(2026, 2, 18)),
        ("in two weeks", date(2026, 2, 23)),
        ("within 3 days", date(2026, 2, 12)),
        ("march 5th", date(2026, 3, 5)),
        ("the fifth of march", date(2026, 3, 5)),
        ("on the twenty first of may", date(2026, 5, 21)),
        ("february 9", date(2026, 2, 9)),
        ("february 8", date(2027, 2, 8)),
        ("12 march 2027", date(2027, 3, 12)),
        ("by the 15th", date(2026, 2, 15)),
        ("2026-04-01", date(2026, 4, 1)),
        ("by the end of the month", date(2026, 2, 28)),
    ],
)
def test_days_are_resolved_from_a_monday(text, day):
    assert [phrase.day for phrase in iter_days(text, MONDAY)] == [day]


@pytest.mark.parametrize("text", ["next week", "by the end of the week", "february 30", "in foo days"])
def test_phrase_that_settles_no_day_has_none(text):
    assert [phrase.day for phrase in iter_days(text, MONDAY)] == [None]


@pytest.mark.parametrize(
    "text",
    [
        "since monday",
        "every friday",
        "last tuesday",
        "two days ago",
        "in a day or two",
        "in a few days",
        "the 99th of march",
        "one second",
    ],
)
def test_past_repeating_and_vague_phrases_are_no_days(text):
    assert list(iter_days(text, MONDAY)) == []


@pytest.mark.parametrize(
    ("today", "weekday", "is_next_week", "day"),
    [
        (MONDAY, "friday", False, date(2026, 2, 13)),
        (FRIDAY, "friday", False, date(2026, 2, 20)),
        (SUNDAY, "tuesday", False, date(2026, 2, 17)),
        (MONDAY, "tuesday", True, date(2026, 2, 17)),
        (FRIDAY, "tuesday", True, date(2026, 2, 17)),
        (SUNDAY, "tuesday", True, date(2026, 2, 17)),
        (MONDAY, "monday", True, date(2026, 2, 16)),
    ],
)
def test_weekday_is_after_today_and_next_means_the_following_week(today, weekday, is_next_week, day):
    assert resolve_weekday(weekday, today, is_next_week=is_next_week) == day


def test_end_of_december_is_in_the_same_year():
    assert [phrase.day for phrase in iter_days("end of the month", date(2026, 12, 31))] == [date(2026, 12, 31)]
