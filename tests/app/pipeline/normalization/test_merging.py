import pytest

from app.pipeline.normalization.merging import merge_neighbours
from app.pipeline.normalization.utterance import Utterance
from app.pipeline.transcript import Confidence
from tests.app.pipeline.normalization.said import A, B, said


@pytest.mark.parametrize(
    ("second", "merged"),
    [
        (said(A, 300, 400, "Two."), [said(A, 0, 400, "One. Two.")]),
        (said(A, 301, 400, "Two."), [said(A, 0, 100, "One."), said(A, 301, 400, "Two.")]),
        (said(B, 100, 400, "Two."), [said(A, 0, 100, "One."), said(B, 100, 400, "Two.")]),
    ],
    ids=["gap of 2.0 s", "longer gap", "another speaker"],
)
def test_neighbours_of_one_speaker_are_joined(second: Utterance, merged: list[Utterance]) -> None:
    assert merge_neighbours([said(A, 0, 100, "One."), second]) == merged


def test_gap_counts_from_the_last_one_joined() -> None:
    utterances = [said(A, at, at + 100, f"Part {at}.") for at in (0, 250, 500)]

    assert merge_neighbours(utterances) == [said(A, 0, 600, "Part 0. Part 250. Part 500.")]


def test_somebody_in_between_prevents_joining() -> None:
    utterances = [said(A, 0, 100, "One."), said(B, 100, 120, "Yes."), said(A, 120, 200, "Two.")]

    assert merge_neighbours(utterances) == utterances


def test_lower_confidence_counts() -> None:
    utterances = [
        said(A, 0, 100, "One.", confidence=Confidence.MEDIUM),
        said(A, 100, 200, "Two.", confidence=Confidence.LOW, order=1),
        said(A, 200, 300, "Three.", order=2),
    ]

    assert merge_neighbours(utterances) == [said(A, 0, 300, "One. Two. Three.", confidence=Confidence.LOW)]


def test_loop_over_several_utterances_collapses() -> None:
    utterances = [said(A, at * 100, at * 100 + 100, "And then,") for at in range(4)]

    assert merge_neighbours(utterances) == [said(A, 0, 400, "And then,")]
