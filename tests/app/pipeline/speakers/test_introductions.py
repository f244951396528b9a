"""Rule 2, transcript.md 5.3."""

import pytest

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import (
    MEERA_ALONE,
    MEERA_AND_TOBIAS,
    NOTHING,
    conversation,
    described,
)

NO_CONTEXT = SpeakerContext()


def _introduced(text: str, context: SpeakerContext, start: float = 0.0) -> tuple[str, str | None, str, str]:
    """What the first of two speakers is after saying this; the other says nothing of interest."""
    call = conversation((1, text, start), (2, "I see.", start + 5), (2, "Well then.", start + 9))
    return described(resolve_speakers(call, context), 1)


@pytest.mark.parametrize(
    ("context", "text", "expected"),
    [
        (MEERA_ALONE, "My name is Meera.", ("USER", "Meera Nair", "HIGH", "SELF_INTRODUCTION")),
        (MEERA_AND_TOBIAS, "Yes, Tobias speaking.", ("CONTACT", "Tobias Lind", "HIGH", "SELF_INTRODUCTION")),
        (
            MEERA_ALONE,
            "Good morning, this is Nadia from Veritas Labs.",
            ("CONTACT", "Nadia (Veritas Labs)", "MEDIUM", "SELF_INTRODUCTION"),
        ),
        (NO_CONTEXT, "You're speaking with Nadia.", ("UNKNOWN", "Nadia", "MEDIUM", "SELF_INTRODUCTION")),
        (MEERA_ALONE, "This is great.", NOTHING),
        (MEERA_ALONE, "This is Monday's order.", NOTHING),
        (MEERA_ALONE, "This is Nadia?", NOTHING),
        (
            MEERA_AND_TOBIAS,
            "this is meera from the clinic, may I ask something?",
            ("USER", "Meera Nair", "HIGH", "SELF_INTRODUCTION"),
        ),
        (MEERA_ALONE, "Is this Nadia?", NOTHING),
        (
            MEERA_AND_TOBIAS,
            "Hi, this is Tobias calling for Meera.",
            ("CONTACT", "Tobias Lind", "HIGH", "SELF_INTRODUCTION"),
        ),
    ],
)
def test_examples_of_the_specification(
    context: SpeakerContext, text: str, expected: tuple[str, str | None, str, str]
) -> None:
    assert _introduced(text, context) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Hello, this is Tobias.",
        "My name is Tobias Lind.",
        "My name's Tobias.",
        "The name is Tobias.",
        "Tobias here.",
        "Good morning Tobias this side.",
        "You are talking to Tobias.",
        "You're speaking with Tobias.",
        "I am Tobias.",
        "Oh hi, I'm Tobias, by the way.",
        "Mera naam Tobias hai.",
        "Main tobias bol raha hoon.",
        "This is Mr. Tobias Lind.",
        "This is Tobias Lind from Veritas?",
    ],
)
def test_every_frame_gives_a_known_name(text: str) -> None:
    role, name, confidence, _ = _introduced(text, MEERA_AND_TOBIAS, start=600.0)

    assert (role, (name or "").removesuffix(" (Veritas)"), confidence) == ("CONTACT", "Tobias Lind", "HIGH")


@pytest.mark.parametrize(
    "text",
    [
        "I think this is Tobias.",
        "Tell me whether that this is Tobias.",
        "When you are talking to Tobias, be kind.",
        "This is Tobias's phone.",
        "This is Tobias?",
        "Tobias speaking?",
        "This is, Tobias, what I meant.",
        "And Tobias here said no.",
        "I'm Tobias' brother.",
        "Tobias, here is the file.",
    ],
)
def test_known_name_that_is_not_the_speakers_own(text: str) -> None:
    result = _introduced(text, SpeakerContext(contact_name="Tobias Lind"))

    assert "SELF_INTRODUCTION" not in result


def test_greeting_before_a_sentence_about_something_is_no_introduction() -> None:
    assert _introduced("Hi Tobias here is the file.", MEERA_AND_TOBIAS)[0] == "USER"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, this is Alice from the sales team.", "Alice"),
        ("my name is Susan. My internet is down.", "Susan"),
        ("Nadia speaking, how can I help?", "Nadia"),
        ("Nadia here from Veritas.", "Nadia (Veritas)"),
        ("Hello, Nadia Petrova here.", "Nadia Petrova"),
        ("I'm Nadia from the Veritas Labs.", "Nadia (Veritas Labs)"),
        ("This is Nadia calling from Veritas about Monday.", "Nadia (Veritas)"),
        ("This is Dr. Okafor.", "Dr. Okafor"),
        ("This is Anne-Marie de Vries.", "Anne-Marie"),
        ("This is Robert I am calling about the price.", "Robert"),
        ("This is Robert Monday is fine.", "Robert"),
        ("This is Ana Maria Lopez Garcia.", "Ana Maria Lopez"),
        ("This is Will.", "Will"),
    ],
)
def test_unknown_name_is_kept_as_spoken(text: str, name: str) -> None:
    assert _introduced(text, NO_CONTEXT) == ("UNKNOWN", name, "MEDIUM", "SELF_INTRODUCTION")


@pytest.mark.parametrize(
    "text",
    [
        "This Is The Office.",
        "This Is Amazing News.",
        "THIS IS ALICE",
        "this is alice",
        "This is the list.",
        "This is Sir.",
        "This is I.",
        "This is August.",
        "This is American.",
        "Generally speaking, we are late.",
        "Strictly speaking yes.",
        "Same here.",
        "Wait here.",
        "People here think so.",
        "Nothing here works.",
        "Working here, I know.",
        "I'm Nadia.",
        "I am Worried.",
        "I'm Fine from Monday on.",
        "I am calling from Berlin.",
        "You are speaking to Customer Support.",
        "This is Nadia’s phone.",
        "This is",
        "My name is",
        "Is it true that this is?",
        "Just call me Nadia.",
    ],
)
def test_words_that_are_no_name_stay_none(text: str) -> None:
    assert _introduced(text, NO_CONTEXT) == NOTHING


def test_unknown_name_counts_in_the_first_two_minutes() -> None:
    assert _introduced("This is Nadia.", NO_CONTEXT, start=120.0)[1] == "Nadia"
    assert _introduced("This is Nadia.", NO_CONTEXT, start=120.01) == NOTHING


def test_organisation_is_added_to_the_contact_but_not_to_the_user() -> None:
    assert _introduced("This is Tobias from Veritas.", MEERA_AND_TOBIAS)[1] == "Tobias Lind (Veritas)"
    assert _introduced("This is Meera from Veritas.", MEERA_AND_TOBIAS)[1] == "Meera Nair"


def test_known_person_is_no_organisation() -> None:
    assert _introduced("This is Nadia with Tobias.", MEERA_AND_TOBIAS)[1] == "Nadia"


@pytest.mark.parametrize(
    ("text", "role", "name"),
    [
        ("This is Tobias Lind.", "CONTACT", "Tobias Lind"),
        ("This is Tobias Berg.", "CONTACT", "Tobias Berg"),
        ("This is Meera Lind.", "UNKNOWN", "Meera Lind"),
    ],
)
def test_last_names_have_to_agree(text: str, role: str, name: str) -> None:
    assert _introduced(text, MEERA_ALONE)[:2] == (role, name)


def test_strangers_on_both_sides_stay_without_role() -> None:
    call = conversation((1, "This is Nadia."), (2, "This is Robert."))

    resolved = resolve_speakers(call, MEERA_ALONE)

    assert described(resolved, 1) == ("UNKNOWN", "Nadia", "MEDIUM", "SELF_INTRODUCTION")
    assert described(resolved, 2) == ("UNKNOWN", "Robert", "MEDIUM", "SELF_INTRODUCTION")
    assert resolved.resolution.warnings == ("speaker_roles_unresolved",)


def test_stranger_is_not_the_contact_of_a_call_with_three() -> None:
    call = conversation((1, "This is Nadia."), (2, "I do not know."), (3, "Nor do I know."))

    resolved = resolve_speakers(call, MEERA_ALONE)

    assert described(resolved, 1) == ("UNKNOWN", "Nadia", "MEDIUM", "SELF_INTRODUCTION")


def test_greeting_decides_before_the_name_of_a_stranger() -> None:
    call = conversation((1, "Hi Tobias, this is Nadia."), (2, "Oh."))

    resolved = resolve_speakers(call, SpeakerContext(contact_name="Tobias Lind"))

    assert described(resolved, 1) == ("USER", "Nadia", "HIGH", "SELF_INTRODUCTION")
    assert described(resolved, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")


def test_profile_name_wins_over_the_name_that_the_user_told() -> None:
    call = conversation((1, "Hi Tobias, this is Nadia."), (2, "Oh."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == ("USER", "Meera Nair", "HIGH", "GREETING_MATCH")


def test_known_name_goes_before_an_earlier_unknown_one() -> None:
    call = conversation((1, "This is Nadia."), (2, "What?"), (1, "Well, this is Tobias."))

    resolved = resolve_speakers(call, SpeakerContext(contact_name="Tobias Lind"))

    assert described(resolved, 1) == ("CONTACT", "Tobias Lind", "HIGH", "SELF_INTRODUCTION")


def test_name_that_two_claim_is_nobodys() -> None:
    call = conversation((1, "This is Tobias."), (2, "No, this is Tobias."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == NOTHING
    assert described(resolved, 2) == NOTHING
    assert resolved.resolution.used_contact_name is False


def test_words_of_nobody_in_particular_name_nobody() -> None:
    call = conversation((1, "Well."), (2, "This is Tobias."), unattributed=2)

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 2) == NOTHING
    assert resolved.resolution.total_speaker_count == 1


@pytest.mark.parametrize(
    "text",
    [
        "The man said this is Robert from the bank.",
        "And then he said to me my name is Robert.",
        "This is Robert speaking about his boss.",
        "This is Robert, he is new here.",
        "You are talking to Robert tomorrow.",
        "Rain here, and a lot of wind.",
        "I think this this is Robert.",
    ],
)
def test_name_of_somebody_else_in_a_frame(text: str) -> None:
    assert _introduced(text, NO_CONTEXT) == NOTHING


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I said my name is Robert.", "Robert"),
        ("This is um Robert.", "Robert"),
        ("This is is Robert.", "Robert"),
        ("This is Robert Robert from sales.", "Robert"),
        ("This is Robert from Veritas Is it a bad time", "Robert (Veritas)"),
    ],
)
def test_stutters_and_repetitions_are_passed_over(text: str, name: str) -> None:
    assert _introduced(text, NO_CONTEXT)[1] == name


def test_name_of_a_thing_that_was_asked_for_is_no_introduction() -> None:
    call = conversation((1, "What is the name of the hotel?"), (2, "The name is Astoria."))

    assert described(resolve_speakers(call, NO_CONTEXT), 2) == NOTHING


def test_beginning_of_a_known_name_is_that_name() -> None:
    context = SpeakerContext(contact_name="Anne-Marie Dubois")

    assert _introduced("This is Anne-Marie.", context)[:2] == ("CONTACT", "Anne-Marie Dubois")


def test_part_of_a_word_with_hyphens_is_no_known_name() -> None:
    assert _introduced("This is Ann-Marie.", SpeakerContext(contact_name="Ann"))[:2] == ("UNKNOWN", "Ann-Marie")


def test_company_of_the_phone_book_is_an_organisation() -> None:
    context = SpeakerContext("Meera Nair", "City Garage")

    assert _introduced("This is Robert from City Garage.", context)[:2] == ("CONTACT", "Robert (City Garage)")
