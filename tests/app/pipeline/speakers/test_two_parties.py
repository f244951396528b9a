"""Rules 5 and 6, transcript.md 5.6 and 5.7."""

from dataclasses import replace

import pytest

from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, NOTHING, conversation, described

ANSWERED_THEN_GREETED = conversation((1, "Ready."), (2, "So it is."), (2, "Good morning Tobias.", 40.0))


def test_the_other_of_two_speakers_has_the_opposite_role() -> None:
    resolved = resolve_speakers(conversation((1, "This is Meera."), (2, "I see.")), MEERA_AND_TOBIAS)

    assert described(resolved, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")


def test_profile_name_of_the_user_wins_over_the_name_that_was_told() -> None:
    resolved = resolve_speakers(conversation((1, "This is Tobias."), (2, "This is Robert.")), MEERA_AND_TOBIAS)

    assert described(resolved, 2) == ("USER", "Meera Nair", "MEDIUM", "BY_ELIMINATION")


def test_name_that_was_told_survives_elimination() -> None:
    context = replace(MEERA_AND_TOBIAS, user_display_name=None)

    resolved = resolve_speakers(conversation((1, "This is Tobias."), (2, "This is Robert.")), context)

    assert described(resolved, 2) == ("USER", "Robert", "MEDIUM", "SELF_INTRODUCTION")


@pytest.mark.parametrize(
    ("direction", "confidence", "is_used"),
    [("OUTGOING", "HIGH", True), ("INCOMING", "MEDIUM", False), ("UNKNOWN", "MEDIUM", False)],
)
def test_direction_only_promotes(direction: str, confidence: str, is_used: bool) -> None:
    resolved = resolve_speakers(ANSWERED_THEN_GREETED, replace(MEERA_AND_TOBIAS, direction=direction))

    assert described(resolved, 1) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")
    assert described(resolved, 2) == ("USER", "Meera Nair", confidence, "GREETING_MATCH")
    assert resolved.resolution.used_direction is is_used


def test_direction_gives_no_role() -> None:
    call = conversation((1, "Ready when you are."), (2, "So am I then."))

    resolved = resolve_speakers(call, replace(MEERA_AND_TOBIAS, direction="INCOMING"))

    assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)
    assert resolved.resolution.used_direction is False


def test_stray_noises_do_not_make_a_call_of_three() -> None:
    lines = [(1, "This is Meera."), *((1 + number % 2, "We talk about many things here.") for number in range(20))]

    resolved = resolve_speakers(conversation(*lines, (3, "Uh.")), MEERA_AND_TOBIAS)

    assert resolved.resolution.total_speaker_count == 2
    assert described(resolved, 2)[0] == "CONTACT"
    assert described(resolved, 3) == NOTHING
    assert resolved.resolution.warnings == ()
