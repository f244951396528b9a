"""The user's own address book. Source: pipeline.md, section 17."""

from uuid import UUID

from sqlmodel import Field

from app.entities import MutableEntity


class Contact(MutableEntity, table=True):
    """Somebody the user talks to; names are not unique."""

    __tablename__ = "contacts"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    name: str
    phone_number: str | None = None
    email: str | None = None
    notes: str | None = None
