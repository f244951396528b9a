"""Rule 3, transcript.md 5.4."""

import pytest

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, NOTHING, conversation, described

MEERA_AND_RAM = SpeakerContext(user_display_name="Meera", contact_name="Ram")
GREETER_HIGH = ("USER", "Meera Nair", "HIGH", "GREETING_MATCH")
GREETER_MEDIUM = ("USER", "Meera Nair", "MEDIUM", "GREETING_MATCH")


def _second_line(text: str, start: float = 3.1) -> tuple[str, str | None, str, str]:
    call = conversation((1, "So.", 0.0), (2, text, start), (1, "Well.", start + 5))
    return described(resolve_speakers(call, MEERA_AND_TOBIAS), 2)


def _seventh_line(text: str) -> tuple[str, str | None, str, str]:
    lines = [(1 + number % 2, "So.", 3.0 * number) for number in range(6)]
    call = conversation(*lines, (2, text, 48.0))
    return described(resolve_speakers(call, MEERA_AND_TOBIAS), 2)


def test_early_greeting_makes_the_greeter_the_user_and_never_the_greeted() -> None:
    assert _second_line("Hi Tobias, got a second?") == GREETER_HIGH


def test_late_segment_gives_less_confidence() -> None:
    assert _seventh_line("Good afternoon Mr. Tobias") == GREETER_MEDIUM


def test_greeting_after_thirty_seconds_gives_less_confidence() -> None:
    assert _second_line("Hello Tobias", start=33.0) == GREETER_MEDIUM
    assert _second_line("Hello Tobias", start=30.0) == GREETER_HIGH


def test_greeting_the_user_makes_the_contact() -> None:
    assert _second_line("Namaste Meera") == ("CONTACT", "Tobias Lind", "HIGH", "GREETING_MATCH")


@pytest.mark.parametrize(
    "text",
    [
        "Hello, is Tobias there?",
        "Say hi to Tobias",
        "Hello from Tobias",
        "Hi, Tobias's phone?",
        "Hi Tobias calling",
        "Hi to both, Tobias",
    ],
)
def test_name_near_a_greeting_is_not_always_greeted(text: str) -> None:
    assert "GREETING_MATCH" not in _second_line(text)


def test_own_name_after_a_greeting_is_an_introduction() -> None:
    assert _second_line("Hi, I'm Meera") == ("USER", "Meera Nair", "HIGH", "SELF_INTRODUCTION")


def test_part_of_a_word_is_no_name() -> None:
    call = conversation((1, "So it is."), (2, "Hello, program seven is on"))

    assert described(resolve_speakers(call, MEERA_AND_RAM), 2) == NOTHING


@pytest.mark.parametrize("text", ["Hi there Tobias", "Good evening Dr. Tobias", "Hello hello Tobias", "Hey, Mr Tobias"])
def test_one_word_may_stand_between(text: str) -> None:
    assert _second_line(text) == GREETER_HIGH


def test_three_words_after_the_greeting_is_too_far() -> None:
    assert "GREETING_MATCH" not in _second_line("Hello how are Tobias and you")


def test_greeting_both_names_tells_nothing() -> None:
    call = conversation((1, "Hi Tobias. Hi Meera."), (2, "So."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == NOTHING


def test_two_greeters_of_one_name_cancel_each_other() -> None:
    call = conversation((1, "Hi Tobias."), (2, "Hi Tobias."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)


def test_only_the_greeter_of_a_larger_call_is_touched() -> None:
    call = conversation((1, "Hi Tobias", 2.0), (2, "I am on the line."), (3, "And so am I."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == GREETER_HIGH
    assert (described(resolved, 2), described(resolved, 3)) == (NOTHING, NOTHING)
    assert resolved.resolution.warnings == ("multi_party_call_not_auto_resolved",)
    assert resolved.resolution.resolved_speaker_count == 1
    assert resolved.resolution.total_speaker_count == 3


def test_role_that_is_held_is_not_given_again() -> None:
    call = conversation((1, "This is Meera."), (2, "Hi Tobias"))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1)[0] == "USER"
    assert described(resolved, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")


def test_second_contact_of_a_larger_call_does_not_bear_the_name_twice() -> None:
    call = conversation((1, "This is Tobias from Veritas."), (2, "Hi Meera, good day."), (3, "Nothing to say."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1)[:2] == ("CONTACT", "Tobias Lind (Veritas)")
    assert described(resolved, 2) == ("CONTACT", None, "HIGH", "GREETING_MATCH")


@pytest.mark.parametrize(
    "text",
    [
        "Hello, Tobias is not in today.",
        "Hello Tobias said so",
        "And then I said hi Tobias to the wall",
        "Hi Tobias um calling",
    ],
)
def test_greeted_name_of_somebody_else(text: str) -> None:
    assert "GREETING_MATCH" not in _second_line(text)


def test_part_of_a_word_with_hyphens_is_not_greeted() -> None:
    call = conversation((1, "So it is."), (2, "Hi Ram-Prasad, come in"))

    assert described(resolve_speakers(call, MEERA_AND_RAM), 2) == NOTHING


def test_company_answers_with_its_name() -> None:
    call = conversation((1, "Good morning, Veritas Labs, how can I help?"), (2, "My parcel is late."))

    resolved = resolve_speakers(call, SpeakerContext("Meera Nair", "Veritas Labs"))

    assert (described(resolved, 1), described(resolved, 2)) == (NOTHING, NOTHING)
