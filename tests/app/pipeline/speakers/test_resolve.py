"""Rules 8 and 9, the resolution of section 6 and whole calls."""

from dataclasses import replace

import pytest

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.resolve import resolve_speakers
from app.pipeline.transcript import SpeakerResolution, Transcript
from tests.app.pipeline.speakers.conversations import MEERA_ALONE, MEERA_AND_TOBIAS, NOTHING, conversation, described

PRICING = conversation(
    (1, "Hello, this is Alice from the sales team.", 0.3),
    (2, "Hi Alice, this is Robert. I am calling about the price of the new contract.", 3.68),
    (1, "Yes, I remember. I will send you the revised price by Friday.", 9.38),
    (2, "That is great. Can you also schedule a meeting with my manager next Tuesday at ten in the morning?", 14.34),
    (1, "Sure. I will send a calendar invite today. Is there anything else?", 20.75),
    (2, "We are worried about the delivery date. The last order was late and that was a problem for us.", 25.58),
    (1, "I understand and I am sorry about that. I will call the warehouse and give you an answer tomorrow.", 31.58),
    (2, "Thank you Alice. I am happy with that. Goodbye.", 38.06),
)
SUPPORT = conversation(
    (1, "Good morning, customer support, how can I help you?", 0.3),
    (
        2,
        "Hello, my name is Susan. My internet connection has been down since Monday and nobody has called me back.",
        4.17,
    ),
    (
        1,
        "I am very sorry to hear that Susan. Let me look at your account. Can you tell me the last four numbers of "
        "your account?",
        11.27,
    ),
    (2, "It is one two three four. I am really angry about this. I work from home and I lost two days.", 18.74),
    (
        1,
        "I understand. I can see the fault on the line. An engineer will visit your house on Thursday between nine and "
        "twelve.",
        24.97,
    ),
    (2, "Fine. But I want a refund for the days that I could not use the service.", 32.25),
    (
        1,
        "I will ask my manager for a refund of thirty dollars and I will send you an email this afternoon.",
        36.36,
    ),
    (2, "Thank you, that sounds fair. Please make sure that the engineer calls me before he arrives.", 42.09),
    (1, "Of course. I will put a note on the order. Have a good day.", 47.74),
)
VOICEMAIL = conversation(
    (1, "Hello, this is David from the garage. Your car is ready.", 0.3),
    (1, "Please come before six this evening and remember to bring the second key. Thank you.", 4.45),
)


def _names(transcript: Transcript) -> list[str | None]:
    return [speaker.display_name for speaker in transcript.speakers]


def test_pricing_call_with_both_names_known() -> None:
    resolved = resolve_speakers(PRICING, SpeakerContext(user_display_name="Alice", contact_name="Robert"))

    assert described(resolved, 1) == ("USER", "Alice", "HIGH", "SELF_INTRODUCTION")
    assert described(resolved, 2) == ("CONTACT", "Robert", "HIGH", "SELF_INTRODUCTION")
    assert resolved.resolution == SpeakerResolution(
        used_user_display_name=True, used_contact_name=True, total_speaker_count=2, resolved_speaker_count=2
    )


def test_support_call_with_the_contact_known() -> None:
    resolved = resolve_speakers(SUPPORT, SpeakerContext(contact_name="Susan"))

    assert described(resolved, 1) == ("USER", None, "MEDIUM", "BY_ELIMINATION")
    assert described(resolved, 2) == ("CONTACT", "Susan", "HIGH", "SELF_INTRODUCTION")
    assert resolved.resolution == SpeakerResolution(
        used_contact_name=True, total_speaker_count=2, resolved_speaker_count=2
    )


@pytest.mark.parametrize(
    ("call", "names", "warnings"),
    [
        (PRICING, ["Alice", "Robert"], ("speaker_roles_unresolved",)),
        (SUPPORT, [None, "Susan"], ("speaker_roles_unresolved",)),
        (VOICEMAIL, ["David"], ("speaker_roles_unresolved", "single_speaker_detected")),
    ],
    ids=["pricing", "support", "voicemail"],
)
def test_without_metadata_only_names_that_were_introduced_appear(
    call: Transcript, names: list[str | None], warnings: tuple[str, ...]
) -> None:
    resolved = resolve_speakers(call, SpeakerContext())

    assert _names(resolved) == names
    assert {str(speaker.role) for speaker in resolved.speakers} == {"UNKNOWN"}
    assert resolved.resolution.warnings == warnings


def test_voicemail_for_a_known_user_is_from_the_contact() -> None:
    resolved = resolve_speakers(VOICEMAIL, SpeakerContext(user_display_name="Meera", phone_number="+49 30 55504471"))

    assert described(resolved, 1) == ("CONTACT", "David", "MEDIUM", "SELF_INTRODUCTION")
    assert resolved.resolution.warnings == ("single_speaker_detected",)


def test_example_of_the_schema() -> None:
    call = conversation(
        (1, "Hello?", 0.42),
        (2, "Hi Tobias, this is Meera from the clinic. Do you have two minutes?", 1.35),
        (1, "Sure. Is it about Thursday?", 6.3),
        (2, "It is. We need to move it to half past four.", 9.4),
    )

    resolved = resolve_speakers(call, replace(MEERA_AND_TOBIAS, direction="OUTGOING"))

    assert described(resolved, 1) == ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")
    assert described(resolved, 2) == ("USER", "Meera Nair", "HIGH", "SELF_INTRODUCTION")
    assert resolved.resolution == SpeakerResolution(
        used_user_display_name=True, used_contact_name=True, total_speaker_count=2, resolved_speaker_count=2
    )


def test_announcement_of_one_speaker_is_unresolved() -> None:
    resolved = resolve_speakers(conversation((1, "Please leave a message after the tone.")), MEERA_AND_TOBIAS)

    assert described(resolved, 1) == NOTHING
    assert resolved.resolution.warnings == ("speaker_roles_unresolved", "single_speaker_detected")


def test_message_that_greets_the_user_is_from_the_contact() -> None:
    call = conversation((1, "Hi Meera, it's the workshop, your car is ready."))

    resolved = resolve_speakers(call, MEERA_ALONE)

    assert described(resolved, 1) == ("CONTACT", None, "HIGH", "GREETING_MATCH")
    assert resolved.resolution.warnings == ("single_speaker_detected",)


@pytest.mark.parametrize(
    ("contact_name", "phone", "name", "source"),
    [
        (None, "+49 30 5550-4471", "Contact ending 4471", "PHONE_FALLBACK"),
        ("03055504471", "+49 30 5550-4471", "Contact ending 4471", "PHONE_FALLBACK"),
        ("03055504471", None, None, "BY_ELIMINATION"),
        (None, "112", None, "BY_ELIMINATION"),
        ("Tobias Lind", "+49 30 5550-4471", "Tobias Lind", "BY_ELIMINATION"),
    ],
)
def test_phone_label_of_a_contact_without_name(
    contact_name: str | None, phone: str | None, name: str | None, source: str
) -> None:
    context = replace(MEERA_ALONE, contact_name=contact_name, phone_number=phone)

    resolved = resolve_speakers(conversation((1, "This is Meera."), (2, "I see.")), context)

    assert described(resolved, 2) == ("CONTACT", name, "MEDIUM", source)
    assert resolved.resolution.used_phone_fallback is (source == "PHONE_FALLBACK")


def test_phone_label_needs_a_contact() -> None:
    call = conversation((1, "Nothing here tells."), (2, "Nor here indeed."))

    resolved = resolve_speakers(call, SpeakerContext(phone_number="+49 30 5550-4471"))

    assert _names(resolved) == [None, None]
    assert resolved.resolution.used_phone_fallback is False


def test_call_of_nobody_is_unresolved() -> None:
    resolved = resolve_speakers(conversation((1, "Hi Tobias"), unattributed=1), MEERA_AND_TOBIAS)

    assert resolved.resolution == SpeakerResolution(warnings=("speaker_roles_unresolved",))
