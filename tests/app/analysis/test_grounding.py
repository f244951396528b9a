"""What was said and what was not, analysis.md 4."""

import pytest

from app.analysis.grounding import collect_evidence
from tests.app.analysis.transcripts import transcript_of


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Write to bob@example.com, please.", "Bob@Example.com"),
        ("It is bob at example dot com.", "bob@example.com"),
        ("B o b dot smith at my dash shop dot co dot uk", "bob.smith@my-shop.co.uk"),
        ("Bob underscore smith at example dot com", "bob_smith@example.com"),
    ],
)
def test_spoken_address_is_found(text: str, address: str) -> None:
    assert collect_evidence(transcript_of("Hello.", text)).has_email(address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Write to bob@example.com.", "rob@example.com"),
        ("Write to jimbob@example.com.", "bob@example.com"),
        ("Write to bob@example.community.", "bob@example.com"),
        ("It is at the office", "at"),
        ("It is at the office", "is@"),
        ("Bob will write", "bob@example.com"),
    ],
)
def test_address_that_was_not_spoken_is_not_found(text: str, address: str) -> None:
    assert not collect_evidence(transcript_of(text)).has_email(address)


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (["Call 030 5550-4471."], "+49 30 55504471"),
        (["It is five five five zero four four seven one"], "5550 4471"),
        (["It is triple five oh double four seven one"], "(555) 0 4471"),
        (["five fifty five", "oh forty four", "seventy one"], "555 04471"),
        (["eight hundred five five five twelve"], "800 555 12"),
    ],
)
def test_spoken_number_is_found(texts: list[str], number: str) -> None:
    assert collect_evidence(transcript_of(*texts)).has_phone_number(number)


@pytest.mark.parametrize("number", ["112", "555047", "5550 4472", "", "call me"])
def test_number_that_was_not_spoken_or_is_too_short_is_not_found(number: str) -> None:
    assert not collect_evidence(transcript_of("Call 112 or 5550 4471.")).has_phone_number(number)
