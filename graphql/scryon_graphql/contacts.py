"""Contacts. This version only reads them, as a field of a call. Source: rest.md, section 3.4."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from app.contacts import models


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
