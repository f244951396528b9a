"""The targets of speaker naming hold in every run of the tests."""

from collections import Counter

from bench.naming import MAX_UNFOUNDED, MIN_PRECISION, MIN_RECALL, Score, measure
from bench.scripted_calls import iter_calls, read_templates


def test_speakers_of_scripted_calls_are_named_as_well_as_promised() -> None:
    measured = measure()

    total = sum((row.score for row in measured), Score())
    assert total.calls >= 2000
    assert total.precision >= MIN_PRECISION
    assert total.recall >= MIN_RECALL
    assert total.unfounded <= MAX_UNFOUNDED


def test_scripts_say_why_and_play_both_parties() -> None:
    templates = read_templates()

    assert max(Counter(template["id"] for template in templates).values()) == 1
    assert all(template["why"].endswith(".") for template in templates)
    assert {call.template for call in iter_calls()} == {template["id"] for template in templates}


def test_a_wrong_name_counts_against_precision_and_a_missing_one_against_recall() -> None:
    score = Score(calls=1, given=4, true=3, unfounded=1, evident=2, found=1)

    assert (score.precision, score.recall, score.is_met) == (0.75, 0.5, False)
