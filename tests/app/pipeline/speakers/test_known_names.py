"""Names of the context, transcript.md 5.1."""

import pytest

from app.pipeline.speakers.context import SpeakerContext
from app.pipeline.speakers.known_names import iter_mentions, known_names, known_names_of
from app.pipeline.speakers.tokens import tokenize


def _mentioned(text: str, *, user: str | None = None, contact: str | None = None) -> list[tuple[str, int]]:
    names = known_names_of(SpeakerContext(user_display_name=user, contact_name=contact))
    return [(str(mention.name.role), mention.end - mention.start) for mention in iter_mentions(names, tokenize(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I spoke to tobias.", [("CONTACT", 1)]),
        ("TOBIAS LIND it is", [("CONTACT", 2)]),
        ("Tobias's car", [("CONTACT", 1)]),
        ("Lind", []),
        ("Tobiasson", []),
        ("Ask Meera or Tobias Lind", [("USER", 1), ("CONTACT", 2)]),
    ],
)
def test_full_and_first_name_match_token_for_token(text: str, found: list[tuple[str, int]]) -> None:
    assert _mentioned(text, user="Meera Nair", contact="Tobias Lind") == found


def test_honorific_of_a_known_name_does_not_count() -> None:
    assert _mentioned("Tell Tobias about it", contact="Mr. Tobias Lind") == [("CONTACT", 1)]


@pytest.mark.parametrize(
    ("contact", "text"),
    [("Ram", "the program"), ("Alice", "alicia"), ("A Kumar", "a cup"), ("The Plumber", "the cup"), ("Sir", "yes sir")],
)
def test_what_is_no_name_does_not_match(contact: str, text: str) -> None:
    assert _mentioned(text, contact=contact) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("I will call", False),
        ("So Will said no", True),
        ("Will you call?", False),
        ("Will, can you call?", True),
        ("Will", True),
        ("Thanks, will turner", True),
    ],
)
def test_common_word_matches_only_as_a_name(text: str, is_found: bool) -> None:
    assert bool(_mentioned(text, contact="Will Turner")) is is_found


@pytest.mark.parametrize(
    ("user", "contact", "text", "found"),
    [
        ("Tobias Lind", "Tobias Berg", "Hi Tobias", []),
        ("Tobias Lind", "Tobias Berg", "Hi Tobias Berg", [("CONTACT", 2)]),
        ("Tobias Lind", "Tobias", "Hi Tobias", []),
        ("Tobias Lind", "tobias LIND", "Hi Tobias Lind", []),
    ],
)
def test_shared_first_name_tells_nobody(user: str, contact: str, text: str, found: list[tuple[str, int]]) -> None:
    assert _mentioned(text, user=user, contact=contact) == found


@pytest.mark.parametrize(
    ("contact", "usable"),
    [
        ("Tobias 491711234567", "Tobias"),
        ("03055504471", None),
        ("+49 30 5550-4471", None),
        ("Mum +49 (30) 5550-4471", "Mum"),
        ("Flat 12", "Flat 12"),
        ("  ", None),
        ("☎ 12345", None),
        (None, None),
    ],
)
def test_number_saved_as_a_name_is_not_usable(contact: str | None, usable: str | None) -> None:
    assert SpeakerContext(contact_name=contact).usable_contact_name == usable


@pytest.mark.parametrize(
    ("context", "names"),
    [
        (
            SpeakerContext(user_display_name=" Meera  Nair ", contact_name="Tobias 49301234567"),
            ("Meera Nair", "Tobias"),
        ),
        (SpeakerContext(contact_name="The Plumber"), ()),
        (SpeakerContext(user_display_name="Will Turner"), ("Will Turner",)),
        (SpeakerContext(), ()),
    ],
)
def test_names_for_case_restoration(context: SpeakerContext, names: tuple[str, ...]) -> None:
    assert known_names(context) == names
