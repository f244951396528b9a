"""What a user may write into an action item. Source: rest.md, sections 3.5, 3.6 and 5."""

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Self

from app.actions.models import ActionPriority, ActionStatus
from app.text import MAX_ACTION_DESCRIPTION_CHARS, MAX_ACTION_TITLE_CHARS, TextReader


@dataclass(frozen=True, slots=True)
class ActionContent:
    """The members of an action item that can be edited; None means empty."""

    title: str
    description: str | None
    due_date: date | None
    priority: ActionPriority | None
    status: ActionStatus

    def checked(self) -> Self:
        """The same with trimmed texts; a blank description is None.

        Raises:
            ValidationFailedError: a text is too long or holds a forbidden character, or the title is blank.
        """
        texts = TextReader()
        title = texts.read("title", self.title, MAX_ACTION_TITLE_CHARS, min_chars=1)
        description = texts.read("description", self.description, MAX_ACTION_DESCRIPTION_CHARS)
        texts.check()
        return dataclasses.replace(self, title=title, description=description or None)
