import pytest

from app.providers.local_analysis.amounts import find_amounts


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("a refund of thirty dollars", [(30, "dollars", "refund")]),
        ("the scan costs about 140 euros", [(140, "EUR", "costs")]),
        ("the budget is $25,000.50", [(25000.5, "dollars", "budget")]),
        ("a discount of fifteen percent and a fee of 3%", [(15, "%", "discount"), (3, "%", "fee")]),
        ("we lost two hundred and fifty euros", [(250, "EUR", "lost")]),
        ("I lost two days", [(2, "days", "lost")]),
    ],
)
def test_numbers_with_a_unit_are_amounts(read, text, amounts):
    found = find_amounts(read(text))

    assert [(entry["value"], entry["unit"], entry["context"]) for entry in found] == amounts


@pytest.mark.parametrize(
    "text",
    [
        "it is one two three four",
        "the account is 12345678",
        "between nine and twelve",
        "in two weeks",
        "within 3 days",
        "do you have two minutes",
        "it takes two to three days",
        "come at ten",
    ],
)
def test_digits_times_and_ranges_are_no_amounts(read, text):
    assert find_amounts(read(text)) == []


def test_repeated_amount_stands_once_with_all_its_places(read_turns):
    clauses = read_turns(("A", "It costs thirty dollars."), ("B", "A fee of 30 dollars?"))

    assert find_amounts(clauses) == [
        {"value": 30, "unit": "dollars", "context": "costs", "sourceSegmentIds": ["seg_0001", "seg_0002"]}
    ]
