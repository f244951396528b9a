import pytest

from app.providers.local_analysis.contact_data import find_email, find_phone_number


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("write to bob.smith@example.com today", "bob.smith@example.com"),
        ("it is bob dot smith at example dot com", "bob.smith@example.com"),
        ("it is intake at linden dash clinic dot example", "intake@linden-clinic.example"),
        ("bob underscore smith at mail dot example dot org", "bob_smith@mail.example.org"),
        ("come at ten", None),
        ("meet me at the station", None),
    ],
)
def test_addresses_are_read_as_written_or_spelled(text, email):
    assert find_email(text) == email


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("call five five five one two three four", "5551234"),
        ("call 555 123 4567 please", "5551234567"),
        ("it is double five five oh one two three", "5550123"),
        ("it is one two three four", None),
        ("at five in room six", None),
    ],
)
def test_numbers_are_runs_of_seven_digits_or_more(text, number):
    assert find_phone_number(text.split(" ")) == number
