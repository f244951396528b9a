from datetime import date

import pytest

from app.pipeline.transcript import Speaker
from app.providers.local_analysis.action_items import title_task
from app.providers.local_analysis.sentences import read_clauses
from app.providers.local_analysis.tasks import Priority, find_priority, find_tasks


@pytest.fixture
def tasks_of(make_transcript, recorded_at):
    def run(*turns, **fields):
        transcript = make_transcript(turns, **fields)
        return find_tasks(transcript, read_clauses(transcript), recorded_at)

    return run


def test_promise_belongs_to_who_makes_it_and_request_to_the_other(tasks_of):
    promise, request = tasks_of(("A", "I will send the invoice."), ("A", "Please sign the form."), ("B", "Okay."))

    assert (promise.owner.label, promise.partner.label) == ("Speaker 1", "Speaker 2")
    assert (request.owner.label, request.partner.label) == ("Speaker 2", "Speaker 1")


def test_request_of_a_voicemail_has_no_owner(tasks_of):
    [request] = tasks_of(("A", "Please sign the form."))

    assert request.owner is None


def test_request_in_a_call_of_three_has_no_owner(tasks_of):
    [request] = tasks_of(("A", "Please sign the form."), ("B", "Okay."), ("C", "Fine."))

    assert request.owner is None


def test_voice_that_nobody_could_tell_owns_nothing(tasks_of):
    speakers = {"A": Speaker(1, "UNKNOWN"), "B": Speaker(2, "SPEAKER_00")}

    [promise] = tasks_of(("A", "I will send the invoice."), ("B", "Good."), speakers=speakers)

    assert promise.owner is None


def test_request_and_the_promise_that_answers_it_are_one_task(tasks_of):
    [task] = tasks_of(
        ("A", "Can you send me the invoice?"),
        ("B", "Sure. I will send you the new invoice tomorrow."),
    )

    assert title_task(task) == "Send the new invoice"
    assert task.owner.label == "Speaker 2"
    assert task.when.day == date(2026, 2, 10)
    assert task.segment_ids == ("seg_0001", "seg_0002")


def test_refund_that_is_wanted_and_asked_for_is_one_task(tasks_of):
    [task] = tasks_of(
        ("A", "I want a refund for the days that I could not use the service."),
        ("B", "I will ask my manager for a refund of thirty dollars."),
    )

    assert title_task(task) == "Ask the manager for a refund of thirty dollars"


def test_promise_by_it_takes_the_title_of_the_request(tasks_of):
    [task] = tasks_of(("A", "Could you mail us the images before Wednesday?"), ("B", "Sure, I'll send them tonight."))

    assert title_task(task) == "Mail the images"
    assert task.owner.label == "Speaker 2"
    assert task.when.day == date(2026, 2, 9)


def test_promise_by_it_without_anything_before_is_no_task(tasks_of):
    assert tasks_of(("A", "I will send it tomorrow."), ("B", "Good.")) == ()


def test_same_promise_said_twice_is_one_task(tasks_of):
    [task] = tasks_of(
        ("A", "I will send the price."), ("B", "Great."), ("A", "So I will send the revised price by Friday.")
    )

    assert title_task(task) == "Send the revised price"
    assert task.when.day == date(2026, 2, 13)


def test_different_things_for_the_same_person_stay_apart(tasks_of):
    tasks = tasks_of(
        ("A", "Can you schedule a meeting with my manager?"), ("B", "I will ask my manager for a discount.")
    )

    assert [title_task(task) for task in tasks] == [
        "Schedule a meeting with the manager",
        "Ask the manager for a discount",
    ]


@pytest.mark.parametrize(
    "answer", ["Unfortunately that is not possible.", "No, I can't do that.", "I'm afraid we can't."]
)
def test_refused_request_is_no_task(tasks_of, answer):
    assert tasks_of(("A", "Could you transfer the money today?"), ("B", answer)) == ()


def test_apology_is_no_refusal(tasks_of):
    assert len(tasks_of(("A", "Could you send the invoice?"), ("B", "I am sorry about that, of course."))) == 1


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("send it as soon as possible", Priority.HIGH),
        ("it is urgent", Priority.HIGH),
        ("it is not urgent", Priority.LOW),
        ("call me if you can", Priority.LOW),
        ("maybe send it", Priority.LOW),
        ("send it", Priority.MEDIUM),
        ("the insurgents", Priority.MEDIUM),
    ],
)
def test_priority_is_read_from_words(text, priority):
    assert find_priority(text) is priority


def test_urgency_in_the_next_sentence_counts(tasks_of):
    [task] = tasks_of(("A", "Please open a ticket. It is urgent."), ("B", "Okay."))

    assert task.priority is Priority.HIGH
