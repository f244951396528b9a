"""What a user may write into a contact, and the checks on it. An upload can make one, so its limits hold here, too.

Source: rest.md, sections 1.1, 3.4 and 5.
"""

from dataclasses import dataclass

from app.errors import FieldProblem, ValidationFailedError
from app.text import MAX_NOTES_CHARS, find_email_problem, find_text_problem
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
    fields = ContactFields(
        name=given.name.strip(),
        phone_number=_trim(given.phone_number),
        email=_trim(given.email),
        notes=_trim(given.notes),
    )
    found = {
        "name": find_text_problem(fields.name, MAX_CONTACT_NAME) if fields.name else "must not be blank",
        "phoneNumber": fields.phone_number and find_text_problem(fields.phone_number, MAX_PHONE_NUMBER),
        "email": fields.email and find_email_problem(fields.email),
        "notes": fields.notes and find_text_problem(fields.notes, MAX_NOTES_CHARS),
    }
    problems = [FieldProblem(prefix + name, problem) for name, problem in found.items() if problem]
    if problems:
        raise ValidationFailedError(problems)
    return fields


def _trim(text: str | None) -> str | None:
    return None if text is None else text.strip() or None
