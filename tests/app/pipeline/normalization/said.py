"""Utterances for the tests of the normalisation steps."""

from app.pipeline.normalization.utterance import Utterance
from app.pipeline.transcript import Confidence

A, B = "SPEAKER_00", "SPEAKER_01"


def said(
    speaker: str,
    start: int,
    end: int,
    text: str = "so be it",
    *,
    confidence: Confidence = Confidence.HIGH,
    order: int = 0,
) -> Utterance:
    """An utterance; times are hundredths of a second."""
    return Utterance(speaker, start, end, text, confidence, order)
