"""Rule 4, transcript.md 5.5."""

import pytest

from app.pipeline.speakers.resolve import resolve_speakers
from tests.app.pipeline.speakers.conversations import MEERA_AND_TOBIAS, NOTHING, conversation, described

USER = ("USER", "Meera Nair", "MEDIUM", "NAME_MENTION")
CONTACT = ("CONTACT", "Tobias Lind", "MEDIUM", "NAME_MENTION")
OTHER_USER = ("USER", "Meera Nair", "MEDIUM", "BY_ELIMINATION")
OTHER_CONTACT = ("CONTACT", "Tobias Lind", "MEDIUM", "BY_ELIMINATION")
AMBIGUOUS = ("UNKNOWN", None, "LOW", "AMBIGUOUS")

Described = tuple[str, str | None, str, str]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("As I told you, Tobias, it is closed", "That is a pity", (USER, OTHER_CONTACT)),
        ("Meera, can you do it?", "Tobias, I already did", (CONTACT, USER)),
        ("Meera said Tobias would come", "but Tobias and Meera agreed", (AMBIGUOUS, AMBIGUOUS)),
        ("Meera, can you do it?", "I can", (CONTACT, OTHER_USER)),
        ("Both Meera and Tobias know", "I know", (NOTHING, NOTHING)),
        ("Tobias again", "Which Tobias do you mean", (NOTHING, NOTHING)),
        ("Tobias, you know Meera", "Meera knows it", (USER, OTHER_CONTACT)),
        ("Nobody is named", "by nobody", (NOTHING, NOTHING)),
    ],
    ids=["contact", "both", "ambiguous", "user", "contradiction", "one-name-by-both", "user-by-both", "none"],
)
def test_who_mentions_whom(first: str, second: str, expected: tuple[Described, Described]) -> None:
    resolved = resolve_speakers(conversation((1, first), (2, second)), MEERA_AND_TOBIAS)

    assert (described(resolved, 1), described(resolved, 2)) == expected


def test_ambiguous_call_is_not_decided_by_the_answering_pattern() -> None:
    call = conversation((1, "Hello?"), (2, "I meant Meera and Tobias"), (1, "Yes, Meera and Tobias"))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == AMBIGUOUS
    assert resolved.resolution.warnings == ("speaker_identity_ambiguous", "speaker_roles_unresolved")


def test_contradiction_may_be_decided_later() -> None:
    call = conversation((1, "Hello?"), (2, "It is about Meera and Tobias"))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == ("CONTACT", "Tobias Lind", "MEDIUM", "ANSWERING_PATTERN")


def test_own_name_in_an_introduction_is_no_mention() -> None:
    call = conversation((1, "This is Nadia calling for Meera."), (2, "Oh, I see."))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert described(resolved, 1) == ("CONTACT", "Nadia", "MEDIUM", "SELF_INTRODUCTION")
    assert described(resolved, 2) == ("USER", "Meera Nair", "MEDIUM", "BY_ELIMINATION")


def test_mentions_decide_nothing_among_three() -> None:
    call = conversation((1, "Tobias knows it well"), (2, "So do I know"), (3, "And so do I"))

    resolved = resolve_speakers(call, MEERA_AND_TOBIAS)

    assert resolved.resolution.resolved_speaker_count == 0
    assert resolved.resolution.warnings == ("multi_party_call_not_auto_resolved",)


@pytest.mark.parametrize(
    ("text", "is_mention"),
    [
        ("Violence is Tobias hi I am calling", False),
        ("So that is Tobias", False),
        ("Is Tobias there?", False),
        ("Hello is Tobias there", False),
        ("Where is Tobias?", False),
        ("What it is, Tobias, I do not know", True),
    ],
)
def test_misheard_introduction_is_no_mention(text: str, is_mention: bool) -> None:
    resolved = resolve_speakers(conversation((1, text), (2, "I see that")), MEERA_AND_TOBIAS)

    assert described(resolved, 1) == (USER if is_mention else NOTHING)
