import pytest

from app.providers.local_analysis.topics import find_reports, find_topic


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("I am calling about the price of the new contract.", "the price of the new contract"),
        ("hi i'm calling about the price of the new contract", "the price of the new contract"),
        ("I just wanted to talk to you about your invoice that you lost", "the invoice"),
        ("The reason for my call is the broken window", "the broken window"),
        ("I have a question about the delivery", "the delivery"),
    ],
)
def test_reason_for_the_call_is_its_topic(read, text, thing):
    topic = find_topic(read(text))

    assert topic is not None
    assert topic.thing == thing


@pytest.mark.parametrize("text", ["I am calling about it", "how about that", "nice to meet you"])
def test_call_without_a_named_reason_has_no_topic(read, text):
    assert find_topic(read(text)) is None


def test_plainest_wording_wins_over_the_first(read):
    topic = find_topic(read("May I ask about the weather? I am calling about the invoice."))

    assert topic is not None
    assert topic.thing == "the invoice"


def test_states_of_named_things_are_reports(read):
    reports = find_reports(read("Your car is ready. It is ready. Is the car ready? My order has arrived."))

    assert [report.sentence for report in reports] == ["The car is ready.", "The order has arrived."]
