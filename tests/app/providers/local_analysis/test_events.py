from datetime import date

import pytest

from app.providers.local_analysis.events import find_events


@pytest.mark.parametrize(
    ("text", "day", "event"),
    [
        ("I have an appointment on Thursday at two", date(2026, 2, 12), "Appointment on Thursday at two"),
        ("your cleaning on Friday, March 6th at 9 am", date(2026, 3, 6), "Cleaning on Friday March 6th at 9 am"),
        ("the launch is on March 3rd", date(2026, 3, 3), "Launch"),
    ],
)
def test_event_with_its_day_is_found(read, recorded_at, text, day, event):
    assert [(found.day, found.text) for found in find_events(read(text), recorded_at)] == [(day, event)]


@pytest.mark.parametrize(
    "text", ["the meeting was on Monday", "no meeting is planned", "the meeting is next week", "I work on Friday"]
)
def test_past_undated_and_nameless_events_are_left_out(read, recorded_at, text):
    assert find_events(read(text), recorded_at) == ()
