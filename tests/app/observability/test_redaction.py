import pytest

from app.observability.redaction import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call +4917012345671 back", "call +49 17***71 back"),
        ("call +49 170 1234571.", "call +49 17***71."),
        ("(030) 5550-4471", "03***71"),
        ("number=030/55504471", "number=03***71"),
        ("+1 (212) 555-0100", "+12 12***00"),
        ("write to meera.nair+x@linden-clinic.example!", "write to m***@***!"),
        ("a@b, c@d.example", "a***@***, c***@***"),
    ],
)
def test_numbers_and_addresses_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "12345678-1234-4123-8123-123456789012",
        "at 2026-02-10T08:51:12.123456Z and on 2026-02-10",
        "127.0.0.1:54321",
        "users/0b6f7c52-3e1d-4a57-9c0e-6d2a41f0e8b3/temp",
        "took 12345 ms",
        "segments 1, 2, 3",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert mask(text) == text
