import pytest

from app.providers.local_analysis.decisions import find_decisions
from app.providers.local_analysis.sentences import cite, read_clauses
from app.providers.local_analysis.tasks import find_tasks


@pytest.fixture
def decide(make_transcript, recorded_at):
    def run(*turns):
        transcript = make_transcript(turns)
        clauses = read_clauses(transcript)
        return find_decisions(clauses, find_tasks(transcript, clauses, recorded_at))

    return run


def test_explicit_agreement_is_a_decision(decide):
    [decision] = decide(("A", "So we agreed on the new price."))

    assert decision.text == "Agreed: The new price."


def test_accepted_plan_is_a_decision_that_cites_both(decide):
    [decision] = decide(("A", "An engineer will visit your house on Thursday."), ("B", "Fine. Thank you."))

    assert decision.text == "An engineer will visit the house on Thursday."
    assert cite(decision.clauses) == ("seg_0001", "seg_0002")


def test_accepted_proposal_is_a_decision(decide):
    [decision] = decide(("A", "Let's meet on Monday at 3 pm."), ("B", "Sounds good."))

    assert decision.text == "Meet on Monday at 3 pm."


@pytest.mark.parametrize(
    "turns",
    [
        [("A", "An engineer will visit your house on Thursday."), ("B", "But I work.")],
        [("A", "Can you send the invoice?"), ("B", "Sure.")],
        [("A", "We agreed.")],
        [("A", "Let's meet on Monday.")],
    ],
)
def test_what_nobody_accepts_and_requests_are_no_decisions(decide, turns):
    assert decide(*turns) == ()
