"""Alembic's entry point: runs the migrations on the connection that `app.db.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import app.tables  # noqa: F401  (registers every entity on SQLModel.metadata)

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
