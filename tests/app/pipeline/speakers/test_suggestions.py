"""Rule 10, transcript.md 5.11: what is made of a model's suggestions, and the final invariants after it."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.speakers.suggestions import apply_suggestions, is_naming_wanted
from app.pipeline.transcript import Confidence, LabelSource, SpeakerRole, Transcript
from app.providers.protocols import NameSuggestion
from tests.app.pipeline.speakers.conversations import (
    MEERA_ALONE,
    MEERA_AND_TOBIAS,
    NOTHING,
    Line,
    conversation,
    described,
)
from tests.app.pipeline.speakers.test_invariants import calls, contexts

NOBODY = SpeakerContext()
ANNEKE = ("UNKNOWN", "Anneke", "MEDIUM", "LLM_INFERENCE")
FIRST = "We talk about the parcel."


def suggest(
    number: int, name: str, quote: str, *, role: str | None = "UNKNOWN", confidence: str = "HIGH"
) -> NameSuggestion:
    return NameSuggestion(f"spk_{number}", name, role, confidence, "seg_0002", quote)


def named(*lines: Line, context: SpeakerContext = NOBODY) -> Transcript:
    """A call as the rules leave it."""
    return resolve_speakers(conversation(*lines), context)


@pytest.mark.parametrize(
    ("said", "name", "quote", "expected"),
    [
        ("Oh, and I'm Anneke, by the way.", "Anneke", "I'm Anneke by the way", ANNEKE),
        ("Thanks, Anneke.", "Anneke", "Thanks, Anneke", NOTHING),
        ("My boss Anneke said so.", "Anneke", "My boss Anneke said so", NOTHING),
        ("So it is.", "Speaker 2", "So it is", NOTHING),
    ],
)
def test_worked_examples(said: str, name: str, quote: str, expected: tuple[str, str | None, str, str]) -> None:
    call = named((1, FIRST), (2, said))

    assert described(apply_suggestions(call, [suggest(2, name, quote)], NOBODY), 2) == expected


def test_words_of_somebody_else_prove_nothing() -> None:
    call = named((1, "Oh, and I'm Anneke."), (2, FIRST))

    assert apply_suggestions(call, [suggest(2, "Anneke", "I'm Anneke")], NOBODY) is call


@pytest.mark.parametrize(
    "said",
    [
        "well i am anneke you know",
        "I’m Anneke.",
        "And it's Anneke.",
        "It is Anneke.",
        "So it is actually Anneke.",
        "I'm, um, Anneke.",
        "I'm just uh Anneke.",
        "Well, the name is Anneke.",
        "Name's Anneke.",
        "Yes, my first name is Anneke.",
        "Yes hello Anneke here.",
        "Good morning Anneke speaking.",
        "Thank you for calling, Anneke speaking.",
        "Oh, Anneke calling about the parcel.",
        "Anneke this side.",
        "Hi, Anneke on the line.",
        "It's Dr. Anneke.",
        "It's Anneke from Berg's office.",
        "it's anneke let's start",
    ],
)
def test_who_means_herself_is_named(said: str) -> None:
    call = conversation((1, FIRST), (2, said))

    assert described(apply_suggestions(call, [suggest(2, "Anneke", said)], NOBODY), 2) == ANNEKE


@pytest.mark.parametrize(
    "said",
    [
        "This is Anneke's phone.",
        "This is Anneke?",
        "Is this Anneke speaking?",
        "It is, Anneke.",
        "It is, actually, Anneke.",
        "I know who it is. Anneke told me.",
        "I think it's Anneke.",
        "Her name is Anneke.",
        "My sister's name is Anneke.",
        "My sister name is Anneke.",
        "It's Anneke Berg's phone.",
        "so it's anneke berg’s phone",
        "I heard Anneke speaking.",
        "Thanks, Anneke, here you are.",
        "Hi Anneke here is the file.",
        "It was Anneke. Here we go.",
        "I'm not Anneke.",
        "I am glad, Anneke.",
    ],
)
def test_who_means_somebody_else_is_not_named(said: str) -> None:
    call = conversation((1, FIRST), (2, said))

    assert apply_suggestions(call, [suggest(2, "Anneke", said)], NOBODY) is call


@pytest.mark.parametrize(
    "quote", ["Anneke", "Anneke by the way", "I'm Annika", "am Anneke", "I'm by the way Anneke", "", "I'm the Anneke"]
)
def test_quote_has_to_be_said_and_to_hold_the_self_reference(quote: str) -> None:
    call = conversation((1, FIRST), (2, "I'm Anneke by the way."))

    assert apply_suggestions(call, [suggest(2, "Anneke", quote)], NOBODY) is call


def test_quote_may_go_over_several_segments_but_the_self_reference_may_not() -> None:
    call = conversation(
        (1, FIRST), (2, "It is settled."), (1, "Good."), (2, "I'm Anneke."), (2, "Now it's"), (2, "Eva.")
    )

    of_two = apply_suggestions(call, [suggest(2, "Anneke", "is settled. I'm Anneke")], NOBODY)
    over_two = apply_suggestions(call, [suggest(2, "Eva", "Now it's Eva")], NOBODY)

    assert described(of_two, 2) == ANNEKE
    assert over_two is call


@pytest.mark.parametrize("confidence", ["LOW", "", "certain"])
def test_unsure_suggestion_is_dropped(confidence: str) -> None:
    call = conversation((1, FIRST), (2, "I'm Anneke."))

    assert apply_suggestions(call, [suggest(2, "Anneke", "I'm Anneke", confidence=confidence)], NOBODY) is call


@pytest.mark.parametrize(
    "name",
    ["", " ", "...", "Caller", "the caller", "Unknown Caller", "Host", "Customer representative", "you", "Speaker",
     "Speaker two", "Agent 7", "sorry", "Dr.", "Anneke " + "van " * 15],
)  # fmt: skip
def test_what_is_no_name_is_dropped(name: str) -> None:
    call = conversation((1, FIRST), (2, f"I'm {name}."))

    assert apply_suggestions(call, [suggest(2, name, f"I'm {name}")], NOBODY) is call


@pytest.mark.parametrize(
    ("said", "name", "displayed"),
    [
        ("It's anneke van dijk.", "Anneke van Dijk", "Anneke van Dijk"),
        ("It's Anneke van Dijk.", "ANNEKE  VAN DIJK", "Anneke van Dijk"),
        ("It's Dr.  Berg.", "dr berg", "Dr. Berg"),
        ("It's anneke.", "Anneke\u202e!", "anneke"),
        ("It's May.", "May", "May"),
        ("It's मीरा.", "मीरा", "मीरा"),
    ],
)
def test_name_is_displayed_as_it_was_said(said: str, name: str, displayed: str) -> None:
    call = conversation((1, FIRST), (2, said))

    assert apply_suggestions(call, [suggest(2, name, said)], NOBODY).speakers[1].display_name == displayed


@pytest.mark.parametrize("number", [3, 4])
def test_only_real_speakers_are_named(number: int) -> None:
    call = conversation((1, FIRST), (2, FIRST), (3, "I'm Anneke."), unattributed=3)

    assert apply_suggestions(call, [suggest(number, "Anneke", "I'm Anneke")], NOBODY) is call


def test_what_is_sure_is_never_touched() -> None:
    call = named((1, "Hi Tobias."), (2, "So it's Anneke."), context=SpeakerContext(contact_name="Tobias Lind"))
    asked = conversation((1, "Hi Tobias, it's Anneke."), (2, FIRST))
    greeter = resolve_speakers(asked, SpeakerContext(contact_name="Tobias Lind"))

    assert described(greeter, 1) == ("USER", None, "HIGH", "GREETING_MATCH")
    assert apply_suggestions(greeter, [suggest(1, "Anneke", "it's Anneke")], NOBODY) is greeter
    assert described(call, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")
    assert apply_suggestions(call, [suggest(2, "Anneke", "it's Anneke")], NOBODY) is call


def test_name_for_several_speakers_is_nobodys() -> None:
    call = conversation((1, "It's Anneke."), (2, "It's Anneke."), (3, "I am Sandra then."))
    twins = [suggest(1, "Anneke", "It's Anneke"), suggest(2, "anneke", "nothing of the sort")]

    resolved = apply_suggestions(call, [*twins, suggest(3, "Sandra", "I am Sandra")], NOBODY)

    assert [speaker.display_name for speaker in resolved.speakers] == [None, None, "Sandra"]


@pytest.mark.parametrize(
    ("user", "contact", "said", "role"),
    [
        ("Anneke Berg", "Anneke Lind", "Anneke", "UNKNOWN"),
        ("Anneke Berg", "Anneke Lind", "Anneke Lind", "CONTACT"),
        ("Anneke Berg", "Anneke Berg", "Anneke Berg", "UNKNOWN"),
        ("Anneke", "Anneke Lind", "Anneke", "UNKNOWN"),
        ("Anneke Berg", None, "Anneke Lind", "CONTACT"),
    ],
)
def test_who_may_be_the_user_by_name_is_not_the_contact_for_a_model(
    user: str, contact: str | None, said: str, role: str
) -> None:
    context = SpeakerContext(user_display_name=user, contact_name=contact)
    call = conversation((1, FIRST), (2, f"Oh, it's {said}."))

    resolved = apply_suggestions(call, [suggest(2, said, f"it's {said}", role="CONTACT")], context)

    assert described(resolved, 2) == (role, said, "MEDIUM", "LLM_INFERENCE")


def test_contact_without_a_name_gets_one_in_place_of_the_end_of_the_number() -> None:
    context = replace(MEERA_ALONE, phone_number="+49 30 5550-4471")
    call = named((1, "This is Meera."), (2, "And it's Anneke."), context=context)

    resolved = apply_suggestions(call, [suggest(2, "Anneke", "it's Anneke", role="USER")], context)

    assert described(call, 2) == ("CONTACT", "Contact ending 4471", "MEDIUM", "PHONE_FALLBACK")
    assert described(resolved, 2) == ("CONTACT", "Anneke", "MEDIUM", "LLM_INFERENCE")
    assert resolved.resolution == call.resolution


def test_user_is_who_bears_the_users_name_and_is_shown_under_it() -> None:
    call = named((1, FIRST), (2, "And it's Meera."), context=MEERA_ALONE)

    resolved = apply_suggestions(call, [suggest(2, "Meera", "it's Meera", role="USER")], MEERA_ALONE)

    assert described(resolved, 2) == ("USER", "Meera Nair", "MEDIUM", "LLM_INFERENCE")
    assert described(resolved, 1) == NOTHING
    assert call.resolution.warnings == ("speaker_roles_unresolved",)
    assert resolved.resolution == replace(
        call.resolution, used_user_display_name=True, resolved_speaker_count=1, warnings=()
    )


def test_contact_is_shown_under_the_stored_name() -> None:
    call = named((1, FIRST), (2, "And it's Tobias."), context=MEERA_AND_TOBIAS)

    resolved = apply_suggestions(call, [suggest(2, "Tobias", "it's Tobias", role="CONTACT")], MEERA_AND_TOBIAS)

    assert described(resolved, 2) == ("CONTACT", "Tobias Lind", "MEDIUM", "LLM_INFERENCE")
    assert resolved.resolution.used_contact_name is True


@pytest.mark.parametrize(
    ("said", "name", "role"),
    [
        ("And it's Anneke.", "Anneke", "USER"),
        ("And it's Meera.", "Meera", "CONTACT"),
        ("And it's Anneke.", "Anneke", "UNKNOWN"),
        ("And it's Anneke.", "Anneke", None),
        ("And it's Anneke.", "Anneke", "AGENT"),
    ],
)
def test_role_that_the_name_does_not_carry_is_left_alone(said: str, name: str, role: str | None) -> None:
    call = named((1, FIRST), (2, said), context=MEERA_AND_TOBIAS)

    resolved = apply_suggestions(call, [suggest(2, name, said, role=role)], MEERA_AND_TOBIAS)

    assert described(resolved, 2) == ("UNKNOWN", name, "MEDIUM", "LLM_INFERENCE")
    assert resolved.resolution == call.resolution


def test_role_that_is_held_is_not_given_again() -> None:
    lines = ((1, "This is Tobias."), (2, "And it's Anneke."), (3, "Yes, it's Sandra."))
    call = named(*lines, context=MEERA_AND_TOBIAS)
    suggestions = [
        suggest(2, "Anneke", "it's Anneke", role="CONTACT"),
        suggest(3, "Sandra", "it's Sandra", role="CONTACT"),
    ]

    resolved = apply_suggestions(call, suggestions, MEERA_AND_TOBIAS)

    assert [str(speaker.role) for speaker in resolved.speakers] == ["CONTACT", "UNKNOWN", "UNKNOWN"]
    assert resolved.resolution.warnings == ("multi_party_call_not_auto_resolved",)


def test_role_that_two_could_have_is_given_to_neither() -> None:
    call = named((1, "And it's Anneke."), (2, "Yes, it's Sandra."))
    suggestions = [
        suggest(1, "Anneke", "it's Anneke", role="CONTACT"),
        suggest(2, "Sandra", "it's Sandra", role="CONTACT"),
    ]

    resolved = apply_suggestions(call, suggestions, NOBODY)

    assert described(resolved, 1) == ANNEKE
    assert described(resolved, 2) == ("UNKNOWN", "Sandra", "MEDIUM", "LLM_INFERENCE")


def test_name_that_was_told_stays_and_gets_a_role() -> None:
    call = named((1, "This is Nadia from Veritas Labs."), (2, FIRST))

    agreeing = apply_suggestions(call, [suggest(1, "Nadia", "This is Nadia", role="CONTACT")], NOBODY)
    other = named((1, "This is Nadia. I mean, I'm Anneke."), (2, FIRST))
    contradicting = apply_suggestions(other, [suggest(1, "Anneke", "I'm Anneke", role="CONTACT")], NOBODY)

    assert described(agreeing, 1) == ("CONTACT", "Nadia (Veritas Labs)", "MEDIUM", "SELF_INTRODUCTION")
    assert contradicting is other


def test_name_that_is_said_first_wins() -> None:
    call = conversation((1, FIRST), (2, "It's Anneke van Dijk. Well, I'm Eva."))
    suggestions = [
        suggest(2, "Eva", "I'm Eva"),
        suggest(2, "Anneke", "It's Anneke van Dijk"),
        suggest(2, "Anneke van Dijk", "It's Anneke van Dijk", confidence="MEDIUM"),
    ]

    assert apply_suggestions(call, suggestions, NOBODY).speakers[1].display_name == "Anneke van Dijk"


def test_ambiguous_speakers_may_be_named() -> None:
    call = named(
        (1, "Meera said Tobias would, and I'm Eva."), (2, "Tobias and Meera agreed."), context=MEERA_AND_TOBIAS
    )

    resolved = apply_suggestions(call, [suggest(1, "Eva", "I'm Eva")], MEERA_AND_TOBIAS)

    assert described(call, 1) == ("UNKNOWN", None, "LOW", "AMBIGUOUS")
    assert described(resolved, 1) == ("UNKNOWN", "Eva", "MEDIUM", "LLM_INFERENCE")
    assert resolved.resolution == call.resolution


@pytest.mark.parametrize(
    ("lines", "context", "is_wanted"),
    [
        (((1, "This is Meera."), (2, "I see.")), MEERA_AND_TOBIAS, False),
        (((1, "This is Meera."), (2, "I see.")), MEERA_ALONE, True),
        (((1, "This is Meera."), (2, "I see.")), replace(MEERA_ALONE, phone_number="+4930555044"), True),
        (((1, "So it is."), (2, "I see.")), MEERA_AND_TOBIAS, True),
        (((1, "This is Nadia."),), NOBODY, True),
        (((1, "Hi Tobias."),), SpeakerContext(contact_name="Tobias"), False),
    ],
    ids=["resolved", "no name", "phone label", "no role", "name only", "nothing to be touched"],
)
def test_model_is_asked_when_it_could_add_something(
    lines: tuple[Line, ...], context: SpeakerContext, is_wanted: bool
) -> None:
    assert is_naming_wanted(named(*lines, context=context)) is is_wanted


NAMES = ["Anneke", "Eva", "Sandra", "Meera", "Meera Nair", "Tobias", "मीरा"]
SAID = [
    *(f"And it's {name}" for name in NAMES),
    *(f"Oh, {name} calling" for name in NAMES),
    *("I'm Anneke", "Hi Eva", "The name is Meera", "Tobias said so", "So it is", "And it's the caller"),
]


@st.composite
def suggested_talks(draw: st.DrawFn) -> tuple[Transcript, list[NameSuggestion]]:
    """A call in which names are said, and suggestions that mostly quote it."""
    lines = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(SAID)), min_size=1, max_size=6))
    suggestion = st.sampled_from(lines).flatmap(
        lambda line: st.builds(
            suggest,
            st.sampled_from([line[0]] * 5 + [2, 9]),
            st.sampled_from([name for name in NAMES if name in line[1]] * 3 + ["Anneke", "caller"]),
            st.sampled_from([line[1]] * 5 + ["it's", ""]),
            role=st.sampled_from(["USER", "CONTACT", "CONTACT", "UNKNOWN", None, "?"]),
            confidence=st.sampled_from(["HIGH", "MEDIUM", "MEDIUM", "LOW"]),
        )
    )
    return conversation(*lines), draw(st.lists(suggestion, min_size=1, max_size=5))


known = st.sampled_from([NOBODY, MEERA_ALONE, MEERA_AND_TOBIAS, SpeakerContext(phone_number="03055504471")])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(suggested_talks(), known, st.randoms(use_true_random=False))
def test_final_invariants_hold_in_any_order_of_the_suggestions(
    talk: tuple[Transcript, list[NameSuggestion]], context: SpeakerContext, random: Random
) -> None:
    call, suggestions = resolve_speakers(talk[0], context), talk[1]

    resolved = apply_suggestions(call, suggestions, context)

    random.shuffle(suggestions)
    assert apply_suggestions(call, suggestions, context) == resolved
    roles = [speaker.role for speaker in resolved.speakers]
    assert roles.count(SpeakerRole.USER) <= 1
    assert roles.count(SpeakerRole.CONTACT) <= max(
        1, [speaker.role for speaker in call.speakers].count(SpeakerRole.CONTACT)
    )
    assert (resolved.segments, resolved.pipeline) == (call.segments, call.pipeline)
    resolution = resolved.resolution
    assert resolution.resolved_speaker_count == sum(role is not SpeakerRole.UNKNOWN for role in roles)
    assert ("speaker_roles_unresolved" in resolution.warnings) <= (resolution.resolved_speaker_count == 0)
    for before, after in zip(call.speakers, resolved.speakers, strict=True):
        if before.confidence is Confidence.HIGH or after.label_source is not LabelSource.LLM_INFERENCE:
            assert (after.display_name, after.label_source) == (before.display_name, before.label_source)
        else:
            said = " ".join(segment.text for segment in call.segments).casefold()
            assert after.confidence is Confidence.MEDIUM
            assert after.display_name in (context.user_name, context.usable_contact_name) or (
                (after.display_name or "?").casefold() in said
            )
        assert before.role in (SpeakerRole.UNKNOWN, after.role)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(calls, contexts)
def test_without_suggestions_nothing_changes(call: Transcript, context: SpeakerContext) -> None:
    resolved = resolve_speakers(call, context)

    assert apply_suggestions(resolved, [], context) is resolved
