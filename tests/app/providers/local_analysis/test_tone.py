import pytest

from app.pipeline.transcript import Confidence, Segment
from app.providers.local_analysis.tone import (
    Formality,
    Pace,
    Tone,
    find_descriptors,
    find_formality,
    find_pace,
    find_tone,
)

FILL = "the house on the hill has a garden and the garden has a tree and the tree has a bird and a nest "


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("I am really angry about this. " + FILL, Tone.TENSE),
        ("It is urgent. Do it as soon as possible. " + FILL, Tone.URGENT),
        ("Good morning sir. Could you kindly send the invoice please. " + FILL, Tone.PROFESSIONAL),
        ("hey guys that is awesome. cool. i love it. great. i am so happy. " + FILL, Tone.FRIENDLY),
        ("yeah guys hey dude. " + FILL, Tone.CASUAL),
        (FILL, Tone.INFORMATIONAL),
        ("hello there", None),
    ],
)
def test_tone_follows_the_strongest_evidence(read, text, tone):
    assert find_tone(read(text)) is tone


@pytest.mark.parametrize(
    ("text", "formality"),
    [
        ("Good morning sir. Could you kindly send the invoice please. " + FILL, Formality.FORMAL),
        ("yeah guys no worries dude. " + FILL, Formality.INFORMAL),
        (FILL, Formality.SEMI_FORMAL),
        ("sir", None),
    ],
)
def test_formality_weighs_formal_against_informal_words(read, text, formality):
    assert find_formality(read(text)) is formality


@pytest.mark.parametrize(
    ("words", "seconds", "pace"),
    [
        (54, 30.0, Pace.SLOW),
        (55, 30.0, Pace.NORMAL),
        (92, 30.0, Pace.NORMAL),
        (93, 30.0, Pace.FAST),
        (93, 9.9, None),
        (19, 30.0, None),
    ],
)
def test_pace_is_words_per_minute_of_speech(words, seconds, pace):
    segment = Segment("seg_0001", "spk_1", 5.0, 5.0 + seconds, " ".join(["word"] * words), Confidence.HIGH)

    assert find_pace([segment]) is pace


def test_descriptors_come_from_words(read):
    clauses = read("Please send it, thank you. It is urgent. I am sorry. I am worried. I am angry.")

    assert find_descriptors(clauses) == ["polite", "urgent", "apologetic", "worried"]
