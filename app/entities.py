"""What every entity shares: server-made UUID keys and UTC times.

Source: pipeline.md, section 17.
"""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, func
from sqlmodel import Field, SQLModel

UTC_TIME = DateTime(timezone=True)


class Entity(SQLModel):
    """Base of all rows with a UUID key and a creation time, which the database sets."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    created_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now()}, nullable=False
    )


class MutableEntity(Entity):
    """Base of rows that change; whoever changes one sets `updated_at`."""

    updated_at: datetime = Field(
        default=None, sa_type=UTC_TIME, sa_column_kwargs={"server_default": func.now()}, nullable=False
    )
