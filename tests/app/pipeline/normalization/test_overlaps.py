import pytest

from app.pipeline.normalization.overlaps import resolve_overlaps
from app.pipeline.normalization.utterance import Utterance
from tests.app.pipeline.normalization.said import A, B, said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([said(A, 0, 130), said(B, 100, 300)], [said(A, 0, 100), said(B, 100, 300)]),
        ([said(A, 0, 131), said(B, 100, 300)], [said(A, 0, 131), said(B, 100, 300)]),
        ([said(A, 96, 120), said(B, 100, 300)], [said(A, 96, 120), said(B, 120, 300)]),
        ([said(A, 95, 120), said(B, 100, 300)], [said(A, 95, 100), said(B, 100, 300)]),
        ([said(A, 98, 120), said(B, 100, 110)], [said(A, 98, 120), said(B, 120, 120)]),
        ([said(A, 0, 500), said(B, 100, 120)], [said(A, 0, 500), said(B, 100, 120)]),
        ([said(A, 0, 100), said(B, 100, 300)], [said(A, 0, 100), said(B, 100, 300)]),
    ],
    ids=[
        "tiny: the earlier one ends sooner",
        "larger: cross-talk",
        "less than 0.05 s would be left: the later one starts later",
        "0.05 s is enough",
        "the later one's end moves, too",
        "a short word in a long turn is cross-talk",
        "touching",
    ],
)
def test_neighbours_that_overlap(before: list[Utterance], after: list[Utterance]) -> None:
    assert resolve_overlaps(before) == after


def test_one_speaker_never_overlaps_himself() -> None:
    before = [said(A, 0, 500), said(A, 100, 700), said(A, 200, 300)]

    assert resolve_overlaps(before) == [said(A, 0, 500), said(A, 500, 700), said(A, 700, 700)]


def test_one_speaker_never_overlaps_himself_across_another() -> None:
    before = [said(A, 0, 500), said(B, 100, 200), said(A, 150, 600)]

    assert resolve_overlaps(before) == [said(A, 0, 500), said(B, 100, 200), said(A, 500, 600)]


def test_result_is_sorted_again() -> None:
    before = [said(A, 0, 500), said(A, 100, 200, "first"), said(B, 300, 400)]

    assert resolve_overlaps(before) == [said(A, 0, 500), said(B, 300, 400), said(A, 500, 500, "first")]
