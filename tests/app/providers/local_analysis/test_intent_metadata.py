import pytest

from app.providers.local_analysis.intent_metadata import describe_intent
from app.providers.local_analysis.intents import find_intent
from app.providers.local_analysis.titles import make_title


@pytest.fixture
def describe(find, recorded_at):
    def run(text, partner_name=None):
        statement = find(text)[0]
        moment = statement.when.moment(recorded_at) if statement.when else None
        return describe_intent(
            statement,
            find_intent(statement),
            title=make_title(statement),
            nearby=text.casefold(),
            partner_name=partner_name,
            when=moment.isoformat() if moment else None,
        )

    return run


def test_meeting_has_a_time_only_when_day_and_hour_are_known(describe):
    known = describe("Can you schedule a meeting with my manager next Tuesday at ten in the morning?")
    open_hour = describe("Can you schedule a meeting with my manager next Tuesday at ten?")

    assert known == {"title": "Meeting with the manager", "proposedAt": "2026-02-17T10:00:00+05:30"}
    assert open_hour == {"title": "Meeting with the manager"}


def test_meeting_has_provider_duration_place_and_attendee_only_as_said(describe):
    assert describe("Please set up a thirty minute zoom call with Anna") == {
        "title": "Thirty minute zoom call with Anna",
        "attendees": [{"name": "Anna"}],
        "providerHint": "zoom",
        "durationMinutes": 30,
    }
    assert describe("Please arrange a meeting for an hour in the main office") == {
        "title": "Meeting for an hour in the main office",
        "durationMinutes": 60,
        "location": "main office",
    }


def test_sales_teams_are_no_meeting_provider(describe):
    assert "providerHint" not in describe("Please schedule a meeting with the sales teams")


@pytest.mark.parametrize(
    ("text", "partner", "metadata"),
    [
        ("I will send you the revised price", None, {"subject": "Revised price"}),
        ("I will send you the revised price", "Robert", {"toName": "Robert", "subject": "Revised price"}),
        ("I'll send you an email", "Robert", {"toName": "Robert"}),
        ("I'll email the landlord tomorrow", "Robert", {"toName": "Landlord"}),
        ("Please send the form to bob at example dot com", None, {"toEmail": "bob@example.com", "subject": "Form"}),
    ],
)
def test_email_has_address_name_and_subject_only_as_said(describe, text, partner, metadata):
    assert describe(text, partner) == metadata


@pytest.mark.parametrize(
    ("text", "partner", "metadata"),
    [
        ("I will call the warehouse and give you an answer tomorrow", "Robert", {"contactName": "Warehouse"}),
        ("I'll call you tomorrow", "Robert", {"contactName": "Robert"}),
        ("I'll call you tomorrow", None, {}),
        ("Please call me back on five five five one two three four", None, {"phoneNumber": "5551234"}),
        ("Please call me back. My number is 555-123-4567", None, {"phoneNumber": "5551234567"}),
        ("Please call me back. My account number is 555-123-4567", None, {}),
    ],
)
def test_call_has_name_and_number_only_as_said(describe, text, partner, metadata):
    assert describe(text, partner) == metadata


def test_message_reminder_and_task_say_what_they_are(describe):
    assert describe("I'll send you a confirmation by sms") == {"channel": "sms"}
    assert describe("Remember to bring the key at five in the afternoon tomorrow") == {
        "title": "Bring the key at five in the afternoon tomorrow",
        "remindAt": "2026-02-10T17:00:00+05:30",
    }
    assert describe("I will put a note on the order") == {"title": "Put a note on the order"}
