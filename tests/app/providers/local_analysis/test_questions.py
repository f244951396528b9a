import pytest

from app.providers.local_analysis.questions import find_open_questions


def test_question_that_is_put_off_is_open(read_turns):
    clauses = read_turns(
        ("A", "Does the insurance pay for the second scan?"), ("B", "I don't know, I will ask the company.")
    )

    assert [clause.quote for clause in find_open_questions(clauses)] == ["Does the insurance pay for the second scan?"]


def test_question_at_the_end_is_open(read_turns):
    clauses = read_turns(("A", "Good. When does the office open tomorrow?"))

    assert [clause.quote for clause in find_open_questions(clauses)] == ["When does the office open tomorrow?"]


def test_answered_question_is_not_open(read_turns):
    clauses = read_turns(("A", "When does the office open tomorrow?"), ("B", "At nine in the morning."))

    assert find_open_questions(clauses) == []


@pytest.mark.parametrize(
    "text",
    [
        "Is there anything else?",
        "How can I help you today?",
        "How are you?",
        "Can you tell me the account number?",
        "What?",
    ],
)
def test_formulas_and_requests_are_no_questions(read, text):
    assert find_open_questions(read(text)) == []


def test_question_without_a_question_mark_is_known_by_its_opening(read):
    assert [clause.text for clause in find_open_questions(read("when is the engineer at the house"))] == [
        "when is the engineer at the house"
    ]
