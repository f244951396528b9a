import pytest

from app.pipeline.speaker_ids import canonicalize_speaker_ids, canonicalize_turns
from app.pipeline.speech import Turn


@pytest.mark.parametrize(
    ("label", "canonical"),
    [
        ("SPEAKER_00", "SPEAKER_00"),
        (" speaker_1 ", "SPEAKER_01"),
        ("SPEAKER7", "SPEAKER_07"),
        ("3", "SPEAKER_03"),
        ("SPEAKER_123", "SPEAKER_123"),
        ("UNKNOWN", "UNKNOWN"),
        ("Alice", "SPEAKER_00"),
    ],
)
def test_label_becomes_canonical(label: str, canonical: str) -> None:
    assert canonicalize_speaker_ids([label]) == {label: canonical}


def test_other_labels_are_numbered_by_first_appearance() -> None:
    ids = canonicalize_speaker_ids(["B", "A", "b ", "B"])

    assert ids == {"B": "SPEAKER_00", "A": "SPEAKER_01", "b ": "SPEAKER_00"}


def test_other_labels_take_no_number_that_is_in_use() -> None:
    ids = canonicalize_speaker_ids(["host", "SPEAKER_00", "guest", "2"])

    assert ids == {"host": "SPEAKER_01", "SPEAKER_00": "SPEAKER_00", "guest": "SPEAKER_03", "2": "SPEAKER_02"}


def test_turns_are_sorted_swapped_and_renamed() -> None:
    turns = [Turn(5, 4, "b"), Turn(0, 2, "a"), Turn(-1, 1, "c")]

    assert canonicalize_turns(turns) == (Turn(0, 2, "SPEAKER_00"), Turn(4, 5, "SPEAKER_01"))
