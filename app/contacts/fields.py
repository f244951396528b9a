"""What a user may write into a contact, and the checks on it. An upload can make one, so its limits hold here, too.

Source: rest.md, sections 1.1, 3.4 and 5.
"""

from dataclasses import dataclass

from app.text import MAX_NOTES_CHARS, TextReader
from app.uploads.metadata import MAX_CONTACT_NAME, MAX_PHONE_NUMBER


@dataclass(frozen=True, slots=True)
class ContactFields:
    """All that a user writes into a contact; None means that there is no such text."""

    name: str
    phone_number: str | None = None
    email: str | None = None
    notes: str | None = None


def check_fields(given: ContactFields, *, prefix: str) -> ContactFields:
    """Trim the texts; optional ones that are blank become None.

    `prefix` precedes the field names in problems: `input.` for GraphQL.

    Raises:
        ValidationFailedError: lists everything that is wrong.
    """
    texts = TextReader()
    fields = ContactFields(
        name=texts.read(f"{prefix}name", given.name, MAX_CONTACT_NAME, min_chars=1),
        phone_number=texts.read(f"{prefix}phoneNumber", given.phone_number, MAX_PHONE_NUMBER) or None,
        email=texts.read_email(f"{prefix}email", given.email) or None,
        notes=texts.read(f"{prefix}notes", given.notes, MAX_NOTES_CHARS) or None,
    )
    texts.check()
    return fields
