import pytest

from app.providers.local_analysis.sections import format_timestamp

COLOURS = ("red", "blue", "green", "grey", "white")
TALK = "The garden is behind the house. The house has been sold. I think so. The garden wall is made of stone. "


@pytest.mark.parametrize(
    ("seconds", "timestamp"),
    [(0.0, "00:00"), (59.99, "00:59"), (61.0, "01:01"), (3599.9, "59:59"), (3600.0, "01:00:00"), (7384.5, "02:03:04")],
)
def test_timestamp_has_hours_from_one_hour_on(seconds, timestamp):
    assert format_timestamp(seconds) == timestamp


def test_short_call_is_told_by_kind_in_the_order_of_the_call(analyze, dialogues):
    document = analyze(dialogues["pricing"])

    assert [bullet["header"] for bullet in document["executiveSummaryBullets"]] == [
        "Reason for the call",
        "Promises",
        "Requests",
        "Concerns",
    ]
    assert [bullet["startTimestamp"] for bullet in document["executiveSummaryBullets"]] == [
        "00:03",
        "00:10",
        "00:15",
        "00:28",
    ]
    assert document["executiveSummaryBullets"][1]["paragraphs"] == [
        "Send the revised price by Friday. Send a calendar invite today. "
        "Call the warehouse and give an answer tomorrow."
    ]
    assert document["sections"] == []
    assert document["keyDiscussionPoints"] == []


def test_long_call_is_told_by_stretches_with_its_concerns_apart(analyze):
    turns = [("A", TALK * 14), ("B", "The last order was late. " + TALK * 7 + "I will send the invoice by Friday.")]

    document = analyze(turns)

    bullets = document["executiveSummaryBullets"]
    assert bullets[0] == {
        "header": "House",
        "startTimestamp": "00:00",
        "paragraphs": ["Subjects: house, garden wall, stone."],
    }
    assert bullets[-1]["paragraphs"][-1] == "Send the invoice by Friday."
    assert "order was late" not in str(bullets)
    assert document["sections"] == [
        {
            "id": "sec_001",
            "title": "Concerns",
            "type": "concern",
            "summary": "1 named, 0 of them grave.",
            "items": [
                {
                    "text": "The last order was late",
                    "importance": "medium",
                    "speaker": None,
                    "sourceSegmentIds": ["seg_0002"],
                }
            ],
        }
    ]


def test_discussion_points_of_a_long_call_are_whole_statements(analyze):
    statements = [f"The garden with a {colour} wall is behind the house." for colour in COLOURS]
    turns = [("A", " ".join(statements)), ("B", "so it was and I said so. " * 80)]

    points = analyze(turns)["keyDiscussionPoints"]

    assert [point["text"] for point in points] == statements
    assert {(point["phase"], point["topic"], point["speakerId"]) for point in points} == {("opening", "House", None)}


def test_words_of_an_offline_recogniser_make_no_discussion_points(analyze, local_pipeline):
    statements = [f"The garden with a {colour} wall is behind the house." for colour in COLOURS]
    turns = [("A", " ".join(statements)), ("B", "so it was and I said so. " * 80)]

    assert analyze(turns, pipeline=local_pipeline)["keyDiscussionPoints"] == []
