"""Contacts. Source: rest.md, section 3.4."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from app.errors import ContactNotFoundError
from app.text import MAX_NOTES_CHARS
from app.uploads.metadata import MAX_CONTACT_NAME, MAX_PHONE_NUMBER
from rest.caller import Changing, SignedIn
from rest.documentation import Documentation, documented
from rest.endpoint import Endpoint
from rest.inputs import EmailText, Input, Text

router = APIRouter(prefix="/api/contacts", route_class=Endpoint)


class ContactBody(Input):
    """All that a contact holds; of an optional text, missing, null and blank mean that there is none."""

    name: Annotated[str, Text(MAX_CONTACT_NAME, 1)] = Field(description="Need not be unique.")
    phoneNumber: Annotated[str, Text(MAX_PHONE_NUMBER)] | None = Field(None, description="In any form.")
    email: Annotated[str, EmailText()] | None = Field(None, description="One `@` with text on both sides.")
    notes: Annotated[str, Text(MAX_NOTES_CHARS)] | None = Field(None, description="The user's notes.")


@router.get("")
@documented(Documentation("listContacts", answers=("ListContacts",)))
async def list_contacts(caller: SignedIn) -> Response:
    """List contacts by name, ignoring case: an array of at most 5000."""
    return await caller.answer("ListContacts", {})


@router.post("")
@documented(
    Documentation(
        "createContact",
        status=201,
        answers=("CreateContact",),
        body=ContactBody,
        location=True,
        changes=True,
    )
)
async def create_contact(caller: Changing) -> Response:
    """Add a contact, another one of the same name too."""
    body = await caller.read_json(ContactBody)
    return await caller.change(
        "CreateContact",
        {"input": body.model_dump()},
        status=201,
        locate=lambda contact: f"/api/contacts/{contact['id']}",
    )


@router.get("/{id}")
@documented(Documentation("getContact", answers=("GetContact",), errors=(ContactNotFoundError,)))
async def get_contact(id: str, caller: SignedIn) -> Response:
    """Show one contact."""
    return await caller.answer("GetContact", {"id": id})


@router.put("/{id}")
@documented(
    Documentation(
        "replaceContact",
        answers=("ReplaceContact",),
        body=ContactBody,
        errors=(ContactNotFoundError,),
        changes=True,
    )
)
async def replace_contact(id: str, caller: Changing) -> Response:
    """Write everything that a contact holds anew; what is left out is cleared."""
    body = await caller.read_json(ContactBody)
    return await caller.change("ReplaceContact", {"id": id, "input": body.model_dump()})


@router.delete("/{id}")
@documented(Documentation("deleteContact", status=204, errors=(ContactNotFoundError,), changes=True))
async def delete_contact(id: str, caller: Changing) -> Response:
    """Delete a contact; its calls and their action items stay, without it."""
    return await caller.change("DeleteContact", {"id": id}, status=204)
