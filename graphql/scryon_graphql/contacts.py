"""Contacts: the type, queries, mutations. Source: rest.md, section 3.4."""

# Strawberry types its decorators as Any.
# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from app.contacts import models
from app.contacts import queries as contact_queries
from app.contacts import service as contacts
from app.contacts.fields import ContactFields, check_fields
from app.errors import ContactNotFoundError
from scryon_graphql.context import Context
from scryon_graphql.effects import apply_once, delete_once
from scryon_graphql.ids import require_id
from scryon_graphql.limits import MAX_CONTACTS


@strawberry.type(description="Somebody in the user's own address book.")
class Contact:
    id: UUID = strawberry.field(description="Id of the contact.")
    name: str = strawberry.field(description="Not unique.")
    phone_number: str | None = strawberry.field(description="As entered.")
    email: str | None = strawberry.field(description="As entered.")
    notes: str | None = strawberry.field(description="The user's notes.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def from_row(cls, row: models.Contact) -> Self:
        return cls(
            id=row.id,
            name=row.name,
            phone_number=row.phone_number,
            email=row.email,
            notes=row.notes,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.input(description="All that a contact holds; of an optional text, null and blank mean that there is none.")
class ContactInput:
    name: str = strawberry.field(description="1 to 200 characters; need not be unique.")
    phone_number: str | None = strawberry.field(default=None, description="At most 64 characters.")
    email: str | None = strawberry.field(
        default=None, description="At most 320 characters, with one `@` and text on both sides of it."
    )
    notes: str | None = strawberry.field(default=None, description="At most 20000 characters.")

    def check(self) -> ContactFields:
        """Raises ValidationFailedError with all problems."""
        return check_fields(ContactFields(self.name, self.phone_number, self.email, self.notes), prefix="input.")


ContactId = Annotated[strawberry.ID, strawberry.argument(description="Id of the contact.")]


@strawberry.type
class ContactQuery:
    @strawberry.field(description="The user's contacts by name, ignoring case; at most 5000.")
    async def contacts(self, info: strawberry.Info[Context]) -> list[Contact]:
        async with info.context.resources.database.read() as session:
            rows = await contact_queries.list_contacts(session, info.context.user_id, limit=MAX_CONTACTS)
        return [Contact.from_row(row) for row in rows]

    @strawberry.field(description="One contact. Errors: `contact_not_found`, for a malformed id too.")
    async def contact(self, info: strawberry.Info[Context], id: ContactId) -> Contact:
        contact_id = require_id(id, ContactNotFoundError)
        async with info.context.resources.database.read() as session:
            row = await contacts.get_contact(session, info.context.user_id, contact_id)
        return Contact.from_row(row)


@strawberry.type
class ContactMutation:
    @strawberry.mutation(description="Add a contact, another one of the same name too. Errors: `validation_failed`.")
    async def create_contact(
        self,
        info: strawberry.Info[Context],
        input: Annotated[ContactInput, strawberry.argument(description="What it holds.")],
    ) -> Contact:
        fields = input.check()
        user_id = info.context.user_id
        row = await apply_once(
            info.context,
            lambda session: contacts.create_contact(session, user_id, fields),
            lambda session, row_id: contacts.get_contact(session, user_id, row_id),
        )
        return Contact.from_row(row)

    @strawberry.mutation(
        description="Write everything that a contact holds anew; what is left out is cleared. "
        "Errors: `validation_failed`, `contact_not_found`."
    )
    async def replace_contact(
        self,
        info: strawberry.Info[Context],
        id: ContactId,
        input: Annotated[ContactInput, strawberry.argument(description="What it holds from now on.")],
    ) -> Contact:
        fields = input.check()
        contact_id = require_id(id, ContactNotFoundError)
        user_id = info.context.user_id
        row = await apply_once(
            info.context,
            lambda session: contacts.replace_contact(session, user_id, contact_id, fields),
            lambda session, row_id: contacts.get_contact(session, user_id, row_id),
        )
        return Contact.from_row(row)

    @strawberry.mutation(
        description="Delete a contact; its calls and their action items stay, without it. Answers its id. "
        "Errors: `contact_not_found`."
    )
    async def delete_contact(self, info: strawberry.Info[Context], id: ContactId) -> UUID:
        contact_id = require_id(id, ContactNotFoundError)
        user_id = info.context.user_id
        return await delete_once(
            info.context, contact_id, lambda session: contacts.delete_contact(session, user_id, contact_id)
        )
