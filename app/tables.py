"""Imports every entity, so that `SQLModel.metadata` is complete for migrations and for the drift test."""

from app.actions import models as actions
from app.analysis import models as analysis
from app.calls import models as calls
from app.contacts import models as contacts
from app.idempotency import models as idempotency
from app.pipeline import models as pipeline
from app.users import models as users
from app.voice import models as voice

__all__ = ["actions", "analysis", "calls", "contacts", "idempotency", "pipeline", "users", "voice"]
