"""Rule 7, transcript.md 5.8."""

from dataclasses import replace

import pytest

from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, NOTHING, Line, conversation, described

ANSWERED = ("CONTACT", "Tobias Lind", "MEDIUM", "ANSWERING_PATTERN")
CALLED = ("USER", "Meera Nair", "MEDIUM", "BY_ELIMINATION")


@pytest.mark.parametrize(
    ("lines", "answerer"),
    [
        (((1, "Hello?"), (2, "Good day, about the parcel.")), 1),
        (((1, "Haan bolo."), (2, "The order is late.")), 1),
        (((1, "Am I talking to the owner?"), (2, "Yes, speaking.")), 2),
        (((1, "So the invoice is out."), (2, "Yeah.")), None),
        (((1, "Hello?", 25.0), (2, "Good day to you.", 30.0)), None),
        (((1, "Hello, I am calling about my broken heater"), (2, "I see that.")), None),
        (((1, "Yeah?"), (2, "About the order.")), 1),
        (((1, "Uh, who's this please?"), (2, "About the order.")), 1),
        (((1, "Hello hello hello hello hello hello"), (2, "About the order.")), None),
        (((1, "One thing."), (2, "What thing."), (1, "Hello?"), (2, "I hear you.")), None),
        (((1, "Sir?"), (2, "About the order.")), None),
    ],
    ids=["hello", "bolo", "speaking", "weak", "late", "more", "weak-first", "fillers", "long", "not-first", "filler"],
)
def test_who_answers_is_the_contact(lines: tuple[Line, ...], answerer: int | None) -> None:
    resolved = resolve_speakers(conversation(*lines), MEERA_AND_TOBIAS)

    if answerer is None:
        assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)
        assert resolved.resolution.warnings == ("speaker_roles_unresolved",)
    else:
        assert described(resolved, answerer) == ANSWERED
        assert described(resolved, 3 - answerer) == CALLED
        assert resolved.resolution.warnings == ("answering_pattern_used",)


@pytest.mark.parametrize(
    ("direction", "role"), [("OUTGOING", "CONTACT"), ("UNKNOWN", "CONTACT"), ("INCOMING", "UNKNOWN")]
)
def test_pattern_does_not_run_on_incoming_calls(direction: str, role: str) -> None:
    call = conversation((1, "Hello?"), (2, "Good day, about the parcel."))

    resolved = resolve_speakers(call, replace(MEERA_AND_TOBIAS, direction=direction))

    assert described(resolved, 1)[0] == role


def test_who_may_say_the_contacts_own_name_did_not_call_the_contact() -> None:
    call = conversation((1, "Yes, hello?"), (2, "Hi, it's Tobias. I am at the gate."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)
