import pytest

from app.pipeline.alignment import AlignedSegment
from app.pipeline.normalization.utterance import get_lower, read_utterances, sort_utterances
from app.pipeline.transcript import Confidence
from tests.app.pipeline.normalization.said import A, B, said


def test_times_are_rounded_to_hundredths() -> None:
    segment = AlignedSegment(A, 1.125, 2.375, "Well.", Confidence.LOW, 3)

    assert read_utterances([segment]) == [said(A, 113, 238, "Well.", confidence=Confidence.LOW, order=3)]


def test_start_end_speaker_and_order_decide() -> None:
    ordered = [
        said(A, 0, 100, order=5),
        said(A, 0, 200, order=4),
        said(B, 0, 200, order=2),
        said(B, 0, 200, order=3),
        said(A, 100, 100, order=0),
    ]

    assert sort_utterances(ordered[::-1]) == ordered


@pytest.mark.parametrize(
    ("first", "second", "lower"),
    [
        (Confidence.HIGH, Confidence.LOW, Confidence.LOW),
        (Confidence.MEDIUM, Confidence.HIGH, Confidence.MEDIUM),
        (Confidence.LOW, Confidence.LOW, Confidence.LOW),
    ],
)
def test_lower_confidence(first: Confidence, second: Confidence, lower: Confidence) -> None:
    assert get_lower(first, second) is lower
