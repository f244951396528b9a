"""Suggestions for the call, analysis.md 11."""

from typing import Any

import pytest

from app.analysis.call_fields import CallFields, call_fields


def test_fields_are_trimmed_and_tags_unique() -> None:
    document = {
        "suggestedTitle": " Moving the appointment ",
        "oneLineSummary": "It\x00 moves.",
        "tags": [" Appointment", "x-ray", "APPOINTMENT", "", 5, None, "Ärzte"],
    }

    assert call_fields(document) == CallFields("Moving the appointment", "It moves.", ("appointment", "x-ray", "ärzte"))


@pytest.mark.parametrize(
    "document", [{}, {"suggestedTitle": 5, "oneLineSummary": " ", "tags": "a, b"}, {"tags": {"a": 1}}]
)
def test_what_cannot_be_read_is_not_there(document: dict[str, Any]) -> None:
    assert call_fields(document) == CallFields(None, None, ())


def test_fields_hold_no_more_than_a_user_may_write() -> None:
    fields = call_fields({"suggestedTitle": "t" * 400, "oneLineSummary": "s" * 3000})

    assert (fields.title, fields.short_summary) == ("t" * 300, "s" * 2000)
