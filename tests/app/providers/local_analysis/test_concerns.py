import pytest

from app.providers.local_analysis.concerns import Severity, find_concerns


@pytest.mark.parametrize(
    ("text", "heading", "sentence"),
    [
        (
            "We are worried about the delivery date.",
            "Worry about the delivery date",
            "There is a worry about the delivery date.",
        ),
        (
            "we are worried about the delivery date the last order was like that",
            "Worry about the delivery date",
            "There is a worry about the delivery date.",
        ),
        ("The last order was late.", "The last order was late", "The last order was late."),
        ("Nobody has called me back", "Nobody has called back", "Nobody has called back."),
        ("I have a problem with my invoice", "Problem with the invoice", "There is a problem with the invoice."),
    ],
)
def test_worries_and_troubles_are_concerns(read, text, heading, sentence):
    assert [(found.text, found.sentence) for found in find_concerns(read(text))] == [(heading, sentence)]


@pytest.mark.parametrize(
    "text",
    ["it was late", "I am not worried about the price", "is the order late?", "no problem with that", "if it is down"],
)
def test_nothing_named_is_no_concern(read, text):
    assert find_concerns(read(text)) == ()


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("The order was late. I am really angry about this.", Severity.HIGH),
        ("The order was late.", Severity.MEDIUM),
        ("The order was late a little.", Severity.LOW),
    ],
)
def test_severity_follows_the_words_nearby(read, text, severity):
    assert [found.severity for found in find_concerns(read(text))] == [severity]
