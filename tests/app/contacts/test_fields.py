"""What may be written into a contact. Source: rest.md, sections 1.1, 3.4 and 5."""

import pytest

from app.contacts.fields import ContactFields, check_fields
from app.errors import ValidationFailedError

FULL = ContactFields("Petra Vogt", "+43 1 5550 662", "petra@vogt-prints.example", "Orders flyers in March.")


def problems_of(given: ContactFields) -> dict[str, str]:
    with pytest.raises(ValidationFailedError) as caught:
        check_fields(given, prefix="input.")
    return {problem["field"]: problem["message"] for problem in caught.value.details["fields"]}


def test_texts_are_trimmed() -> None:
    padded = ContactFields(
        "\u00a0Petra Vogt ", " +43 1 5550 662\t", "\npetra@vogt-prints.example", " Orders flyers in March. "
    )

    assert check_fields(padded, prefix="") == FULL


@pytest.mark.parametrize("blank", [None, "", " \u2003\n"])
def test_blank_optional_texts_are_none(blank: str | None) -> None:
    assert check_fields(ContactFields("P", blank, blank, blank), prefix="") == ContactFields("P", None, None, None)


def test_texts_of_exactly_the_limit_pass() -> None:
    longest = ContactFields("🎧" * 200, "1" * 64, "x" * 318 + "@y", "🎧" * 20_000)

    assert check_fields(longest, prefix="") == longest


def test_all_problems_are_listed() -> None:
    given = ContactFields("x" * 201, "1" * 65, "x" * 319 + "@y", "x" * 20_001)

    assert problems_of(given) == {
        "input.name": "must have at most 200 characters",
        "input.phoneNumber": "must have at most 64 characters",
        "input.email": "must have at most 320 characters",
        "input.notes": "must have at most 20000 characters",
    }


@pytest.mark.parametrize("name", ["", "  ", "\u00a0"])
def test_name_must_say_something(name: str) -> None:
    assert problems_of(ContactFields(name)) == {"input.name": "must not be blank"}


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "a\ud800b"])
def test_forbidden_characters_are_found_everywhere(text: str) -> None:
    found = problems_of(ContactFields(text, text, f"{text}@y", text))

    assert set(found) == {"input.name", "input.phoneNumber", "input.email", "input.notes"}
    assert set(found.values()) == {"must not contain NUL or a lone surrogate"}


@pytest.mark.parametrize("email", ["x", "@", "@y", "x@", "  @y", "x@ ", "x@y@z", "x@@y"])
def test_address_needs_one_at_sign_inside(email: str) -> None:
    assert problems_of(ContactFields("P", email=email)) == {"input.email": "must hold one @ with text on both sides"}


@pytest.mark.parametrize("email", ["x@y", "a b@c d", "x @ y", "ü@ä.example"])
def test_no_more_is_asked_of_an_address(email: str) -> None:
    assert check_fields(ContactFields("P", email=email), prefix="").email == email
